import { describe, expect, test } from 'vitest';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import { planMigration, startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration } from '../support/shop-migration.ts';
import { startShopTraffic } from '../support/shop-traffic.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

const signal = new AbortController().signal;

describe('a whole migration', () => {
  test.each(['20171213132441', '20180901000000', '20260421192651'])(
    'on rack %s ends with the app as generation 2 under its own name, with its environment, links and records',
    async (rackVersion) => {
      const shop = await startShopMigration({ scale: 120, rackVersion });
      const { rack } = shop.connection;
      const environment = await rack.environment.get('shop', signal);
      const before = worldSnapshot(shop.sandbox);
      const traffic = startShopTraffic(shop, { ratePerSecond: 40 });

      const { outcome } = await startMigration({ ...shop.request, settings: shop.settings }, signal);

      const report = await traffic.stop();
      expect(outcome).toBe('succeeded');
      const waits = shop.events.filter(({ type }) => type === 'waiting');
      expect(waits).toContainEqual(
        expect.objectContaining({ step: 'create-temporary-app', elapsedMs: 0, timeoutMs: 6_000 }),
      );
      expect(waits.filter((event) => !('timeoutMs' in event))).toEqual([]);
      const [view] = await shop.engine.list({ app: 'shop' });
      expect(looksThatSawNothingNew(view?.events ?? [])).toEqual([]);
      const counted = shop.events.flatMap((event) => (event.type === 'traffic' ? [event] : []));
      expect(counted.map(({ step, app }) => [step, app])).toEqual([
        ['confirm-traffic', 'shop-gen2'],
        ['confirm-final-traffic', 'shop'],
        ['confirm-final-traffic', 'shop-gen2'],
      ]);
      expect(counted[0]?.minutes.some(({ oldRequests, newRequests }) => oldRequests > 0 && newRequests === 0)).toBe(
        true,
      );
      expect(counted[1]?.minutes.at(-1)?.newRequests).toBeGreaterThan(0);
      expect(report.byCause).toEqual({});
      expect(report.sent).toBeGreaterThan(200);
      expect(await rack.apps.get('shop', signal)).toMatchObject({ generation: '2', status: 'running' });
      expect(await rack.apps.find('shop-gen2', signal)).toBeUndefined();
      const after = new Map(await rack.environment.get('shop', signal));
      expect([after.get('DOMAINS_WEB'), after.get('DOMAINS_API')]).toEqual([
        'shop.example.com,www.shop.example.com',
        'api.corp.example.com',
      ]);
      for (const name of ['DOMAINS_WEB', 'DOMAINS_API']) after.delete(name);
      expect(after).toEqual(environment);
      expect((await rack.resources.get('logs', signal)).linkedApps).toEqual(['shop']);
      expect(shop.sandbox.world.balancing.classic.size).toBe(
        before.balancers.filter((name) => !name.startsWith('arn:')).length - 2,
      );
      const www = worldSnapshot(shop.sandbox).zones['example.com.']?.find(
        ({ name }) => name === 'www.shop.example.com.',
      );
      expect(www?.ttl).toBe(300);
      await expect(
        undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'abort' }, signal),
      ).rejects.toMatchObject({ code: 'POINT_OF_NO_RETURN' });
      await shop.close();
    },
    150_000,
  );
});

/** Each wait is on the record with what it saw, and again only when it saw something else. */
function looksThatSawNothingNew(recorded: readonly MigrationEvent[]): readonly MigrationEvent[] {
  const looks = recorded.flatMap((event) => (event.type === 'waiting' ? [event] : []));
  expect(looks.length).toBeGreaterThan(20);
  return looks.filter(({ step, what, saw, at, elapsedMs }, index) => {
    const before = looks.slice(0, index).findLast((look) => look.step === step && look.what === what);
    if (before === undefined) return false;
    // A wait of the same name may begin anew, after the one before; times are whole milliseconds.
    const isSameWait = at - elapsedMs < before.at - 1;
    return isSameWait && before.saw === saw;
  });
}

describe('a plan', () => {
  test('reads only: its clients refuse every write before it leaves the process', async () => {
    const shop = await startShopMigration({ scale: 240 });
    const before = worldSnapshot(shop.sandbox);
    const { ports } = shop.readOnly;

    const plan = await planMigration({ ports, settings: shop.settings }, signal);

    expect(plan.findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
    expect(plan.steps.map(({ id }) => id)).toContain('delete-old-app');
    expect(worldSnapshot(shop.sandbox)).toEqual(before);
    const counted = shop.sandbox.world.counters.entries().map(([call]) => call);
    expect(counted.filter((call) => /^rack (POST|PUT|DELETE)|Change|Request|Create|Delete|Update/.test(call))).toEqual(
      [],
    );
    await expect(ports.rack.apps.delete('shop', signal)).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(ports.rack.environment.set('shop', new Map(), signal)).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(
      ports.aws.requestCertificate({ domains: ['shop.example.com'], key: 'k' }, signal),
    ).rejects.toMatchObject({ code: 'READ_ONLY' });
    const zone = [...shop.sandbox.world.route53.zones.values()].find(({ name }) => name === 'example.com.');
    const batch = {
      zoneId: zone?.id ?? '',
      zoneName: 'example.com',
      before: [],
      after: [{ Name: 'a.example.com', Type: 'A', TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] }],
    };
    await expect(ports.aws.applyBatch(batch, signal)).rejects.toMatchObject({ code: 'READ_ONLY' });
    expect(worldSnapshot(shop.sandbox)).toEqual(before);
    await shop.close();
  }, 60_000);

  test('holds no value of the environment', async () => {
    const shop = await startShopMigration({ scale: 240 });
    const environment = await shop.readOnly.ports.rack.environment.get('shop', signal);

    const text = JSON.stringify(await planMigration({ ports: shop.readOnly.ports, settings: shop.settings }, signal));

    const secrets = [...environment]
      .filter(([name]) => /SECRET|KEY|PASSWORD|TOKEN|DSN|URL/.test(name))
      .map(([, value]) => value);
    expect(secrets.length).toBeGreaterThan(5);
    for (const secret of secrets.filter((value) => value.length > 8))
      expect(text).not.toContain(JSON.stringify(secret).slice(1, -1));
    await shop.close();
  }, 60_000);
});

describe('what cannot be migrated', () => {
  test.each([
    [{ app: 'nosuch' }, 'APP_NOT_FOUND'],
    [{ app: 'other' }, 'APP_ALREADY_GEN2'],
    [{ temporaryApp: 'other' }, 'APP_NAME_TAKEN'],
    [{ sourceFolder: '/nowhere/at/all' }, 'SOURCE_INVALID'],
  ] as const)(
    '%o gives %s before anything is changed',
    async (change, code) => {
      const shop = await startShopMigration({ scale: 240 });
      const before = worldSnapshot(shop.sandbox);

      await expect(
        startMigration({ ...shop.request, settings: { ...shop.settings, ...change } }, signal),
      ).rejects.toMatchObject({
        code,
        hint: expect.stringMatching(/\w{4}/) as string,
      });

      expect(worldSnapshot(shop.sandbox)).toEqual(before);
      expect(await shop.engine.list({})).toEqual([]);
      await shop.close();
    },
    60_000,
  );

  test('an AWS user without permissions gets all missing actions named at once', async () => {
    const shop = await startShopMigration({ scale: 240 });
    const denied = ['ListHostedZones', 'DescribeRules', 'GetMetricData'];
    shop.sandbox.world.faults.add(({ operation }) => (denied.includes(operation) ? { type: 'deny' } : undefined));

    await expect(startMigration({ ...shop.request, settings: shop.settings }, signal)).rejects.toMatchObject({
      code: 'AWS_DENIED',
      message: expect.stringMatching(
        /GetMetricData, elasticloadbalancing:DescribeRules, route53:ListHostedZones/,
      ) as string,
    });
    await shop.close();
  }, 60_000);
});
