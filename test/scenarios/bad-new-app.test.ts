import { describe, expect, test } from 'vitest';
import { startMigration } from '../../src/orchestrator/migrate.ts';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import type { Program } from '../../src/sandbox/model/compute.ts';
import { startTraffic } from '../../src/sandbox/network/traffic/start-traffic.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { ChangingClock } from '../support/changing-clock.ts';
import { startShopMigration } from '../support/shop-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

const signal = new AbortController().signal;
const FAST = 240;
/** Slow enough that seconds can be told apart on a busy machine: 5 s are 2.5 s of real time. */
const SLOW = 2;
const RETURN_MS = 5_000;

/** The new app alone changes; the old one is built from the same source. */
const program =
  (change: Partial<Program>) =>
  ({ world }: Sandbox): void => {
    world.faults.programs.add({ app: 'shop-gen2' }, change);
  };

/** What goes wrong, and what the report says of it. */
const FAULTS: readonly (readonly [string, (sandbox: Sandbox) => void, RegExp])[] = [
  [
    'fails its health checks',
    program({ statusByPath: { '/health': 500 } }),
    /answers of the new app are wrong.*HTTP 50\d|\d of \d+ targets are healthy/,
  ],
  ['is slow', program({ latencyMs: 1_300 }), /one of five answers of the new app takes longer than/],
  ['answers 500 on 2 % of requests', program({ errorShare: 0.02 }), /are wrong \(\d.*HTTP 500/],
  ['answers with a redirect', program({ statusByPath: { '/': 301 } }), /HTTP 301 to/],
  ['shows the wrong certificate', takeCertificates, /the rack's own certificate/],
];

function takeCertificates({ world }: Sandbox): void {
  for (const balancer of world.balancing.loadBalancers.values())
    for (const listener of balancer.listeners.values()) listener.certificateArns.clear();
}

/** All but the proofs of certificates and what belongs to the temporary app. */
function recordsOfUsers(sandbox: Sandbox) {
  const { zones } = worldSnapshot(sandbox);
  return ['example.com.', 'corp.example.com.'].map((zone) => zones[zone]?.filter(({ name }) => !name.startsWith('_')));
}

function tasksOf({ world }: Sandbox) {
  return world.compute
    .tasks()
    .filter(({ definition }) => definition.app === 'shop')
    .map(({ id, state, definition }) => ({ id, state, release: definition.release }));
}

describe('a new app that goes bad at 50 %', () => {
  test.each(FAULTS)(
    '%s: the records are back within 5 s, the old app is untouched, and the report says why',
    async (_, breakIt, says) => {
      let clock: ChangingClock | undefined;
      const shop = await startShopMigration({
        ...{ scale: FAST, rackVersion: '20260421192651' },
        toolClock: ({ world }) => (clock = new ChangingClock(world.clock.now(), FAST)),
      });
      if (clock === undefined) throw new Error('no clock');
      const time = clock;
      const before = recordsOfUsers(shop.sandbox);
      const tasks = tasksOf(shop.sandbox);
      const traffic = startTraffic({
        endpoints: shop.sandbox.endpoints,
        clock: shop.sandbox.world.clock,
        ratePerSecond: 20,
        // What the machine is too slow for is no loss of the world's.
        timeoutMs: 60_000,
        targets: [
          { host: 'shop.example.com', scheme: 'https', path: '/', view: 'public', app: 'shop' },
          { host: 'api.corp.example.com', scheme: 'http', path: '/', view: 'vpc', app: 'shop' },
        ],
      });
      const changedAt: number[] = [];
      let crossedAt: number | undefined;
      shop.sandbox.world.faults.add(({ operation }) => {
        if (crossedAt === undefined || operation !== 'ChangeResourceRecordSets') return undefined;
        changedAt.push(time.now());
        // Both zones are being put back: what follows is waiting.
        if (changedAt.length === 2) setTimeout(() => time.setScale(FAST), 0);
        return undefined;
      });
      const listener = (event: MigrationEvent): void => {
        if (event.type === 'said' && event.message.includes('50 %')) {
          time.setScale(SLOW);
          breakIt(shop.sandbox);
        }
        if (event.type === 'warning' && event.message.startsWith('bound crossed')) crossedAt = event.at;
      };

      const failure: unknown = await startMigration(
        {
          ...shop.request,
          listener,
          until: 'cutover',
          settings: { ...shop.settings, stagePercents: [50, 100], bakeMs: 20 * 60_000 },
        },
        signal,
      ).catch((error: unknown) => error);

      expect(String(failure)).toMatch(says);
      expect(failure).toMatchObject({ code: 'ROLLED_BACK' });
      expect(changedAt.length).toBeGreaterThanOrEqual(2);
      expect((changedAt[1] ?? Infinity) - (crossedAt ?? 0)).toBeLessThanOrEqual(RETURN_MS);
      expect(recordsOfUsers(shop.sandbox)).toEqual(before);
      expect(tasksOf(shop.sandbox)).toEqual(tasks);
      const [view] = await shop.engine.list({ app: 'shop' });
      expect(view?.events.find(({ type }) => type === 'step-failed')).toMatchObject({
        step: 'switch-records',
        code: 'TRAFFIC_OUT_OF_BOUNDS',
        message: expect.stringMatching(says) as string,
      });
      // The longest any client keeps an answer and a connection: three TTLs, then three minutes.
      await shop.sandbox.world.clock.sleep(6 * 60_000, signal);
      traffic.mark('back');
      await shop.sandbox.world.clock.sleep(3 * 60_000, signal);
      const report = await traffic.stop();
      expect(report.failureGroups.filter(({ step }) => step === 'back')).toEqual([]);
      await shop.close();
    },
    300_000,
  );
});
