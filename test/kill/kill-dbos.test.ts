import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DbosEngine } from '../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createDatabase, findServer, startPglite, type TestDatabase } from '../orchestrator/engines/dbos-database.ts';
import { killRun, type KillRunResult } from './kill-run.ts';
import { runMatrix } from './matrix.ts';
import { moveByWorkers } from './move-by-workers.ts';
import type { KillPoint } from './points.ts';

const LIMIT_MS = 60 * 60_000;
const TAKEN_OVER_WITHIN_MS = 30_000;
const server = await findServer();
/** Most of a run is the wait until the dead one's lease has ended. PGlite is one session, in this process. */
const AT_ONCE = server === undefined ? 3 : 4;

describe('a migration by two workers, of which the working one is killed', () => {
  let database: TestDatabase;
  let engine: DbosEngine;
  let runs = 0;

  beforeAll(async () => {
    database = await (server === undefined ? startPglite() : createDatabase(server));
    engine = new DbosEngine({ databaseUrl: database.url, clock: systemClock, pid: process.pid });
  });
  afterAll(async () => {
    await engine.close();
    await database.close();
  });

  /** Each on a rack of its own: one database keeps them all, and workers take only what is for their rack. */
  async function run(point: KillPoint): Promise<KillRunResult> {
    runs += 1;
    const rackName = `rack${String(runs).padStart(3, '0')}`;
    const result = await killRun(point, moveByWorkers(engine, database.url), rackName);
    const effects = JSON.parse(JSON.stringify(result.effects).replaceAll(rackName, 'rack')) as KillRunResult['effects'];
    return { ...result, effects };
  }

  test(
    'is taken over within 30 s and ends as if nothing had happened, wherever it was killed',
    async () => {
      const { bad } = await runMatrix({
        name: `kill matrix by workers on ${server === undefined ? 'PGlite' : 'PostgreSQL'}`,
        sample: process.env['GEN2_KILL_SAMPLE'] ?? '20',
        names: process.env['GEN2_KILL_POINTS'] ?? '',
        atOnce: AT_ONCE,
        run,
        judge: ({ died, takenOverMs }) =>
          !died || (takenOverMs ?? Infinity) < TAKEN_OVER_WITHIN_MS
            ? undefined
            : `taken over after ${takenOverMs ?? 'never'} ms`,
        print: (line) => process.stdout.write(`${line}\n`),
      });

      expect(bad).toEqual([]);
    },
    LIMIT_MS,
  );
});
