import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { RackClient } from '../../src/convox-api/rack-client.ts';
import {
  CLASSIC,
  clientOf,
  errorOf,
  json,
  noStop,
  STANDARD,
  startLocalRack,
  text,
  type Handler,
} from './local-rack.ts';

/** A rack whose answer to the write under test gets lost, after the write has or has not been made. */
type Fate = 'made' | 'not made';

const losses: readonly (readonly [string, Handler])[] = [
  ['a reset', ({ socket }) => void socket.resetAndDestroy()],
  ['a 502', ({ response }) => void response.writeHead(502).end()],
  ['no answer in time', () => undefined],
];

interface Scene {
  readonly version: string;
  readonly write: string;
  readonly act: (client: RackClient) => Promise<unknown>;
  readonly routes: (isMade: () => boolean) => Record<string, Handler>;
  readonly result: object | undefined;
}

const app = (status: string, release = ''): object => ({ name: 'shop', status, release, generation: '2' });
const build = (id: string): object => ({ id, app: 'shop', status: 'created', release: '' });
const release = (id: string, env = ''): object => ({ id, app: 'shop', build: '', env, manifest: '' });

const scenes: Readonly<Record<string, Scene>> = {
  'apps.create': {
    version: STANDARD,
    write: 'POST /apps',
    act: (client) => client.apps.create({ name: 'shop', generation: '2' }, noStop()),
    routes: (isMade) => ({
      'GET /apps/shop': ({ response }) =>
        isMade() ? json(response, app('creating')) : text(response, 'app not found: shop\n', 404),
    }),
    result: { name: 'shop', status: 'creating' },
  },
  'apps.delete': {
    version: CLASSIC,
    write: 'DELETE /apps/shop',
    act: (client) => client.apps.delete('shop', noStop()),
    routes: (isMade) => ({
      'GET /apps/shop': ({ response }) => json(response, app(isMade() ? 'deleting' : 'running')),
    }),
    result: undefined,
  },
  'environment.set on a classic rack': {
    version: CLASSIC,
    write: 'POST /apps/shop/environment',
    act: (client) => client.environment.set('shop', new Map([['A', '1']]), noStop()),
    routes: (isMade) => ({
      'GET /apps/shop/environment': ({ response }) => json(response, isMade() ? { A: '1' } : {}),
      'GET /apps/shop/releases': ({ response }) =>
        json(response, isMade() ? [release('R2'), release('R1')] : [release('R1')]),
    }),
    result: { releaseId: 'R2' },
  },
  'environment.set on a standard rack': {
    version: STANDARD,
    write: 'POST /apps/shop/releases',
    act: (client) => client.environment.set('shop', new Map([['A', '1']]), noStop()),
    routes: (isMade) => ({
      'GET /apps/shop/releases': ({ response }) =>
        json(response, isMade() ? [release('R2'), release('R1')] : [release('R1')]),
      'GET /apps/shop/releases/R1': ({ response }) => json(response, release('R1', 'A=0')),
      'GET /apps/shop/releases/R2': ({ response }) => json(response, release('R2', 'A=1')),
    }),
    result: { releaseId: 'R2' },
  },
  'builds.create': {
    version: STANDARD,
    write: 'POST /apps/shop/builds',
    act: (client) => client.builds.create('shop', { url: 'object://shop/tmp/x.tgz' }, {}, noStop()),
    routes: (isMade) => ({
      'GET /apps/shop/builds': ({ response }) => json(response, isMade() ? [build('B2'), build('B1')] : [build('B1')]),
    }),
    result: { id: 'B2' },
  },
  'builds.import': {
    version: STANDARD,
    write: 'POST /apps/shop/builds/import',
    act: (client) => client.builds.import('shop', Readable.from([Buffer.from('archive')]), noStop()),
    routes: (isMade) => ({
      'GET /apps/shop/builds': ({ response }) => json(response, isMade() ? [build('B2'), build('B1')] : [build('B1')]),
    }),
    result: { id: 'B2' },
  },
  'releases.create': {
    version: STANDARD,
    write: 'POST /apps/shop/releases',
    act: (client) => client.releases.create('shop', { build: 'B1' }, noStop()),
    routes: (isMade) => ({
      'GET /apps/shop/releases': ({ response }) =>
        json(response, isMade() ? [release('R2'), release('R1')] : [release('R1')]),
      'GET /apps/shop/releases/R2': ({ response }) => json(response, release('R2', 'A=1')),
    }),
    result: { id: 'R2', env: new Map([['A', '1']]) },
  },
  'releases.promote': {
    version: STANDARD,
    write: 'POST /apps/shop/releases/R2/promote',
    act: (client) => client.releases.promote('shop', 'R2', undefined, noStop()),
    routes: (isMade) => ({
      'GET /apps/shop': ({ response }) => json(response, isMade() ? app('updating', 'R1') : app('running', 'R1')),
    }),
    result: undefined,
  },
  'system.updateVersion': {
    version: CLASSIC,
    write: 'PUT /system',
    act: (client) => client.system.updateVersion('20180708231844', noStop()),
    routes: (isMade) => ({
      'GET /system': ({ response }) =>
        json(response, {
          name: 'convox',
          status: isMade() ? 'updating' : 'running',
          version: isMade() ? '20180708231844' : CLASSIC,
        }),
    }),
    result: undefined,
  },
};

async function play(scene: Scene, lose: Handler, fate: Fate) {
  let isMade = false;
  const rack = await startLocalRack(
    {
      ...scene.routes(() => isMade),
      [scene.write]: (exchange) => {
        isMade = fate === 'made';
        return lose(exchange);
      },
    },
    scene.version,
  );
  const client = clientOf(rack.url, { timeoutMs: 300 });
  const writes = (): number => rack.requests.filter((request) => request === scene.write).length;
  return { client, writes };
}

// The limit of a build is minutes, since a rack holds its answer back so long.
const table = Object.keys(scenes)
  .flatMap((name) => losses.map(([loss, lose]) => [name, loss, lose] as const))
  .filter(([name, loss]) => !(name.startsWith('builds.') && loss === 'no answer in time'));

test.each(table)('%s that is made, and answered by %s, counts as made', async (name, _loss, lose) => {
  const scene = scenes[name]!;
  const { client, writes } = await play(scene, lose, 'made');

  const result = await scene.act(client);

  if (scene.result === undefined) expect(result).toBeUndefined();
  else expect(result).toMatchObject(scene.result);
  expect(writes()).toBe(1);
});

test.each(Object.keys(scenes))('%s that left no trace is an error that allows another try', async (name) => {
  const scene = scenes[name]!;
  const { client, writes } = await play(scene, losses[0]![1], 'not made');

  const error = await errorOf(scene.act(client));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE', retryable: true, details: { landed: 'no' } });
  expect(writes()).toBe(1);
});

test('a write whose trace cannot be looked for stays unclear', async () => {
  let isGone = false;
  const rack = await startLocalRack({
    'POST /apps/shop/releases/R2/promote': ({ socket }) => {
      isGone = true;
      socket.destroy();
    },
    'GET /apps/shop': ({ response, socket }) => (isGone ? void socket.destroy() : json(response, app('running'))),
  });

  const error = await errorOf(clientOf(rack.url).releases.promote('shop', 'R2', undefined, noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE', retryable: false, details: { landed: 'unknown' } });
});

test('an app that was there before is not taken for the one that may have been made', async () => {
  const rack = await startLocalRack({
    'POST /apps': ({ socket }) => void socket.destroy(),
    'GET /apps/shop': ({ response }) => json(response, app('running', 'R9')),
  });

  const error = await errorOf(clientOf(rack.url).apps.create({ name: 'shop', generation: '2' }, noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE', details: { landed: 'no' } });
});

test('one answer from a cache does not prove that a write is absent', async () => {
  let asked = 0;
  const rack = await startLocalRack({
    'POST /apps/shop/releases/R2/promote': ({ socket }) => void socket.destroy(),
    'GET /apps/shop': ({ response }) => json(response, asked++ === 0 ? app('running', 'R1') : app('updating', 'R1')),
  });

  await clientOf(rack.url).releases.promote('shop', 'R2', undefined, noStop());

  expect(asked).toBe(2);
});

test('two new builds at once leave it open which is ours', async () => {
  let isMade = false;
  const rack = await startLocalRack({
    'POST /apps/shop/builds': ({ socket }) => {
      isMade = true;
      socket.destroy();
    },
    'GET /apps/shop/builds': ({ response }) => json(response, isMade ? [build('B3'), build('B2')] : []),
  });

  const error = await errorOf(clientOf(rack.url).builds.create('shop', { url: 'object://shop/x' }, {}, noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE' });
  expect(String(error)).toContain('2 new builds');
});
