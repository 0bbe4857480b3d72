import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DbosEngine, type DbosEngineOptions } from '../../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { createDatabase, findServer, query, startPglite, type TestDatabase } from './dbos-database.ts';
import { engineContract } from './engine-contract.ts';

const REQUEST = { rack: 'convox', app: 'shop', settings: {} };
const signal = new AbortController().signal;
const server = await findServer();

function suite(start: () => Promise<TestDatabase>): void {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await start();
  });
  afterAll(async () => {
    await database.close();
  });

  function open(options: Partial<DbosEngineOptions> = {}): DbosEngine {
    return new DbosEngine({ databaseUrl: database.url, clock: systemClock, pid: process.pid, ...options });
  }

  engineContract(async () => {
    await database.clear();
    const engine = open();
    return { engine, close: () => engine.close() };
  });

  test('of many that begin at once on two machines exactly one runs', async () => {
    await database.clear();
    const engines = [open(), open()];

    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => engines[index % 2]!.begin(REQUEST, signal)),
    );

    const won = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected')
        expect(attempt.reason, String(attempt.reason)).toMatchObject({ code: 'EXECUTION_RUNNING' });
    }
    await won[0]!.value.release();
    await Promise.all(engines.map((engine) => engine.close()));
  });

  test('each step is a step of a DBOS workflow, and an execution that is over a complete workflow', async () => {
    await database.clear();
    const engine = open();
    const execution = await engine.begin(REQUEST, signal);
    await execution.step('assess', () => Promise.resolve({ looked: true }));
    await execution.finish('succeeded');
    await execution.release();

    const workflows = await query(database.url, 'select workflow_uuid, status from dbos.workflow_status');
    const steps = await query(database.url, 'select function_name from dbos.operation_outputs order by function_id');

    expect(workflows).toEqual([{ workflow_uuid: `convox/shop/${execution.id}`, status: 'SUCCESS' }]);
    expect(steps.map((step) => step['function_name'])).toEqual(['run', 'begin assess', 'assess', 'finish']);
    await expect(engine.resume({ app: 'shop' }, signal)).rejects.toMatchObject({ code: 'EXECUTION_FINISHED' });
    await engine.close();
  });

  test('whoever lost its hold to another process stops, and leaves it its hold', async () => {
    await database.clear();
    const engine = open({ leaseMs: 1_000 });
    const execution = await engine.begin(REQUEST, signal);
    await query(database.url, "update convox_gen2.lease set token = 'another', holder = 'somebody else'");

    const step = execution.step('slow', (stop) => systemClock.sleep(20_000, stop));

    await expect(step).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
    await execution.release();
    const [view] = await engine.list({ app: 'shop' });
    expect(view?.holder).toContain('somebody else'); // whose hold was not given up for it
    expect(view?.results.has('slow')).toBe(false);
    await engine.close();
  });

  test('with the policy to exit, a gate without an answer ends the run and says how to go on', async () => {
    await database.clear();
    const engine = open({ gatePolicy: 'exit' });
    const execution = await engine.begin(REQUEST, signal);

    await expect(execution.gate('commit', { title: 'Delete', shows: [] })).rejects.toMatchObject({
      code: 'GATE_PENDING',
    });
    await execution.release();
    await engine.close();
  });

  test('an approver in this process answers the gate, and the answer stays', async () => {
    await database.clear();
    const engine = open({ approver: () => Promise.resolve({ approved: true, by: 'operator' }) });
    const first = await engine.begin(REQUEST, signal);
    const answer = await first.gate('commit', { title: 'Delete', shows: [] });
    await first.release();

    const second = await engine.resume({ app: 'shop' }, signal);

    expect(answer).toEqual({ approved: true, by: 'operator' });
    expect(await second.gate('commit', { title: 'Delete', shows: [] })).toEqual(answer);
    await second.release();
    await engine.close();
  });
}

describe('the DBOS engine on PGlite', () => {
  suite(() => startPglite());
});

describe.skipIf(server === undefined)('the DBOS engine on a PostgreSQL server', () => {
  suite(() => createDatabase(server ?? ''));

  test('of many that use a new database at once each finds it ready', async () => {
    const fresh = await createDatabase(server ?? '');
    const options = { databaseUrl: fresh.url, clock: systemClock, pid: process.pid };
    const engines = Array.from({ length: 6 }, () => new DbosEngine(options));

    const views = await Promise.all(
      engines.map((engine, index) =>
        engine.submit({ rack: 'convox', app: `app-${index}`, settings: {}, job: { kind: 'start' } }),
      ),
    );

    expect(views.map(({ app }) => app)).toEqual(engines.map((_, index) => `app-${index}`));
    await Promise.all(engines.map((engine) => engine.close()));
    await fresh.close();
  });
});

describe('the DBOS engine without its database', () => {
  test('who keeps journals in a folder loads neither DBOS nor pg', async () => {
    const index = new URL('../../../src/index.ts', import.meta.url).href;
    const script = `
      await import(${JSON.stringify(index)});
      const { createRequire } = await import('node:module');
      const { cache } = createRequire(import.meta.url);
      console.log(Object.keys(cache).filter((path) => /node_modules.(@dbos-inc|pg)./.test(path)).length);`;

    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
    ]);

    expect(stdout.trim()).toBe('0');
  });

  test('a database that does not answer is named, its password is not', async () => {
    const databaseUrl = 'postgres://gen2:open-sesame@127.0.0.1:1/gen2';
    const engine = new DbosEngine({ databaseUrl, clock: systemClock, pid: process.pid });

    const failure = await engine.list({}).catch((error: unknown) => error);

    expect(failure).toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringContaining('127.0.0.1:1/gen2') as string,
    });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('open-sesame');
  });
});
