import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  streamEncode,
  TRUNCATED_RESPONSE,
  type Answer,
  type Packet,
} from 'dns-packet';

export interface DnsReply {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED';
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly isAuthoritative: boolean;
}

/** Answers one question; `client` is a number that stays the same for one address and port. */
export type DnsHandler = (name: string, type: string, client: number) => DnsReply;

/** Response codes, RFC 1035 §4.1.1. */
const RCODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const CLASSIC_UDP_BYTES = 512;

/** DNS on one address and port, over UDP and TCP. */
export class DnsSocket {
  readonly #handler: DnsHandler;
  readonly #udp: Socket = createSocket('udp4');
  readonly #tcp: Server;
  readonly #connections = new Set<TcpSocket>();

  constructor(handler: DnsHandler) {
    this.#handler = handler;
    this.#udp.on('message', (message, from) => {
      const reply = this.#answer(message, clientNumber(from.address, from.port));
      if (reply !== undefined) this.#udp.send(reply.datagram, from.port, from.address);
    });
    this.#tcp = createServer((connection) => this.#serve(connection));
  }

  /** Binds both; port 0 chooses one that is free for both. Returns the port. */
  async bind(address: string, port: number): Promise<number> {
    const bound = await listen(this.#tcp, address, port);
    await new Promise<void>((resolve, reject) => {
      this.#udp.once('error', reject);
      this.#udp.bind(bound, address, () => {
        this.#udp.removeListener('error', reject);
        // A client that has gone away is no concern of the server's.
        this.#udp.on('error', () => undefined);
        resolve();
      });
    });
    return bound;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([
      new Promise<void>((resolve) => {
        try {
          this.#udp.close(() => resolve());
        } catch {
          resolve(); // never bound, or closed before
        }
      }),
      new Promise<void>((resolve) => this.#tcp.close(() => resolve())),
    ]);
  }

  #serve(connection: TcpSocket): void {
    this.#connections.add(connection);
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('error', () => connection.destroy());
    let received = Buffer.alloc(0);
    connection.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      // RFC 1035 §4.2.2: two bytes of length before each message.
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const size = received.readUInt16BE(0);
        const reply = this.#answer(
          received.subarray(2, 2 + size),
          clientNumber(connection.remoteAddress ?? '', connection.remotePort ?? 0),
        );
        received = received.subarray(2 + size);
        if (reply !== undefined) connection.write(streamEncode(reply.packet));
      }
    });
  }

  #answer(message: Buffer, client: number): { packet: Packet; datagram: Buffer } | undefined {
    let query: Packet;
    try {
      query = decode(message);
    } catch {
      return undefined; // not DNS
    }
    const [question] = query.questions ?? [];
    if (query.type !== 'query' || question === undefined) return undefined;
    const reply = this.#handler(question.name.toLowerCase().replace(/\.$/, ''), question.type, client);
    const edns = (query.additionals ?? []).find((record) => record.type === 'OPT');
    const flags =
      RCODES[reply.rcode] |
      ((query.flags ?? 0) & RECURSION_DESIRED) |
      (reply.isAuthoritative ? AUTHORITATIVE_ANSWER : RECURSION_AVAILABLE);
    const packet: Packet = {
      type: 'response',
      ...(query.id === undefined ? {} : { id: query.id }),
      flags,
      questions: [question],
      answers: [...reply.answers],
      authorities: [...reply.authorities],
      additionals: edns === undefined ? [] : [edns],
    };
    const whole = encode(packet);
    const most = edns?.type === 'OPT' ? Math.max(CLASSIC_UDP_BYTES, edns.udpPayloadSize) : CLASSIC_UDP_BYTES;
    if (whole.length <= most) return { packet, datagram: whole };
    const cut = encode({ ...packet, flags: flags | TRUNCATED_RESPONSE, answers: [], authorities: [] });
    return { packet, datagram: cut };
  }
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, exclusive: true }, () => {
      server.removeListener('error', reject);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

function clientNumber(address: string, port: number): number {
  return port + address.split('.').reduce((sum, part) => sum * 7 + Number(part), 0);
}
