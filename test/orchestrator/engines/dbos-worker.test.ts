import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MigrationError } from '../../../src/errors.ts';
import { DbosEngine } from '../../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { runWorker, type Drive, type WorkerEvent } from '../../../src/orchestrator/engines/dbos/worker.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { startPglite, type TestDatabase } from './dbos-database.ts';

const APP = { rack: 'convox', app: 'shop' };
const START = { ...APP, settings: {}, job: { kind: 'start' } } as const;
const LIMIT = { timeout: 30_000, interval: 50 };
const signal = new AbortController().signal;

describe('a worker', { timeout: 60_000 }, () => {
  let database: TestDatabase;
  let engine: DbosEngine;
  let stop: AbortController;
  let running: Promise<void> | undefined;
  let events: WorkerEvent[];

  beforeAll(async () => {
    database = await startPglite();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.clear();
    engine = new DbosEngine({ databaseUrl: database.url, clock: systemClock, pid: process.pid, leaseMs: 2_000 });
    stop = new AbortController();
    events = [];
  });
  afterEach(async () => {
    stop.abort();
    await running;
    running = undefined;
    await engine.close();
  });

  function start(drive: Drive): void {
    const onEvent = (event: WorkerEvent): void => void events.push(event);
    running = runWorker({ engine, drive, racks: ['convox'], onEvent }, stop.signal);
  }

  function told(type: WorkerEvent['type']): () => WorkerEvent | undefined {
    return () => events.find((event) => event.type === type);
  }

  test('gives the procedure the execution it has in hand, and completes it', async () => {
    await engine.submit(START);
    const settings: unknown[] = [];

    start(async (item, stopped) => {
      settings.push(item.settings, item.job);
      const execution = await item.engine.begin({ ...APP, settings: {} }, stopped);
      await execution.step('assess', () => Promise.resolve(true));
      const [view] = await item.engine.list(APP);
      expect(view?.holder).toContain(`process ${process.pid}`);
      await expect(item.engine.resume({ app: 'other' }, stopped)).rejects.toMatchObject({ code: 'EXECUTION_STATE' });
      await execution.finish('succeeded');
      await execution.release();
    });

    await expect.poll(told('finished'), LIMIT).toBeDefined();
    expect(settings).toEqual([{}, { kind: 'start' }]);
    expect((await engine.list(APP))[0]?.outcome).toBe('succeeded');
  });

  test('ends an execution that fails before anything was looked at: a new one may begin', async () => {
    await engine.submit(START);

    start(() => Promise.reject(new MigrationError('PLAN_BLOCKED', 'shop is locked')));

    await expect.poll(told('finished'), LIMIT).toBeDefined();
    const [view] = await engine.list(APP);
    expect(view?.outcome).toBe('failed');
    expect(view?.events).toContainEqual(expect.objectContaining({ code: 'PLAN_BLOCKED', message: 'shop is locked' }));
    expect((await engine.submit(START)).id).not.toBe(view?.id);
  });

  test('parks an execution that fails later, and goes on with it when somebody asks', async () => {
    await engine.submit(START);
    let tries = 0;

    start(async ({ execution }) => {
      tries += 1;
      await execution.step('assess', () => Promise.resolve(true));
      if (tries === 1) throw new MigrationError('BUILD_FAILED', 'no such base image');
      await execution.finish('succeeded');
    });

    await expect.poll(told('parked'), LIMIT).toMatchObject({ code: 'BUILD_FAILED', message: 'no such base image' });
    await expect.poll(async () => (await engine.list(APP))[0]?.holder, LIMIT).toBeUndefined();
    expect((await engine.list(APP))[0]?.outcome).toBeUndefined();
    await engine.request(APP, { kind: 'resume' }, signal);
    await expect.poll(told('finished'), LIMIT).toBeDefined();
    expect(tries).toBe(2);
  });

  test('that is told to stop lets the step end, and gives the execution back to the queue', async () => {
    await engine.submit(START);
    start(async ({ execution }, stopped) => {
      await execution.step('assess', () => Promise.resolve(true));
      await execution.step('wait', () => systemClock.sleep(60_000, stopped));
    });
    await expect.poll(async () => (await engine.list(APP))[0]?.results.has('assess'), LIMIT).toBe(true);

    stop.abort(new MigrationError('STOPPED', 'told to'));
    await running;

    expect(told('handed-on')()).toBeDefined();
    expect((await engine.list(APP))[0]).toMatchObject({ outcome: undefined, holder: undefined });
  });
});
