import { describe, expect, it } from 'vitest';
import {
  CLASSIC_VERSION,
  eventually,
  multipartSource,
  STANDARD_VERSION,
  tarball,
  testSandbox,
  untilBuilt,
  untilRunning,
  type Rack,
} from './rack-http.ts';

const untilGone = (rack: Rack, app: string): Promise<unknown> =>
  eventually({
    ask: async () => [await rack('GET', `/apps/${app}`), await rack('GET', `/apps/${app}`)],
    until: (replies) => replies.every(({ status }) => status === 404),
  });

describe('a deletion', () => {
  it('of an app that a log drain is linked to is refused', async () => {
    const { rack } = await testSandbox({ rackVersion: CLASSIC_VERSION });

    const refused = await rack('DELETE', '/apps/shop');

    expect(refused.status).toBe(500);
    expect(refused.text).toBe('{"error":"app is linked to logs resource"}');
  });

  it('of any app fails with the name of another one when a drain is linked to an app that is gone', async () => {
    const {
      rack,
      sandbox: { world },
    } = await testSandbox({ rackVersion: STANDARD_VERSION });
    world.cloudFormation.deleteStack('convox-shop');
    await untilGone(rack, 'shop');

    const refused = await rack('DELETE', '/apps/other');

    expect(refused.status).toBe(404);
    expect(refused.text).toBe('app not found: shop\n');
  });

  it('that fails reads as running again, and is tried once more in the background', async () => {
    const {
      rack,
      sandbox: { world },
    } = await testSandbox({ rackVersion: STANDARD_VERSION });
    const arn = world.cloudFormation.find('convox-other')?.arn ?? '';
    world.cloudFormation.failNext('convox-other', 'LogGroup', 'in use');

    await rack('DELETE', '/apps/other');
    await eventually({
      ask: () => Promise.resolve(world.cloudFormation.find(arn)?.events.map(({ status }) => status)),
      until: (statuses) => statuses?.includes('DELETE_FAILED') === true,
    });
    await untilGone(rack, 'other');

    const attempts = world.cloudFormation
      .find(arn)
      ?.events.filter(({ logicalId, status }) => logicalId === 'convox-other' && status === 'DELETE_IN_PROGRESS');
    expect(attempts).toHaveLength(2);
  });

  it('leaves builds and releases behind when the bucket holds too many versions, and a new app of the name shows them', async () => {
    const {
      rack,
      sandbox: { rack: api, world },
    } = await testSandbox({ rackVersion: STANDARD_VERSION });
    api.store.bucket(world.cloudFormation.find('convox-other')?.arn ?? '').versions = 1001;

    await rack('DELETE', '/apps/other');
    await untilGone(rack, 'other');
    await new Promise((resolve) =>
      setTimeout(resolve, (2 * world.settings.durations.appCleanupMs) / world.clock.scale),
    );
    await rack('POST', '/apps', { form: { name: 'other', generation: '2' } });
    await untilRunning(rack, 'other');
    const releases = await rack('GET', '/apps/other/releases');

    expect(releases.json()).toHaveLength(1);
  });

  it('cleans up late: rows of an app that was made anew meanwhile go too', async () => {
    const {
      rack,
      sandbox: { rack: api },
    } = await testSandbox({
      rackVersion: STANDARD_VERSION,
      durations: { appCleanupMs: 600_000 },
    });

    await rack('DELETE', '/apps/other');
    await untilGone(rack, 'other');
    await rack('POST', '/apps', { form: { name: 'other', generation: '2' } });
    await untilRunning(rack, 'other');
    await rack('POST', '/apps/other/releases', { form: { env: 'NEW=1' } });
    const before = api.store.releasesOf('other').length;
    await eventually({ ask: () => Promise.resolve(api.store.releasesOf('other').length), until: (left) => left === 0 });

    expect(before).toBe(2);
  });

  it('never cleans up when the API processes are replaced meanwhile', async () => {
    const {
      rack,
      sandbox: { rack: api, world },
    } = await testSandbox({
      rackVersion: STANDARD_VERSION,
      durations: { appCleanupMs: 60_000 },
    });

    await rack('DELETE', '/apps/other');
    api.host.stop();
    api.host.start(STANDARD_VERSION, new Map());
    await new Promise((resolve) => setTimeout(resolve, 120_000 / world.clock.scale));

    expect(api.store.releasesOf('other')).toHaveLength(1);
  });
});

describe('an update', () => {
  it('that is rolled back leaves a generation-2 app running with its old release', async () => {
    const {
      rack,
      sandbox: { rack: api, world },
    } = await testSandbox({ rackVersion: STANDARD_VERSION });
    const old = await rack('GET', '/apps/other');
    const next = await rack('POST', '/apps/other/releases', { form: { env: 'GREETING=bye' } });
    world.cloudFormation.failNext('convox-other', 'Service', 'did not stabilize');

    const promoted = await rack('POST', `/apps/other/releases/${next.field('id')}/promote`);
    await eventually({
      ask: () => Promise.resolve(world.cloudFormation.find('convox-other')?.status),
      until: (status) => status === 'UPDATE_ROLLBACK_COMPLETE',
    });
    const app = await untilRunning(rack, 'other');

    expect(promoted.text).toBe('ok\n');
    expect(app.field('release')).toBe(old.field('release'));
    expect(api.store.latestRelease('other')?.id).toBe(next.field('id'));
  });

  it('of a generation-1 app shows the new release at once', async () => {
    const { rack } = await testSandbox({ rackVersion: CLASSIC_VERSION });
    const env = await rack('POST', '/apps/shop/environment', { body: 'A=1' });
    const next = String(env.headers['release-id']);

    await rack('POST', `/apps/shop/releases/${next}/promote`);
    const app = await eventually({
      ask: () => rack('GET', '/apps/shop'),
      until: (reply) => reply.field('status') === 'updating',
    });

    expect(app.field('release')).toBe(next);
  });

  it('is refused by name of the stack while another one is under way', async () => {
    const { rack } = await testSandbox({ rackVersion: CLASSIC_VERSION, durations: { imagePullMs: 600_000 } });
    await rack('POST', '/apps/shop/formation/worker', { form: { count: '3' } });

    const refused = await rack('POST', '/apps/shop/formation/worker', { form: { count: '4' } });

    expect(refused.status).toBe(500);
    expect(refused.text).toMatch(/stack\/convox-shop\/\S+ is in UPDATE_IN_PROGRESS state and can not be updated/);
  });

  it('goes back when it is cancelled', async () => {
    const {
      rack,
      sandbox: { world },
    } = await testSandbox({
      rackVersion: STANDARD_VERSION,
      durations: { imagePullMs: 600_000 },
    });
    await rack('PUT', '/apps/shop/services/worker', { form: { count: '3' } });
    await eventually({
      ask: async () => [await rack('GET', '/apps/shop'), await rack('GET', '/apps/shop')],
      until: (replies) => replies.every((reply) => reply.field('status') === 'updating'),
    });

    const cancelled = await rack('POST', '/apps/shop/cancel');
    await eventually({
      ask: () => Promise.resolve(world.cloudFormation.find('convox-shop')?.status),
      until: (status) => status === 'UPDATE_ROLLBACK_COMPLETE',
    });
    const app = await untilRunning(rack, 'shop');

    expect(cancelled.status).toBe(200);
    expect(app.text).toContain('"WorkerFormation": "1,');
  });
});

describe('an environment', () => {
  it('of 40 awkward values comes back byte for byte', async () => {
    const { rack } = await testSandbox({ rackVersion: CLASSIC_VERSION });

    const before = await rack('GET', '/apps/shop/environment');
    const entries = Object.entries(before.json() as Record<string, string>);
    await rack('POST', '/apps/other/environment', {
      body: entries.map(([key, value]) => `${key}=${value}`).join('\n'),
    });
    const after = await rack('GET', '/apps/other/environment');

    expect(entries).toHaveLength(40);
    expect(after.text).toBe(before.text);
  });

  it('with a line over 64 KiB is refused', async () => {
    const { rack } = await testSandbox({ rackVersion: CLASSIC_VERSION });

    const refused = await rack('POST', '/apps/other/environment', { body: `LONG=${'x'.repeat(70_000)}` });

    expect(refused.text).toBe('{"error":"bufio.Scanner: token too long"}');
  });

  it('is taken by a build from the latest release, promoted or not', async () => {
    const { rack } = await testSandbox({ rackVersion: CLASSIC_VERSION });
    await rack('POST', '/apps/other/environment', { body: 'GREETING=later' });
    const source = await tarball({ 'convox.yml': 'services:\n  web:\n    build: .\n    port: 3000\n' });

    const started = await rack('POST', '/apps/other/builds', multipartSource(source));
    const build = await untilBuilt(rack, 'other', started.field('id'));
    const release = await rack('GET', `/apps/other/releases/${build.field('release')}`);

    expect(release.field('env')).toBe('GREETING=later');
  });

  it('that lacks a required variable fails the build with its name', async () => {
    const { rack } = await testSandbox({ rackVersion: CLASSIC_VERSION });
    const source = await tarball({
      'convox.yml': 'services:\n  web:\n    build: .\n    port: 3000\n    environment:\n      - MISSING\n',
    });

    const started = await rack('POST', '/apps/other/builds', multipartSource(source));
    const build = await untilBuilt(rack, 'other', started.field('id'));

    expect(build.json()).toMatchObject({ status: 'failed', release: '', reason: 'required env: MISSING' });
  });
});

describe('an exported build', () => {
  it.each([CLASSIC_VERSION, STANDARD_VERSION])('can be taken into another app on a rack of %s', async (rackVersion) => {
    const {
      rack,
      sandbox: { endpoints, env },
    } = await testSandbox({ rackVersion });
    const [build] = (await rack('GET', '/apps/other/builds')).json() as { id: string; manifest: string }[];
    const password = env['CONVOX_PASSWORD'] ?? '';
    const authorization = `Basic ${Buffer.from(`convox:${password}`).toString('base64')}`;
    const exported = await fetch(`${endpoints.rackUrl}/apps/other/builds/${build?.id ?? ''}.tgz`, {
      headers: { authorization },
    });
    const archive = Buffer.from(await exported.arrayBuffer());
    await rack('POST', '/apps', { form: { name: 'copy', generation: '2' } });
    await untilRunning(rack, 'copy');

    const form = multipartSource(archive);
    const imported =
      rackVersion === CLASSIC_VERSION
        ? await rack('POST', '/apps/copy/builds', {
            ...form,
            body: Buffer.from(form.body.toString('latin1').replace('name="source"', 'name="image"'), 'latin1'),
          })
        : await rack('POST', '/apps/copy/builds/import', {
            body: archive,
            headers: { 'content-type': 'application/octet-stream' },
          });
    const release = await rack('GET', `/apps/copy/releases/${imported.field('release')}`);

    expect(imported.json()).toMatchObject({ app: 'copy', status: 'complete', manifest: build?.manifest });
    expect(imported.field('id')).not.toBe(build?.id);
    expect(release.json()).toMatchObject({ app: 'copy', env: '', manifest: build?.manifest });
  });
});
