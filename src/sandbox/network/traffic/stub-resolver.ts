import { createSocket, type Socket } from 'node:dgram';
import { decode, encode, RECURSION_DESIRED, type Packet } from 'dns-packet';
import type { Clock } from '../../../time/clock.ts';

/** Real milliseconds until a question is asked again, and how often. */
const RETRY_MS = 800;
const ATTEMPTS = 4;

export class NameNotResolved extends Error {
  readonly code = 'EDNS';
}

interface Known {
  readonly addresses: readonly string[];
  readonly freshUntil: number;
}

interface Waiting {
  readonly resolve: (packet: Packet) => void;
  readonly timer: NodeJS.Timeout;
}

export interface StubResolverOptions {
  /** `127.0.0.1:PORT` of the recursive resolver. */
  readonly server: string;
  /** Simulated time: TTLs are counted in it. */
  readonly clock: Clock;
  /** A client that keeps answers this many times as long as it may (1 = honest). */
  readonly ttlFactor: number;
}

/** One client's view of the DNS: asks over UDP from a port of its own and keeps answers for their TTL. */
export class StubResolver {
  readonly #options: StubResolverOptions;
  readonly #known = new Map<string, Known>();
  readonly #underWay = new Map<string, Promise<readonly string[]>>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #socket: Socket = createSocket('udp4');
  #nextId = 1;

  constructor(options: StubResolverOptions) {
    this.#options = options;
    this.#socket.unref();
    this.#socket.on('error', () => undefined); // an answer that does not come is what retries are for
    this.#socket.on('message', (message) => {
      const packet = decode(message);
      const waiting = this.#waiting.get(packet.id ?? -1);
      if (waiting === undefined) return;
      this.#waiting.delete(packet.id ?? -1);
      clearTimeout(waiting.timer);
      waiting.resolve(packet);
    });
  }

  /** IPv4 addresses of a name. @throws {NameNotResolved} when it has none. */
  async addresses(host: string): Promise<readonly string[]> {
    const known = this.#known.get(host);
    if (known !== undefined && this.#options.clock.now() < known.freshUntil) return known.addresses;
    const asked = this.#underWay.get(host) ?? this.#ask(host);
    this.#underWay.set(host, asked);
    try {
      return await asked;
    } finally {
      this.#underWay.delete(host);
    }
  }

  close(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#socket.close();
  }

  async #ask(host: string): Promise<readonly string[]> {
    const askedAt = this.#options.clock.now();
    const answers = (await this.#query(host)).answers ?? [];
    const addresses = answers.flatMap((answer) => (answer.type === 'A' ? [answer.data] : []));
    if (addresses.length === 0) throw new NameNotResolved(`no address for ${host}`);
    const ttlSeconds = Math.min(...answers.map((answer) => ('ttl' in answer ? (answer.ttl ?? 0) : 0)));
    const freshUntil = askedAt + 1000 * ttlSeconds * this.#options.ttlFactor;
    this.#known.set(host, { addresses, freshUntil });
    return addresses;
  }

  async #query(name: string): Promise<Packet> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const reply = await this.#exchange(name);
      if (reply !== undefined) return reply;
    }
    throw new NameNotResolved(`no answer from the resolver for ${name}`);
  }

  #exchange(name: string): Promise<Packet | undefined> {
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 65_535) + 1;
    const query = encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type: 'A', name }] });
    const [address, port] = this.#options.server.split(':');
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        resolve(undefined);
      }, RETRY_MS);
      this.#waiting.set(id, { resolve, timer });
      this.#socket.send(query, Number(port), address);
    });
  }
}
