import type { Api } from './api.ts';
import { releaseOf } from './apps.ts';
import { formatEnv, parseEnv } from './env-text.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { json, RackRefusal, type Reply } from './reply.ts';
import type { Route } from './routing.ts';
import { humanStatus, type StackFacts } from './stack-view.ts';

/** Classic only: the environment as one text. The standard era reads and writes it as releases. */
export const environmentRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/apps/:app/environment',
    operation: 'environment.get',
    before: SINCE.standard,
    handle: (request, api) => json(Object.fromEntries(parseEnv(readText(api, readable(request, api))))),
  },
  {
    method: 'POST',
    path: '/apps/:app/environment',
    operation: 'environment.set',
    before: SINCE.standard,
    handle: (request, api) => write(api, writable(request, api), parseEnv(request.body.toString('utf8'))),
  },
  {
    method: 'DELETE',
    path: '/apps/:app/environment/:key',
    operation: 'environment.delete',
    before: SINCE.standard,
    handle: (request, api) => {
      const stack = writable(request, api);
      const kept = new Map(parseEnv(readText(api, stack)));
      kept.delete(request.param('key'));
      return write(api, stack, kept);
    },
  },
];

/** Up to 64 KiB a line, as Go's scanner reads it. */
const LONGEST_LINE = 64 * 1024;

function readable(request: RackRequest, api: Api): StackFacts {
  const name = request.param('app');
  const stack = api.requireApp(name);
  if (humanStatus(stack.status) === 'creating') throw new RackRefusal(500, `app is still being created: ${name}`);
  return stack;
}

function writable(request: RackRequest, api: Api): StackFacts {
  const stack = api.requireApp(request.param('app'));
  const status = humanStatus(stack.status);
  if (status !== 'running' && status !== 'updating') {
    throw new RackRefusal(
      500,
      `unable to set environment with current app status: ${status}, status must be running or updating`,
    );
  }
  return stack;
}

function readText(api: Api, stack: StackFacts): string {
  return api.store.bucket(stack.arn).environment ?? '';
}

/** Replaces everything; the new release is a copy of the promoted one with the new environment. */
function write(api: Api, stack: StackFacts, entries: ReadonlyMap<string, string>): Reply {
  for (const [key, value] of entries) {
    if (key.length + value.length + 1 > LONGEST_LINE) throw new RackRefusal(500, 'bufio.Scanner: token too long');
  }
  const env = formatEnv(entries);
  const promoted = api.store.releases.get(releaseOf(stack));
  api.store.bucket(stack.arn).environment = env;
  const release = api.store.addRelease({
    app: stack.tags.get('Name') ?? '',
    build: promoted?.build ?? '',
    manifest: promoted?.manifest ?? '',
    env,
    description: '',
  });
  return json(Object.fromEntries(entries), { 'Release-Id': release.id });
}
