import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DbosEngine } from '../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { runWorker } from '../../src/orchestrator/engines/dbos/worker.ts';
import { systemClock } from '../../src/time/clock.ts';
import { query, startPglite, type TestDatabase } from '../orchestrator/engines/dbos-database.ts';
import { playground } from './support/sandbox.ts';
import { spawnGen2 } from './support/spawn-gen2.ts';

const MINUTE_MS = 60_000;

describe('doctor looks at the state', () => {
  test(
    'a folder: its path and room, or why it cannot be used; and this machine’s clock',
    async () => {
      const world = await playground();
      await writeFile(join(world.folder, 'in-the-way'), '');

      const fine = await world.run('doctor', '--state', 'states');
      const blocked = await world.run('doctor', '--state', 'in-the-way', '--json');

      expect(fine.exitCode).toBe(0);
      expect(fine.stdout).toMatch(/✓ state folder: \/.*\/states, \d+ MB free/);
      expect(fine.stdout).toMatch(/✓ clock of this machine: \d+ s from the clock of AWS/);
      expect(blocked.exitCode).toBe(6);
      expect(JSON.parse(blocked.stdout)).toContainEqual(
        expect.objectContaining({ what: 'state folder', ok: false, saw: expect.stringContaining('EEXIST') as string }),
      );
      expect(world.mutations).toEqual([]);
    },
    2 * MINUTE_MS,
  );

  describe('a database', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await startPglite('absent');
    }, MINUTE_MS);
    afterAll(() => database.close());

    /** What it says of the state alone; no rack is named, so the call as a whole fails. */
    async function stateOf(url: string): Promise<string> {
      const { stdout } = await spawnGen2(['doctor'], { env: { GEN2_STATE: url }, cwd: '/tmp' }).ended;
      return stdout;
    }

    test(
      'its version and tables, clock and workers; nothing is made by looking',
      async () => {
        const url = database.url.replace(':postgres@', ':pw-of-this-test@');
        const before = await stateOf(url);
        expect(before).toMatch(
          /✓ state database: postgres:\/\/127\.0\.0\.1:\d+\/postgres, PostgreSQL \d+.*made at the first use/,
        );
        expect(before).toMatch(/✓ clock of the database: \d+ s from the clock here/);
        expect(before).toContain('✓ workers: none is running: `gen2 worker` starts one');
        expect(before).not.toContain('pw-of-this-test');
        const schemas = await query(database.url, "select 1 from pg_namespace where nspname = 'convox_gen2'");
        expect(schemas).toEqual([]);

        const engine = new DbosEngine({ databaseUrl: database.url, clock: systemClock, pid: process.pid });
        const stop = new AbortController();
        let beats = 0;
        const onBeat = (): void => void (beats += 1);
        const running = runWorker({ engine, racks: ['convox'], drive: () => Promise.resolve(), onBeat }, stop.signal);
        await expect.poll(() => beats, { timeout: 30_000 }).toBeGreaterThan(1);
        const during = await stateOf(url);
        await query(
          database.url,
          `insert into convox_gen2.worker values ('dead', '{convox}', 'process 7 on far', now() - interval '1 hour', now() - interval '5 min')`,
        );
        stop.abort();
        await running;
        await engine.close();
        const after = await stateOf(url);

        expect(during).toContain('tables are there');
        expect(during).toMatch(new RegExp(`✓ workers: process ${process.pid} on \\S+ for convox`));
        expect(after).toMatch(/✓ workers: none is running.*; process 7 on far silent for 5 min/);
      },
      2 * MINUTE_MS,
    );

    test(
      'that cannot be reached',
      async () => {
        const stdout = await stateOf('postgres://gen2:secret-pw@127.0.0.1:1/gen2');

        expect(stdout).toMatch(
          /✗ state database: \[STATE_UNWRITABLE\] postgres:\/\/127\.0\.0\.1:1\/gen2: .*ECONNREFUSED/,
        );
        expect(stdout).not.toContain('secret-pw');
        expect(stdout).not.toContain('✓ workers');
      },
      MINUTE_MS,
    );
  });
});
