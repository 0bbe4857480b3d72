import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import type { FaultAction, FaultRequest } from './faults.ts';
import { publishedVersions } from './rack-api/published-versions.ts';
import type { RackApi } from './rack-api/server.ts';
import type { World } from './world.ts';

/** The sandbox's own door, for commands and tests in other processes: mails, faults, counters, `versions.json`. */
export interface Control {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  close(): Promise<void>;
}

const faultSchema = z.object({
  service: z.string(),
  /** A regular expression the whole operation must match; absent = every operation. */
  operation: z.string().optional(),
  mutates: z.boolean().optional(),
  /** How often it strikes; absent = until it is taken away. */
  times: z.int().positive().optional(),
  action: z.discriminatedUnion('type', [
    z.object({ type: z.literal('deny') }),
    z.object({ type: z.literal('throttle') }),
    z.object({ type: z.literal('error'), status: z.int() }),
    z.object({ type: z.literal('reset'), applied: z.boolean() }),
    z.object({ type: z.literal('delay'), ms: z.number() }),
  ]),
});
const failureSchema = z.object({ stack: z.string(), logicalId: z.string(), reason: z.string() });
const logSchema = z.object({ app: z.string(), lines: z.array(z.string()) });

interface Call {
  readonly world: World;
  readonly rack: RackApi;
  readonly faults: Map<string, () => void>;
  readonly id: string;
  readonly body: () => Promise<unknown>;
}

/** Method and path (`:id` in its place) → what is answered as JSON. */
const CALLS: Readonly<Record<string, (call: Call) => unknown>> = {
  'GET /sandbox/mails': ({ world }) => world.acm.mails,
  'POST /sandbox/mails/:id/approve': ({ world, id }) => {
    world.acm.approve(id);
    return world.acm.mails.find((mail) => mail.id === id);
  },
  'POST /sandbox/mails/:id/deny': ({ world, id }) => {
    world.acm.deny(id);
    return {};
  },
  'GET /sandbox/counters': ({ world }) => Object.fromEntries(world.counters.entries()),
  'GET /sandbox/clock': ({ world: { clock } }) => ({ now: clock.now(), scale: clock.scale }),
  'GET /sandbox/rack': ({ rack }) => ({ url: rack.url }),
  'POST /sandbox/faults': addFault,
  'DELETE /sandbox/faults/:id': ({ faults, id }) => {
    faults.get(id)?.();
    return { removed: faults.delete(id) };
  },
  'POST /sandbox/failures': async ({ world, body }) => {
    const { stack, logicalId, reason } = failureSchema.parse(await body());
    world.cloudFormation.failNext(stack, logicalId, reason);
    return {};
  },
  'POST /sandbox/logs': async ({ world, rack, body }) => {
    const { app, lines } = logSchema.parse(await body());
    const task = world.compute.tasks().find(({ definition }) => definition.app === app);
    const source = { service: task?.definition.service ?? 'web', release: task?.definition.release ?? '' };
    const group = rack.store.logs.group(app);
    for (const message of lines) group.append({ at: world.clock.now(), ...source, process: 'sandbox', message });
    return { lines: lines.length };
  },
  'GET /sandbox/streams': ({ rack }) => ({ open: rack.openStreams }),
  'POST /sandbox/drop-streams': ({ rack }) => {
    rack.dropStreams();
    return {};
  },
  'GET /release/versions.json': ({ world }) => publishedVersions(world.settings.rackVersion),
};

export async function startControl(world: World, rack: RackApi): Promise<Control> {
  const faults = new Map<string, () => void>();
  const server = createServer((message, response) => {
    void answer({ world, rack, faults }, message, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function addFault({ world, faults, body }: Call): Promise<unknown> {
  const { service, operation, mutates, times, action } = faultSchema.parse(await body());
  const pattern = operation === undefined ? undefined : new RegExp(`^(?:${operation})$`);
  let left = times ?? Infinity;
  const remove = world.faults.add((request: FaultRequest): FaultAction | undefined => {
    const isMeant =
      request.service === service &&
      (pattern?.test(request.operation) ?? true) &&
      (mutates === undefined || mutates === request.mutates);
    if (!isMeant || left === 0) return undefined;
    left -= 1;
    return action;
  });
  const id = world.random.hex(8);
  faults.set(id, remove);
  return { id };
}

async function answer(
  context: Pick<Call, 'world' | 'rack' | 'faults'>,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(message.url ?? '/', 'http://sandbox');
  const [, id = ''] = /^\/sandbox\/(?:mails|faults)\/([^/]+)/.exec(pathname) ?? [];
  const key = `${message.method ?? 'GET'} ${id === '' ? pathname : pathname.replace(id, ':id')}`;
  const call = Object.hasOwn(CALLS, key) ? CALLS[key] : undefined;
  if (call === undefined) {
    send(response, 404, { error: `the sandbox has no ${key}` });
    return;
  }
  try {
    send(response, 200, await call({ ...context, id: decodeURIComponent(id), body: () => readJson(message) }));
  } catch (error) {
    send(response, 400, { error: error instanceof Error ? error.message : String(error) });
  }
}

async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  // Node hands over Buffers as long as no encoding is set.
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value ?? {});
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
