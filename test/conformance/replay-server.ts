import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { WebSocketServer, type WebSocket } from 'ws';
import { differences, type ReceivedRequest } from './compare-request.ts';
import type { SocketEvent, Transcript } from './transcript.ts';

/** An answer to a request that is not the recorded one, but belongs to what the client does around it. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `GET /system` → answers, given one after the other, the last one again and again. */
export type Surroundings = Readonly<Record<string, readonly Answer[]>>;

export interface Replay {
  readonly url: string;
  /** How often a request has come that equals the recorded one. */
  readonly equal: () => number;
  /** Resolves when the first request has come that got the recorded answer. */
  readonly hit: Promise<void>;
  /** Everything that was not as recorded. */
  readonly problems: readonly string[];
  /** `METHOD path?query` of every request, in order. */
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

/** A server that knows one recorded exchange, and answers nothing but it and its surroundings. */
export async function replay(transcript: Transcript, surroundings: Surroundings): Promise<Replay> {
  const problems: string[] = [];
  const requests: string[] = [];
  const asked = new Map<string, number>();
  let equal = 0;
  let tellHit: () => void = () => undefined;
  const hit = new Promise<void>((resolve) => (tellHit = resolve));
  const { request } = transcript;

  const answerFor = (key: string): Answer | undefined => {
    const answers = surroundings[key];
    const number = asked.get(key) ?? 0;
    asked.set(key, number + 1);
    return answers?.[Math.min(number, answers.length - 1)];
  };
  const isRecorded = (received: ReceivedRequest, key: string): boolean =>
    received.method === request.method && received.path === request.path && surroundings[key] === undefined;
  const count = async (received: ReceivedRequest): Promise<readonly string[]> => {
    const different = await differences(request, received);
    if (different.length === 0) equal++;
    return different;
  };

  const server = http.createServer((incoming, response) => {
    void collect(incoming).then(async (received) => {
      const key = keyOf(received);
      requests.push(key);
      const different = await count(received);
      if (isRecorded(received, key)) {
        problems.push(...different);
        tellHit();
        sendRecorded(response, transcript);
        return;
      }
      const answer = answerFor(key);
      if (answer === undefined) problems.push(`not expected: ${key}`);
      const { status, headers, body } = answer ?? { status: 599, body: 'not expected' };
      response.writeHead(status ?? 200, { 'content-type': 'application/json', ...headers }).end(body);
    });
  });

  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => false });
  server.on('upgrade', (incoming: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    void collect(incoming, 'head only').then(async (received) => {
      requests.push(`ws ${keyOf(received)}`);
      if (!isRecorded(received, keyOf(received))) {
        problems.push(`not expected: websocket ${keyOf(received)}`);
        socket.destroy();
        return;
      }
      problems.push(...(await count(received)));
      tellHit();
      if (transcript.events === undefined) {
        refuseUpgrade(socket, transcript);
        return;
      }
      const events = transcript.events;
      sockets.handleUpgrade(incoming, socket, head, (client) => void play(client, events, problems));
    });
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP server's address is not a string
    equal: () => equal,
    hit,
    problems,
    requests,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function keyOf({ method, path, query }: ReceivedRequest): string {
  const text = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString();
  return `${method} ${path}${text === '' ? '' : `?${text}`}`;
}

async function collect(incoming: http.IncomingMessage, part?: 'head only'): Promise<ReceivedRequest> {
  const url = new URL(incoming.url ?? '', 'http://x');
  const chunks: Buffer[] = [];
  if (part === undefined) for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    method: incoming.method ?? '',
    path: decodeURI(url.pathname),
    query: [...url.searchParams],
    headers: new Map(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks),
  };
}

const FRAMING = new Set(['date', 'content-length', 'transfer-encoding', 'connection']);

function sendRecorded(response: http.ServerResponse, { status, responseHeaders, responseBody }: Transcript): void {
  const headers = [...responseHeaders].filter(([name]) => !FRAMING.has(name));
  const length = Number(responseHeaders.get('content-length') ?? Infinity);
  const isArchive = /^\(\d+ bytes of gzip data\)\s*$/.test(responseBody);
  const body = isArchive ? gzipSync('export') : Buffer.from(responseBody).subarray(0, length);
  response.writeHead(status, Object.fromEntries(headers));
  if (responseHeaders.has('trailer')) response.addTrailers({ Done: 'OK' });
  response.end(body);
}

function refuseUpgrade(socket: Duplex, { status, responseHeaders, responseBody }: Transcript): void {
  const headers = [...responseHeaders].filter(([name]) => !FRAMING.has(name));
  const head = [
    `HTTP/1.1 ${status} Refused`,
    'Connection: close',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${responseBody}`);
}

async function play(client: WebSocket, events: readonly SocketEvent[], problems: string[]): Promise<void> {
  const received: { readonly kind: string; readonly data: string }[] = [];
  let wake: () => void = () => undefined;
  client.on('message', (data: Buffer, isBinary) => {
    received.push({ kind: isBinary ? 'binary' : 'text', data: data.toString() });
    wake();
  });
  for (const event of events) {
    if (event.type === 'frame' && event.from === 'server') {
      client.send(event.kind === 'binary' ? Buffer.from(event.data) : event.data, { binary: event.kind === 'binary' });
    } else if (event.type === 'frame') {
      while (received.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const got = received.shift();
      if (got?.kind !== event.kind || got.data !== event.data)
        problems.push(`frame: expected ${JSON.stringify(event)}, got ${JSON.stringify(got)}`);
    } else if (event.type === 'closed-by-server') {
      await drained(client);
      client.terminate(); // without a close frame, as classic racks do
    }
  }
  // A recorded CLI session shows the handshake alone: the stream of a rack with nothing to say ends.
  if (events.length === 0) client.close(1000);
}

async function drained(client: WebSocket): Promise<void> {
  while (client.bufferedAmount > 0) await new Promise((resolve) => setImmediate(resolve));
}
