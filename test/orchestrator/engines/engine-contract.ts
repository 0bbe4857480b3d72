import { expect, test } from 'vitest';
import { MigrationError } from '../../../src/errors.ts';
import type { Engine, GateAnswer } from '../../../src/orchestrator/engine.ts';

export interface EngineUnderTest {
  readonly engine: Engine;
  close(): Promise<void>;
}

const REQUEST = { rack: 'convox', app: 'shop', settings: { app: 'shop', sourceFolder: '/src' } };
const YES: GateAnswer = { approved: true, by: 'ann' };

/** What every engine promises (DESIGN: the engine port). Run unchanged on each of them. */
export function engineContract(start: () => Promise<EngineUnderTest>): void {
  const withEngine = (name: string, body: (engine: Engine, signal: AbortSignal) => Promise<void>): void => {
    test(name, async () => {
      const { engine, close } = await start();
      try {
        await body(engine, new AbortController().signal);
      } finally {
        await close();
      }
    });
  };

  withEngine('a step runs once, and its result is given again after a restart', async (engine, signal) => {
    let runs = 0;
    const first = await engine.begin(REQUEST, signal);
    const before = await first.step('count', () => Promise.resolve({ runs: ++runs }));
    await first.release();

    const second = await engine.resume({ app: 'shop' }, signal);
    const after = await second.step('count', () => Promise.resolve({ runs: ++runs }));
    await second.release();

    expect([before, after, runs]).toEqual([{ runs: 1 }, { runs: 1 }, 1]);
  });

  withEngine('a step that failed runs again, and was seen to be started', async (engine, signal) => {
    const first = await engine.begin(REQUEST, signal);
    await expect(first.step('flaky', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(first.wasStarted('flaky')).toBe(true);
    await first.release();

    const second = await engine.resume({ app: 'shop' }, signal);
    expect(second.wasStarted('flaky')).toBe(true);
    expect(second.recorded('flaky')).toBeUndefined();
    expect(await second.step('flaky', () => Promise.resolve('here'))).toBe('here');
    await second.release();
  });

  withEngine('a step without a result is done all the same', async (engine, signal) => {
    const first = await engine.begin(REQUEST, signal);
    await first.step('quiet', () => Promise.resolve(undefined));
    await first.release();

    const second = await engine.resume({ app: 'shop' }, signal);
    let runs = 0;
    await second.step('quiet', () => Promise.resolve(++runs));

    expect(runs).toBe(0);
    await second.release();
  });

  withEngine('a paused execution holds before its next step, but not what must go on', async (engine, signal) => {
    const execution = await engine.begin(REQUEST, signal);
    await engine.pause({ app: 'shop' }, true);
    const done: string[] = [];
    const held = execution.step('held', () => Promise.resolve(done.push('held')));
    await execution.step('urgent', () => Promise.resolve(done.push('urgent')), { whilePaused: 'go-on' });
    expect(done).toEqual(['urgent']);
    expect(await execution.steering()).toMatchObject({ isPaused: true });
    await engine.pause({ app: 'shop' }, false);
    await held;

    expect(done).toEqual(['urgent', 'held']);
    await execution.release();
  });

  withEngine(
    'the last stage asked for is seen by whoever works on it until it is forgotten',
    async (engine, signal) => {
      const first = await engine.begin(REQUEST, signal);
      await engine.stage({ app: 'shop' }, 25);
      await engine.stage({ app: 'shop' }, 50);
      await first.release();

      const second = await engine.resume({ app: 'shop' }, signal);
      expect(await second.steering()).toEqual({ isPaused: false, stagePercent: 50 });
      // One that was asked for before is not the one that stands.
      await second.forgetStage(25);
      expect(await second.steering()).toMatchObject({ stagePercent: 50 });
      await second.forgetStage(50);
      expect(await second.steering()).toMatchObject({ stagePercent: undefined });
      await second.release();
    },
  );

  withEngine('a gate waits for an answer from anywhere and is not asked again', async (engine, signal) => {
    const execution = await engine.begin(REQUEST, signal);
    const asked = execution.gate('commit', { title: 'Delete the old app', shows: ['shop'] });
    await expect.poll(async () => (await engine.list({ app: 'shop' }))[0]?.openGate?.gate).toBe('commit');
    await engine.answer({ app: 'shop' }, YES);

    expect(await asked).toEqual(YES);
    expect(await execution.gate('commit', { title: 'Delete the old app', shows: [] })).toEqual(YES);
    await execution.release();
  });

  withEngine('an answer given while nobody works on it is found on resume', async (engine, signal) => {
    const stop = new AbortController();
    const first = await engine.begin(REQUEST, stop.signal);
    const asked = first.gate('commit', { title: 'Delete', shows: [] });
    await expect.poll(async () => (await engine.list({ app: 'shop' }))[0]?.openGate?.gate).toBe('commit');
    stop.abort(new MigrationError('STOPPED', 'interrupted'));
    await expect(asked).rejects.toMatchObject({ code: 'STOPPED' });
    await first.release();
    await engine.answer({ app: 'shop' }, { approved: false, by: 'bob', comment: 'not today' });

    const second = await engine.resume({ app: 'shop' }, signal);

    expect(await second.gate('commit', { title: 'Delete', shows: [] })).toEqual({
      approved: false,
      by: 'bob',
      comment: 'not today',
    });
    await second.release();
  });

  withEngine('answering when no gate is open is refused', async (engine, signal) => {
    const execution = await engine.begin(REQUEST, signal);

    await expect(engine.answer({ app: 'shop' }, YES)).rejects.toMatchObject({ code: 'EXECUTION_STATE' });
    await execution.release();
  });

  withEngine('two executions for one app cannot run at once', async (engine, signal) => {
    const execution = await engine.begin(REQUEST, signal);

    await expect(engine.begin(REQUEST, signal)).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
    await expect(engine.resume({ app: 'shop' }, signal)).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
    await execution.release();
  });

  withEngine('a new execution is refused while the last one is not over', async (engine, signal) => {
    const first = await engine.begin(REQUEST, signal);
    await first.release();

    await expect(engine.begin(REQUEST, signal)).rejects.toMatchObject({ code: 'EXECUTION_STATE' });

    const again = await engine.resume({ app: 'shop' }, signal);
    await again.finish('aborted');
    await again.release();
    const next = await engine.begin(REQUEST, signal);
    expect(next.id).not.toBe(first.id);
    await next.release();
  });

  withEngine('a turn is for good', async (engine, signal) => {
    const first = await engine.begin(REQUEST, signal);
    await first.turn('rollback', 'errors at the new app');
    expect(first.direction).toBe('rollback');
    await first.release();

    const second = await engine.resume({ app: 'shop' }, signal);
    expect(second.direction).toBe('rollback');
    await second.release();
  });

  withEngine('a sleep that was begun before a restart is not begun anew', async (engine, signal) => {
    const first = await engine.begin(REQUEST, signal);
    await first.sleep('ttl', 1);
    await first.release();

    const second = await engine.resume({ app: 'shop' }, signal);
    const before = performance.now();
    await second.sleep('ttl', 3_600_000);
    expect(performance.now() - before).toBeLessThan(60_000);
    await second.release();
  });

  withEngine('a paused execution holds before its next step until it is told to go on', async (engine, signal) => {
    const execution = await engine.begin(REQUEST, signal);
    await engine.pause({ app: 'shop' }, true);
    let ran = false;
    const step = execution.step('next', () => {
      ran = true;
      return Promise.resolve(true);
    });
    await expect.poll(async () => (await engine.list({ app: 'shop' }))[0]?.isPaused).toBe(true);
    expect(ran).toBe(false);

    await engine.pause({ app: 'shop' }, false);
    await step;

    expect(ran).toBe(true);
    await execution.release();
  });

  withEngine('its record tells what happened, to others and while it runs', async (engine, signal) => {
    const execution = await engine.begin(REQUEST, signal);
    await execution.step('one', () => Promise.resolve('done'));
    await execution.announce({ type: 'said', step: 'one', message: 'hello', at: 5 });

    const [view] = await engine.list({ rack: 'convox', app: 'shop' });

    expect(view).toMatchObject({
      id: execution.id,
      rack: 'convox',
      app: 'shop',
      direction: 'forward',
      outcome: undefined,
    });
    expect(view?.results.get('one')).toBe('done');
    expect(view?.events).toContainEqual({ type: 'said', step: 'one', message: 'hello', at: 5 });
    expect(view?.holder).toBeDefined();
    await execution.finish('succeeded');
    await execution.release();
    expect((await engine.list({ app: 'shop' }))[0]).toMatchObject({ outcome: 'succeeded', holder: undefined });
  });

  withEngine('an app nobody migrated has no execution', async (engine, signal) => {
    await expect(engine.resume({ app: 'other' }, signal)).rejects.toMatchObject({ code: 'EXECUTION_NOT_FOUND' });
    expect(await engine.list({ app: 'other' })).toEqual([]);
  });
}
