import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DbosEngine } from '../../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { playground, type Playground } from '../../cli/support/sandbox.ts';
import { spawnGen2, type SpawnedGen2 } from '../../cli/support/spawn-gen2.ts';
import { createDatabase, findServer, startPglite, type TestDatabase } from './dbos-database.ts';

const APP = { rack: 'convox', app: 'shop' };
const LONG_MS = 300_000;
const POLL = { timeout: 200_000, interval: 250 };
/** The request that changes something at which the working `gen2 worker` dies; test/kill has all the others. */
const POINT = 14;
const server = await findServer();

describe('a migration by workers', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await (server === undefined ? startPglite() : createDatabase(server));
  });
  afterAll(() => database.close());

  function follow(): DbosEngine {
    return new DbosEngine({ databaseUrl: database.url, clock: systemClock, pid: process.pid });
  }

  function startGen2({ env, folder }: Playground, ...argv: readonly string[]): SpawnedGen2 {
    return spawnGen2(argv, { env: { ...env, GEN2_STATE: database.url }, cwd: folder });
  }

  /** Says yes at every gate until it is over. */
  async function approveAll(engine: DbosEngine): Promise<string | undefined> {
    let outcome: string | undefined;
    await expect
      .poll(async () => {
        const [view] = await engine.list(APP);
        if (view?.openGate !== undefined) await engine.answer(APP, { approved: true, by: 'ann' });
        outcome = view?.outcome;
        return outcome;
      }, POLL)
      .toBeDefined();
    return outcome;
  }

  function count(mutations: Playground['mutations']): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const mutation of mutations) counts[mutation] = (counts[mutation] ?? 0) + 1;
    return counts;
  }

  test(
    'whose worker is killed ends as an undisturbed one would',
    async () => {
      await database.clear();
      const world = await playground({ scale: 400 });
      const engine = follow();
      const queued = await startGen2(world, 'migrate', 'shop', '--source', 'shop').ended;
      expect(queued.stdout).toContain('waits for a worker of rack convox');
      const first = startGen2(world, 'worker');
      let seen = 0;
      let killedAt = 0;
      world.sandbox.world.faults.add(({ mutates }) => {
        seen += mutates ? 1 : 0;
        if (killedAt > 0 || seen < POINT) return undefined;
        killedAt = performance.now();
        first.child.kill('SIGKILL');
        return { type: 'reset', applied: true };
      });
      await first.says(/ taken/);
      const second = startGen2(world, 'worker');
      const takenOver = second.says(/ taken/).then(() => performance.now() - killedAt);

      expect(await approveAll(engine)).toBe('succeeded');

      expect(killedAt).toBeGreaterThan(0);
      expect(await takenOver).toBeLessThan(30_000);
      // Neither worker did again what the other had done.
      expect(count(world.mutations)).toMatchObject({
        'rack POST /apps': 2,
        'rack POST /apps/shop-gen2/builds': 1,
        'rack POST /apps/shop/builds': 1,
        'rack DELETE /apps/shop-gen2': 1,
      });
      const status = await startGen2(world, 'status', 'shop', '--json').ended;
      expect(JSON.parse(status.stdout)).toMatchObject([{ outcome: 'succeeded', direction: 'forward' }]);
      second.child.kill('SIGTERM');
      expect((await second.ended).exitCode).toBe(0);
      await engine.close();
    },
    LONG_MS,
  );
});
