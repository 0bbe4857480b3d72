import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportReader } from '../../src/connect/folders.ts';
import { LocalEngine } from '../../src/orchestrator/engines/local/local-engine.ts';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import { startMigration } from '../../src/orchestrator/migrate.ts';
import { readOldAppExport, readOldEnvironment, type OldAppExport } from '../../src/orchestrator/old-app/read-export.ts';
import { planRestore, restoreOldApp } from '../../src/orchestrator/old-app/restore.ts';
import { newExportKey, type ExportKeyPair } from '../../src/orchestrator/old-app/sealed-environment.ts';
import type { EnvironmentMap, OldBalancer } from '../../src/orchestrator/ports.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { SHOP_CANARY, SHOP_URL_CANARY } from '../../src/sandbox/scenario/shop-environment.ts';
import { scaledClock } from '../../src/time/clock.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';
import { filesBelow } from '../cli/support/sandbox.ts';

const signal = new AbortController().signal;
const MIGRATION_MS = 150_000;

/** A migrated shop: the old app is gone, its export is there. */
interface Migrated {
  readonly shop: ShopMigration;
  readonly key: ExportKeyPair;
  readonly location: string;
  readonly before: EnvironmentMap;
  readonly parameters: Readonly<Record<string, string>>;
}

async function migrate(rackVersion: string): Promise<Migrated> {
  const shop = await startShopMigration({ scale: 240, rackVersion });
  const key = await newExportKey();
  const { rack } = shop.connection.ports;
  const before = await rack.environment.get('shop', signal);
  const parameters = await rack.apps.parameters('shop', signal);
  const settings = { ...shop.settings, exportKeys: [key.recipient] };
  const { execution } = await startMigration({ ...shop.request, settings }, signal);
  return { shop, key, before, parameters, location: shop.request.exportTo(execution).location };
}

function engineFor({ shop, location }: Migrated): LocalEngine {
  const exists = (pid: number): boolean => pid === process.pid;
  const clock = scaledClock(shop.sandbox.world.clock);
  return new LocalEngine({ state: join(location, '..', 'restore'), clock, process: { pid: process.pid, exists } });
}

/** Who answers for a host at a balancer: the sandbox's programs say it in headers. */
function whoAnswers({ endpoints, world }: Sandbox, host: string, balancer: OldBalancer | undefined) {
  const address = [...world.balancing.classic.values()].find(({ dnsName }) => dnsName === balancer?.dnsName)
    ?.addresses[0];
  return new Promise<{ status: number | undefined; app: unknown; generation: unknown }>((resolve, reject) => {
    httpsRequest(
      { host: address, port: endpoints.ports[443], servername: host, headers: { Host: host }, ca: endpoints.caPem },
      (answer) => {
        answer.resume();
        resolve({
          status: answer.statusCode,
          app: answer.headers['x-app'],
          generation: answer.headers['x-generation'],
        });
      },
    )
      .on('error', reject)
      .end();
  });
}

describe('bringing the old app back after a whole migration', () => {
  test.each(['20171213132441', '20260421192651'])(
    'on rack %s: same environment, build, parameters, scale and links; it serves, and its records can be put back',
    async (rackVersion) => {
      const migrated = await migrate(rackVersion);
      const { shop, key, before, parameters, location } = migrated;
      const { ports } = shop.connection;
      const exported = await readOldAppExport(exportReader(location), signal);
      const source = { identityFile: key.identity };
      const environment = await readOldEnvironment({ rack: ports.rack, exported, source }, signal);
      const engine = engineFor(migrated);
      const events: MigrationEvent[] = [];
      const request = { ports, exported, environment, as: 'shop-old', engine };

      const plan = await planRestore(request, signal);
      const restored = await restoreOldApp({ ...request, listener: (event) => events.push(event) }, signal);

      expect(environment).toEqual(before);
      expect(plan.steps.every(({ state }) => state === 'todo')).toBe(true);
      expect(await ports.rack.apps.find('shop-old', signal)).toMatchObject({ generation: '1', status: 'running' });
      expect(await ports.rack.environment.get('shop-old', signal)).toEqual(before);
      const now = await ports.rack.apps.parameters('shop-old', signal);
      expect([now['WebFormation'], now['ApiFormation']]).toEqual([
        parameters['WebFormation'],
        parameters['ApiFormation'],
      ]);
      expect(now['WebPort443Listener']?.split(',')[1]).toBe(parameters['WebPort443Listener']?.split(',')[1]);
      expect((await ports.rack.resources.get('logs', signal)).linkedApps.toSorted()).toEqual(['shop', 'shop-old']);
      const web = restored.balancers.find(({ service }) => service === 'web');
      expect(await whoAnswers(shop.sandbox, 'shop.example.com', web)).toEqual({
        status: 200,
        app: 'shop-old',
        generation: '1',
      });

      // Again: nothing is done twice, and the same answer is given.
      const begun = shop.sandbox.world.counters.entries();
      const again = await restoreOldApp(request, signal);
      expect(again).toEqual(restored);
      expect(created(shop.sandbox.world.counters.entries())).toEqual(created(begun));

      // The records lead to the new balancers of the old app once they are put back, in their old form.
      const names = restored.records.changes.map(({ name, type }) => `${name} ${type}`);
      expect(names.toSorted()).toEqual([
        'api.corp.example.com CNAME',
        'shop.example.com A',
        'shop.example.com AAAA',
        'www.shop.example.com CNAME',
      ]);
      await ports.aws.restoreBatches(restored.records.batches, signal);
      const zone = [...shop.sandbox.world.route53.zones.values()].find(({ name }) => name === 'example.com.');
      const www = zone?.recordSets.find(({ name }) => name === 'www.shop.example.com.');
      expect(www).toMatchObject({ ttl: 300, values: [web?.dnsName] });
      expect((await restoreOldApp(request, signal)).records.batches).toEqual([]);

      // Under its own name, once the app that replaced it has gone.
      await ports.rack.resources.unlink('logs', 'shop', signal);
      await expect
        .poll(async () => (await ports.rack.resources.get('logs', signal)).status, { timeout: 20_000 })
        .toBe('running');
      const stack = (await ports.aws.findStack('convox-shop', signal))?.arn ?? '';
      await ports.rack.apps.delete('shop', signal);
      await expect
        .poll(async () => (await ports.aws.findStack(stack, signal))?.status, { timeout: 20_000 })
        .toBe('DELETE_COMPLETE');
      const own = await restoreOldApp({ ports, exported, environment, engine }, signal);
      expect(own.app).toBe('shop');
      expect(
        await whoAnswers(
          shop.sandbox,
          'shop.example.com',
          own.balancers.find(({ service }) => service === 'web'),
        ),
      ).toMatchObject({
        status: 200,
        app: 'shop',
        generation: '1',
      });
      expect(await ports.rack.builds.list('shop', {}, signal)).toHaveLength(1);

      const secrets = [SHOP_CANARY, SHOP_URL_CANARY, key.identity];
      const written = [...(await filesBelow(shop.state)).values(), JSON.stringify(events), JSON.stringify(plan)].join(
        '\n',
      );
      expect(secrets.filter((secret) => written.includes(secret))).toEqual([]);
      await shop.close();
    },
    MIGRATION_MS,
  );
});

function created(counters: readonly (readonly [string, number])[]) {
  return counters.filter(([call]) => /^rack (POST|PUT|DELETE)|Change/.test(call));
}

describe('what keeps the old app from coming back', () => {
  let migrated: Migrated;
  let exported: OldAppExport;
  beforeAll(async () => {
    migrated = await migrate('20180901000000');
    exported = await readOldAppExport(exportReader(migrated.location), signal);
  }, MIGRATION_MS);
  afterAll(() => migrated.shop.close());

  test('its name is taken by the app that replaced it', async () => {
    const { ports } = migrated.shop.connection;
    const request = { ports, exported, environment: migrated.before, engine: engineFor(migrated) };

    await expect(restoreOldApp(request, signal)).rejects.toMatchObject({
      code: 'APP_NAME_TAKEN',
      hint: expect.stringContaining('--as shop-old') as string,
    });
    await expect(planRestore(request, signal)).rejects.toMatchObject({ code: 'APP_NAME_TAKEN' });
  });

  test('a key it was not exported for, no key, or a file that is none', async () => {
    const { rack } = migrated.shop.connection.ports;
    const other = (await newExportKey()).identity;
    const open = (source: Parameters<typeof readOldEnvironment>[0]['source']) =>
      readOldEnvironment({ rack, exported, source }, signal);

    await expect(open({ identityFile: other })).rejects.toMatchObject({ code: 'EXPORT_KEY' });
    await expect(open({ identityFile: 'secret words' })).rejects.toMatchObject({ code: 'EXPORT_KEY' });
    await expect(open(undefined)).rejects.toMatchObject({
      code: 'ENVIRONMENT_NOT_EXPORTED',
      hint: expect.stringContaining('--key-file') as string,
    });
    const unsealed = { ...exported, environment: { ...exported.environment, sealed: undefined } };
    await expect(
      readOldEnvironment({ rack, exported: unsealed, source: { identityFile: migrated.key.identity } }, signal),
    ).rejects.toMatchObject({
      code: 'ENVIRONMENT_NOT_EXPORTED',
      hint: expect.stringContaining('--env-from shop') as string,
    });
  });

  test('the environment of the app that replaced it is taken only while it is the same', async () => {
    const { rack } = migrated.shop.connection.ports;
    const unsealed = { ...exported, environment: { ...exported.environment, sealed: undefined } };

    expect(await readOldEnvironment({ rack, exported: unsealed, source: { app: 'shop' } }, signal)).toEqual(
      migrated.before,
    );
    await expect(
      readOldEnvironment({ rack, exported: unsealed, source: { app: 'other' } }, signal),
    ).rejects.toMatchObject({ code: 'ENVIRONMENT_MISMATCH' });
  });

  test('an export that is missing, unfinished or damaged', async () => {
    const copy = join(migrated.shop.state, 'copy');
    const read = () => readOldAppExport(exportReader(copy), signal);
    await expect(read()).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
    await cp(migrated.location, copy, { recursive: true });

    for (const file of ['records.json', `${exported.build?.id ?? ''}.tgz`, 'environment.age']) {
      const whole = await readFile(join(copy, file));
      await writeFile(join(copy, file), whole.subarray(0, -3));
      await expect(read()).rejects.toMatchObject({
        code: 'EXPORT_DAMAGED',
        message: expect.stringContaining(file) as string,
      });
      await writeFile(join(copy, file), whole);
    }
    await writeFile(join(copy, 'SHA256SUMS'), 'nonsense');
    await expect(read()).rejects.toMatchObject({ code: 'EXPORT_DAMAGED' });
  });

  test('a rack that makes no generation 1, or is another one: nothing is begun', async () => {
    const { sandbox, connection } = migrated.shop;
    const { ports } = connection;
    const remove = sandbox.world.faults.add(({ operation }) =>
      operation === 'POST /apps' ? { type: 'error', status: 500, message: 'unknown generation: 1' } : undefined,
    );
    const request = { ports, exported, environment: migrated.before, as: 'shop-too', engine: engineFor(migrated) };

    await expect(restoreOldApp(request, signal)).rejects.toMatchObject({ code: 'RACK_UNSUPPORTED' });
    remove();

    const elsewhere = { ...exported, facts: { ...exported.facts, rack: { ...exported.facts.rack, name: 'staging' } } };
    await expect(restoreOldApp({ ...request, exported: elsewhere }, signal)).rejects.toMatchObject({
      code: 'EXPORT_MISMATCH',
    });
  });

  test(
    'stopped in the middle it goes on there, without a second app, build or release',
    async () => {
      const { sandbox, connection } = migrated.shop;
      const { ports } = connection;
      const stop = new AbortController();
      const request = { ports, exported, environment: migrated.before, as: 'shop-twice', engine: engineFor(migrated) };
      const listener = (event: MigrationEvent): void => {
        if (event.type === 'step-finished' && event.step === 'import-old-build')
          stop.abort(new Error('stopped by test'));
      };

      await expect(restoreOldApp({ ...request, listener }, stop.signal)).rejects.toMatchObject({ code: 'STOPPED' });
      const plan = await planRestore(request, signal);
      const { app } = await restoreOldApp(request, signal);

      expect(plan.steps.filter(({ state }) => state === 'done').map(({ id }) => id)).toEqual([
        'create-old-app',
        'restore-environment',
        'import-old-build',
      ]);
      expect(await ports.rack.apps.find(app, signal)).toMatchObject({ generation: '1', status: 'running' });
      expect(await ports.rack.builds.list(app, {}, signal)).toHaveLength(1);
      expect(sandbox.world.cloudFormation.list().filter(({ name }) => name === 'convox-shop-twice')).toHaveLength(1);
    },
    MIGRATION_MS,
  );
});
