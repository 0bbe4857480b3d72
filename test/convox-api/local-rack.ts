import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { RackClient } from '../../src/convox-api/rack-client.ts';
import type { RackClientOptions } from '../../src/convox-api/options.ts';
import { scaledClock } from '../../src/time/clock.ts';

export const PASSWORD = 'correct horse battery';
export const CLASSIC = '20171213132441';
export const STANDARD = '20260421192651';

interface Exchange {
  readonly body: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly response: http.ServerResponse;
  readonly socket: Socket;
  /** How often this route has been asked before. */
  readonly number: number;
}

export type Handler = (exchange: Exchange) => void | Promise<void>;

export interface LocalRack {
  readonly url: string;
  /** `METHOD path?query` of all requests. */
  readonly requests: string[];
  /** Header lists of all requests. */
  readonly headers: http.IncomingHttpHeaders[];
  readonly routes: Record<string, Handler>;
  /** Told of each websocket, with its request. */
  onSocket: (socket: WebSocket, request: http.IncomingMessage) => void;
  version: string;
  status: string;
}

export function json(response: http.ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

export function text(response: http.ServerResponse, value: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(value);
}

/** A small server on loopback that is a rack as far as a test says; ends with the test. */
export async function startLocalRack(routes: Record<string, Handler> = {}, version = STANDARD): Promise<LocalRack> {
  const counts = new Map<string, number>();
  const rack: LocalRack = {
    url: '',
    requests: [],
    headers: [],
    routes: {
      'GET /system': ({ response }) =>
        json(response, {
          name: 'convox',
          version: rack.version,
          status: rack.status,
          parameters: { Internal: 'No' },
          outputs: {},
        }),
      'GET /auth': ({ response }) =>
        rack.version <= '20180708231844' ? json(response, { success: true }) : text(response, 'ok\n'),
      ...routes,
    },
    onSocket: (socket) => socket.close(1000),
    version,
    status: 'running',
  };
  const server = http.createServer((request, response) => {
    const key = `${request.method ?? ''} ${request.url ?? ''}`;
    rack.requests.push(key);
    rack.headers.push(request.headers);
    const number = counts.get(key) ?? 0;
    counts.set(key, number + 1);
    const bare = key.split('?')[0] ?? '';
    // An object's key is chosen by the client, so its route is known by its beginning.
    const handler = rack.routes[key] ?? rack.routes[bare] ?? rack.routes[bare.replace(/\/objects\/.*$/, '/objects')];
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      if (handler === undefined) text(response, '', 404);
      else void handler({ body, headers: request.headers, response, socket: request.socket, number });
    });
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    rack.requests.push(`ws ${request.url ?? ''}`);
    rack.headers.push(request.headers);
    sockets.handleUpgrade(request, socket, head, (client) => rack.onSocket(client, request));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  // The address of a TCP server is an object; only the URL is known late.
  return Object.assign(rack, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** A client whose pauses pass at once; limits on requests are real time. */
export function clientOf(url: string, options: Partial<RackClientOptions> = {}): RackClient {
  const clock = scaledClock({ scale: 1000, startMs: Date.now(), realStartMs: Date.now() });
  const client = new RackClient({ url, password: PASSWORD, clock, timeoutMs: 5_000, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A signal that nobody aborts. */
export function noStop(): AbortSignal {
  return new AbortController().signal;
}

/** The error a promise ends with; fails the test when it does not. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}
