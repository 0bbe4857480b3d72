import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Api } from './api.ts';
import { refuseUnauthenticated } from './authentication.ts';
import { execRoutes } from './exec-routes.ts';
import { logRoutes } from './log-routes.ts';
import { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { CLASSIC_UNAUTHENTICATED, RackRefusal } from './reply.ts';
import { isOffered, matchPath, type Channel, type StreamRoute } from './routing.ts';

const STREAMS: readonly StreamRoute[] = [...logRoutes, ...execRoutes];

/** The stream at a path, if the version has it. */
export function findStream(
  api: Api,
  path: string,
): { readonly route: StreamRoute; readonly params: Readonly<Record<string, string>> } | undefined {
  for (const route of STREAMS) {
    const params = isOffered(route, api.version) ? matchPath(route.path, path) : undefined;
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

/** Websockets as each era frames them: errors and a failed login arrive as text after the handshake. */
export class Websockets {
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, handleProtocols: () => false });
  readonly #sockets = new Set<Duplex>();

  /** Answers one upgrade request. */
  accept(api: Api, message: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(message.url ?? '/', 'http://rack');
    const found = findStream(api, url.pathname);
    const refusal = refuseHandshake(api, message);
    if (found === undefined || refusal !== undefined) {
      socket.end(refusal ?? 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#server.handleUpgrade(message, socket, head, (websocket) => {
      const request = new RackRequest({
        method: 'GET',
        url,
        headers: message.headers,
        body: Buffer.alloc(0),
        params: found.params,
      });
      void serve(api, { websocket, socket, request, route: found.route });
    });
  }

  /** How many streams are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Cuts every open stream, as a load balancer does when a process goes. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The raw answer to a handshake that the era's server refuses. */
function refuseHandshake(api: Api, { headers }: IncomingMessage): string | undefined {
  const { origin, host } = headers;
  if (api.isClassic) {
    return origin === undefined
      ? 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
      : undefined;
  }
  if (headers.upgrade !== 'websocket') {
    return 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
  }
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return undefined;
  const body = 'Forbidden\nERROR: websocket: request origin not allowed by Upgrader.CheckOrigin\n';
  return [
    'HTTP/1.1 403 Forbidden',
    'Content-Type: text/plain; charset=utf-8',
    'Sec-Websocket-Version: 13',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

interface Stream {
  readonly websocket: WebSocket;
  readonly socket: Duplex;
  readonly request: RackRequest;
  readonly route: StreamRoute;
}

async function serve(api: Api, { websocket, socket, request, route }: Stream): Promise<void> {
  const closed = new AbortController();
  websocket.on('close', () => {
    closed.abort();
  });
  websocket.on('error', () => {
    closed.abort();
  });
  const channel: Channel = {
    socket: websocket,
    closed: closed.signal,
    send: (text) => sendText(websocket, text, closed.signal),
    input: readInput(websocket, closed.signal),
  };
  const refused = refuseUnauthenticated(api, { method: 'GET', authorization: request.header('authorization') });
  try {
    if (refused !== undefined) throw new RackRefusal(401, refused);
    await route.stream(request, api, channel);
  } catch (error) {
    await channel.send(errorFrame(api, error));
  }
  endStream(api, websocket, socket);
}

function errorFrame(api: Api, error: unknown): string {
  if (error instanceof RackRefusal && error.status === 401 && api.isClassic) return CLASSIC_UNAUTHENTICATED;
  const message = error instanceof RackRefusal ? error.message : 'internal error';
  return `ERROR: ${message}\n`;
}

/** Classic: the connection ends without a close frame. Standard: an empty binary frame, and the client must close. */
function endStream(api: Api, websocket: WebSocket, socket: Duplex): void {
  if (websocket.readyState !== websocket.OPEN) return;
  if (api.isClassic) socket.end();
  else if (api.has(SINCE.emptyFrameEndsStream)) websocket.send(Buffer.alloc(0), { binary: true });
  else websocket.close(1000);
}

function sendText(websocket: WebSocket, text: string, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (closed.aborted || websocket.readyState !== websocket.OPEN) {
      resolve();
      return;
    }
    // A failure to send shows as `close`; the stream then ends by itself.
    websocket.send(text, () => {
      resolve();
    });
  });
}

/** Text frames until an empty binary one, or the end of the connection. */
async function* readInput(websocket: WebSocket, closed: AbortSignal): AsyncGenerator<string> {
  const queue: (string | undefined)[] = [];
  let wake = (): void => undefined;
  const push = (text: string | undefined): void => {
    queue.push(text);
    wake();
  };
  // Without `binaryType` set, ws hands over Buffers.
  websocket.on('message', (data: Buffer, isBinary: boolean) => {
    push(isBinary && data.length === 0 ? undefined : data.toString('utf8'));
  });
  closed.addEventListener('abort', () => {
    push(undefined);
  });
  for (;;) {
    while (queue.length > 0) {
      const text = queue.shift();
      if (text === undefined) return;
      yield text;
    }
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}
