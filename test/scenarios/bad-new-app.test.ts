import { describe, expect, test } from 'vitest';
import { buildReport } from '../../src/cli/report/report.ts';
import { reportMarkdown } from '../../src/cli/report/report-markdown.ts';
import { startMigration } from '../../src/orchestrator/migrate.ts';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import type { Program } from '../../src/sandbox/model/compute.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { ChangingClock } from '../support/changing-clock.ts';
import { startShopMigration } from '../support/shop-migration.ts';
import { startShopTraffic } from '../support/shop-traffic.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

const signal = new AbortController().signal;
const MINUTE = 60_000;
const FAST = 240;
/** While the app is bad and nobody knows yet: as in real life, so that as many answers are seen in a minute. */
const WATCHING = 1;
/** From the bound to the records: what a busy machine adds to 5 s of the tool's time must be small. */
const RETURNING = 0.5;
const RETURN_MS = 5_000;
/** Zones whose records were moved, and are put back by one change each. */
const ZONES = 2;
/** As long as the worst visitor keeps an answer (three times its TTL) and then a connection, and some more. */
const CACHES_MS = 8 * MINUTE;
/** The old balancers' connection draining. */
const DRAINING_SECONDS = 90;

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
  // Far above three times what the old app takes on a busy machine.
  ['is slow', program({ latencyMs: 2_500 }), /one of five answers of the new app takes longer than/],
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

/** A migration at whose first stage the new app goes bad, on a clock that is slow where time is measured. */
async function startBadMigration(breakIt: (sandbox: Sandbox) => void) {
  let clock: ChangingClock | undefined;
  const shop = await startShopMigration({
    ...{ scale: FAST, rackVersion: '20260421192651' },
    toolClock: ({ world }) => (clock = new ChangingClock(world.clock.now(), FAST)),
  });
  if (clock === undefined) throw new Error('no clock');
  const time = clock;
  for (const balancer of shop.sandbox.world.balancing.classic.values()) balancer.drainingSeconds = DRAINING_SECONDS;
  const seen: { crossedAt: number; readonly returnedAt: number[]; drainedMs: number } = {
    ...{ crossedAt: Infinity, returnedAt: [], drainedMs: 0 },
  };
  shop.sandbox.world.faults.add(({ operation }) => {
    if (seen.crossedAt === Infinity || operation !== 'ChangeResourceRecordSets') return undefined;
    seen.returnedAt.push(time.now());
    // Every zone is being put back: what follows is waiting.
    if (seen.returnedAt.length === ZONES) setTimeout(() => time.setScale(FAST), 0);
    return undefined;
  });
  const listener = (event: MigrationEvent): void => {
    if (event.type === 'said' && event.message.includes('50 %')) {
      time.setScale(WATCHING);
      breakIt(shop.sandbox);
    }
    if (event.type === 'warning' && event.message.startsWith('bound crossed')) {
      seen.crossedAt = event.at;
      time.setScale(RETURNING);
    }
    if (event.type === 'waiting' && event.what.startsWith('caches to drop answers'))
      seen.drainedMs = event.timeoutMs ?? 0;
  };
  const settings = { ...shop.settings, stagePercents: [50, 100], bakeMs: 20 * MINUTE };
  return { shop, seen, request: { ...shop.request, settings, listener, until: 'cutover' as const } };
}

describe('a new app that goes bad at 50 %', () => {
  test.each(FAULTS)(
    '%s: the records are back within 5 s, then all traffic, the old app is untouched, and the report says why',
    async (_, breakIt, says) => {
      const { shop, seen, request } = await startBadMigration(breakIt);
      const { clock } = shop.sandbox.world;
      const before = recordsOfUsers(shop.sandbox);
      const tasks = tasksOf(shop.sandbox);
      const traffic = startShopTraffic(shop);

      const failure: unknown = await startMigration(request, signal).catch((error: unknown) => error);

      expect(String(failure)).toMatch(says);
      expect(failure).toMatchObject({ code: 'ROLLED_BACK' });
      expect(seen.returnedAt.length).toBeGreaterThanOrEqual(ZONES);
      expect((seen.returnedAt[ZONES - 1] ?? Infinity) - seen.crossedAt).toBeLessThanOrEqual(RETURN_MS);
      // The new TTL and a margin, then what connections that were open may take.
      expect(seen.drainedMs).toBe((60 + 5 + DRAINING_SECONDS) * 1_000);
      expect(recordsOfUsers(shop.sandbox)).toEqual(before);
      expect(tasksOf(shop.sandbox)).toEqual(tasks);
      const [view] = await shop.engine.list({ app: 'shop' });
      expect(view?.events.find(({ type }) => type === 'step-failed')).toMatchObject({
        step: 'switch-records',
        code: 'TRAFFIC_OUT_OF_BOUNDS',
        message: expect.stringMatching(says) as string,
      });
      expect(view && reportMarkdown(buildReport(view))).toMatch(says);
      await clock.sleep(CACHES_MS, signal);
      const backAt = clock.now();
      traffic.mark('back');
      await clock.sleep(12 * MINUTE, signal);
      const report = await traffic.stop();
      expect(report.failureGroups.filter(({ step }) => step === 'back')).toEqual([]);
      const answers = report.buckets.filter(({ atMs }) => atMs >= backAt).map(({ answeredBy }) => answeredBy);
      expect(new Set(answers.flatMap((answeredBy) => Object.keys(answeredBy)))).toEqual(new Set(['shop']));
      // They had been at the new app: the return is what brought them back.
      expect(Object.keys(report.answeredBy)).toContain('shop-gen2');
      await shop.close();
    },
    300_000,
  );
});
