import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { World } from '../world.ts';
import type { Api } from './api.ts';
import { appRoutes } from './apps.ts';
import { authenticationRoutes, refuseUnauthenticated } from './authentication.ts';
import { buildRoutes } from './builds.ts';
import { certificateRoutes } from './certificates.ts';
import { environmentRoutes } from './environment.ts';
import { instanceRoutes } from './instances.ts';
import { objectRoutes } from './objects.ts';
import { parameterRoutes } from './parameters.ts';
import { processRoutes } from './processes.ts';
import { RackHost } from './rack-host.ts';
import { RackRequest } from './rack-request.ts';
import { RackStore } from './rack-store.ts';
import { registryRoutes } from './registries.ts';
import { releaseRoutes } from './releases.ts';
import {
  RackRefusal,
  sendNoRoute,
  sendRefusal,
  sendReply,
  sendUnauthenticated,
  sendWrongMethod,
  type Reply,
} from './reply.ts';
import { resourceRoutes } from './resources.ts';
import { isOffered, matchPath, type Route } from './routing.ts';
import { serviceRoutes } from './services.ts';
import { sslRoutes } from './ssl.ts';
import { systemRoutes } from './system.ts';
import { playFault } from './fault-play.ts';
import { findStream, Websockets } from './websockets.ts';

const ROUTES: readonly Route[] = [
  ...authenticationRoutes,
  ...systemRoutes,
  ...appRoutes,
  ...parameterRoutes,
  ...environmentRoutes,
  ...objectRoutes,
  ...buildRoutes,
  ...releaseRoutes,
  ...serviceRoutes,
  ...sslRoutes,
  ...processRoutes,
  ...certificateRoutes,
  ...instanceRoutes,
  ...registryRoutes,
  ...resourceRoutes,
];

/** The rack's API on the network. */
export interface RackApi {
  /** Where it answers now: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly store: RackStore;
  readonly host: RackHost;
  /** Websockets that are open now. */
  readonly openStreams: number;
  /** Cuts all websockets. */
  dropStreams(): void;
  /** All API processes end and others start after so many simulated ms; not while the rack is being updated. */
  restart(awayMs: number): void;
  close(): Promise<void>;
}

/**
 * Opens the API's two addresses. `host.start` brings the processes up. Only one address answers at a time: racks from
 * 20221129130331 on have the API behind a load balancer of its own, with another host name.
 */
export async function startRackApi(world: World): Promise<RackApi> {
  const store = new RackStore(world);
  const host = new RackHost(world, store);
  const websockets = new Websockets();
  const classic = await listen(world, { host, websockets, isOpen: () => !host.hasMoved, answersWithoutApi: false });
  const moved = await listen(world, { host, websockets, isOpen: () => host.hasMoved, answersWithoutApi: true });
  host.movedTo = moved.url;
  return {
    get url() {
      return host.hasMoved ? moved.url : classic.url;
    },
    store,
    host,
    get openStreams() {
      return websockets.open;
    },
    dropStreams: () => {
      websockets.drop();
    },
    restart: (awayMs) => {
      if (!host.restart(awayMs)) return;
      websockets.drop();
      for (const door of [classic, moved]) door.cutAll();
    },
    close: async () => {
      host.stop();
      websockets.drop();
      await Promise.all([classic.close(), moved.close()]);
    },
  };
}

interface Door {
  readonly host: RackHost;
  readonly websockets: Websockets;
  /** Whether the API is at this address now. */
  readonly isOpen: () => boolean;
  /** An application load balancer says 503 while no API process runs; a classic one in TCP mode cuts the connection. */
  readonly answersWithoutApi: boolean;
}

const UNAVAILABLE =
  '<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n</body>\r\n</html>\r\n';

interface Listening {
  readonly url: string;
  /** Cuts every open connection. */
  readonly cutAll: () => void;
  readonly close: () => Promise<void>;
}

async function listen(world: World, door: Door): Promise<Listening> {
  const server: Server = createServer((message, response) => {
    void answer(world, door, message, response);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (!door.isOpen() || (!door.host.isServing && !door.answersWithoutApi)) socket.destroy();
  });
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    void upgrade(world, door, message, { socket, head });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo;
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    cutAll,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        cutAll();
      }),
  };
}

async function answer(world: World, door: Door, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(message);
  const api = door.isOpen() ? door.host.next() : undefined;
  if (api === undefined && door.isOpen() && door.answersWithoutApi) {
    response.writeHead(503, { Server: 'awselb/2.0', 'Content-Type': 'text/html' });
    response.end(UNAVAILABLE);
    return;
  }
  if (api === undefined || body === undefined) {
    message.socket.destroy();
    return;
  }
  const method = message.method ?? 'GET';
  const url = new URL(message.url ?? '/', 'http://rack');
  const action = world.faults.actionFor({
    service: 'rack',
    operation: `${method} ${url.pathname}`,
    mutates: method !== 'GET' && method !== 'HEAD',
  });
  const verdict = await playFault(api, action, response);
  if (verdict === 'answered') return;
  const found = findRoute(api, method, url.pathname);
  if (typeof found === 'string') {
    answerWithoutRoute(api, found, response, url.pathname);
    return;
  }
  if (api.era === 'standard' && found.route.open !== true) response.setHeader('Request-Id', world.random.hex(12));
  world.counters.count('rack', found.route.operation);
  const refused =
    found.route.open === true
      ? undefined
      : refuseUnauthenticated(api, { method, authorization: message.headers.authorization });
  if (refused !== undefined) {
    sendUnauthenticated(response, api.era, refused);
    return;
  }
  try {
    const request = new RackRequest({ method, url, headers: message.headers, body, params: found.params });
    const asOfMs = action?.type === 'stale' ? action.asOfMs : undefined;
    const reply = await answerAsOf(world, { method, url, asOfMs }, () => found.route.handle(request, api));
    if (verdict === 'reset-after') message.socket.destroy();
    else sendReply(response, api.era, reply);
  } catch (error) {
    if (verdict === 'reset-after') message.socket.destroy();
    else if (error instanceof RackRefusal) sendRefusal(response, api.era, error.status, error.message);
    else sendRefusal(response, api.era, 500, error instanceof Error ? error.message : String(error));
  }
}

/** The answer, or refusal, to a read as it was at a past moment, where a fault wants that. */
async function answerAsOf(
  { faults, clock }: World,
  { method, url, asOfMs }: { readonly method: string; readonly url: URL; readonly asOfMs: number | undefined },
  handle: () => Promise<Reply> | Reply,
): Promise<Reply> {
  if (faults.pastAnswers === undefined || method !== 'GET') return handle();
  const settled = await faults.pastAnswers.answer(`rack ${url.href}`, { nowMs: clock.now(), asOfMs }, async () => {
    try {
      return { reply: await handle() };
    } catch (error) {
      if (error instanceof RackRefusal) return { refusal: error };
      throw error;
    }
  });
  if ('refusal' in settled) throw settled.refusal;
  return settled.reply;
}

type FoundRoute = { readonly route: Route; readonly params: Readonly<Record<string, string>> } | 'none' | 'method';

function findRoute(api: Api, method: string, path: string): FoundRoute {
  let isKnown = false;
  for (const route of ROUTES) {
    if (!isOffered(route, api.version)) continue;
    const params = matchPath(route.path, path);
    if (params === undefined) continue;
    if (route.method === method) return { route, params };
    isKnown = true;
  }
  return isKnown ? 'method' : 'none';
}

function answerWithoutRoute(api: Api, found: 'none' | 'method', response: ServerResponse, path: string): void {
  if (api.isClassic && findStream(api, path) !== undefined) {
    response.writeHead(400, { Connection: 'close' });
    response.end('not websocket protocol');
  } else if (api.isClassic && found === 'method') sendWrongMethod(response);
  else sendNoRoute(response, api.era);
}

async function upgrade(
  world: World,
  door: Door,
  message: IncomingMessage,
  { socket, head }: { socket: Duplex; head: Buffer },
): Promise<void> {
  socket.on('error', () => socket.destroy());
  const api = door.isOpen() ? door.host.next() : undefined;
  if (api === undefined) {
    socket.destroy();
    return;
  }
  const { pathname } = new URL(message.url ?? '/', 'http://rack');
  const action = world.faults.actionFor({ service: 'rack', operation: `WS ${pathname}`, mutates: false });
  if (action?.type === 'hold') await action.until;
  else if (action?.type === 'delay') await world.clock.delay(action.ms);
  else if (action !== undefined) {
    socket.destroy();
    return;
  }
  world.counters.count('rack', findStream(api, pathname)?.route.operation ?? 'unknown');
  door.websockets.accept(api, message, socket, head);
}

/** The whole body; `undefined` when the client went away. */
async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    // Node hands over Buffers as long as no encoding is set.
    for await (const chunk of message) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
