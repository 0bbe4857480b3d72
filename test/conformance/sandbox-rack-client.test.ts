import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RackClient } from '../../src/convox-api/rack-client.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { writeShopSource } from '../../src/sandbox/scenario/shop-source.ts';
import { scaledClock } from '../../src/time/clock.ts';
import { waitFor } from '../../src/time/wait.ts';

let sandbox: Sandbox | undefined;
const folders: string[] = [];
afterEach(async () => {
  await sandbox?.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function start(options: SandboxOptions): Promise<{ sandbox: Sandbox; rack: RackClient }> {
  const started = await startSandbox({ scale: 300, ...options });
  sandbox = started;
  const { world, endpoints, env } = started;
  const rack = new RackClient({
    url: endpoints.rackUrl,
    password: env['CONVOX_PASSWORD'] ?? '',
    clock: scaledClock(world.clock),
    versionsUrl: endpoints.versionsUrl,
    findApiUrl: () =>
      Promise.resolve(world.cloudFormation.find('convox')?.outputs.find(({ key }) => key === 'Dashboard')?.value),
  });
  return { sandbox: started, rack };
}

describe('the client on the sandbox', () => {
  it('updates a rack through every required version, from 2017 to the newest, and follows the API when it moves', async () => {
    const {
      rack,
      sandbox: { endpoints },
    } = await start({ scenario: 'empty', rackVersion: '20171213132441' });
    const before = endpoints.rackUrl;
    const hops: string[] = [];
    const signal = AbortSignal.timeout(50_000);

    const system = await rack.system.updateAlong(undefined, { onHop: ({ version }) => hops.push(version) }, signal);
    const apps = await rack.apps.list(signal);

    expect(hops).toEqual(['20180708231844', '20190529174125', '20260421192651']);
    expect(system).toMatchObject({ version: '20260421192651', status: 'running' });
    expect(endpoints.rackUrl).not.toBe(before);
    expect(apps).toEqual([]);
  }, 60_000);

  it.each(['20171213132441', '20260421192651'])(
    'deploys a folder to a new app on a rack of %s',
    async (rackVersion) => {
      const {
        rack,
        sandbox: { world },
      } = await start({ rackVersion });
      const folder = await mkdtemp(path.join(tmpdir(), 'shop-'));
      folders.push(folder);
      await writeShopSource(folder);
      const signal = AbortSignal.timeout(20_000);
      const manifest =
        'services:\n  web:\n    build: ./web\n    port: 8080\n    health: /health\n    environment:\n      - GREETING=none\n';
      const settled = { clock: scaledClock(world.clock), timeoutMs: 1_800_000 };

      await rack.apps.create({ name: 'fresh', generation: '2' }, signal);
      await waitFor(
        async () => {
          const app = await rack.apps.find('fresh', signal);
          return app?.status === 'running'
            ? { state: 'ready', value: app }
            : { state: 'pending', saw: app?.status ?? 'nothing' };
        },
        { ...settled, what: 'fresh to be running' },
        signal,
      );
      await rack.environment.set('fresh', new Map([['GREETING', '  "héllo"=']]), signal);
      const source = { folder, overlay: new Map([['convox.yml', manifest]]) };
      const started = await rack.builds.create('fresh', source, {}, signal);
      const lines: string[] = [];
      for await (const line of rack.builds.logs('fresh', started.id, signal)) lines.push(line);
      const build = await rack.builds.get('fresh', started.id, signal);
      await rack.releases.promote('fresh', build.release, {}, signal);
      const app = await waitFor(
        async () => {
          const seen = await rack.apps.get('fresh', signal);
          return seen.status === 'running' && seen.release === build.release
            ? { state: 'ready', value: seen }
            : { state: 'pending', saw: seen.status };
        },
        { ...settled, what: 'the release to be active' },
        signal,
      );

      expect(build.status).toBe('complete');
      expect(lines.join('\n')).toContain('Building: web');
      expect(app.release).toBe(build.release);
      expect(await rack.environment.get('fresh', signal)).toEqual(new Map([['GREETING', '  "héllo"=']]));
      expect(world.compute.tasks().filter(({ definition }) => definition.app === 'fresh')).toHaveLength(1);
    },
  );
});
