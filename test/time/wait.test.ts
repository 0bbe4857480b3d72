import { describe, expect, test } from 'vitest';
import { MigrationError } from '../../src/errors.ts';
import { ManualClock, scaledClock, systemClock } from '../../src/time/clock.ts';
import { formatDuration, growingPace, waitFor } from '../../src/time/wait.ts';

const signal = new AbortController().signal;

describe('waiting', () => {
  test('gives the value as soon as the probe is ready, having told what it saw before', async () => {
    const clock = new ManualClock();
    const seen: string[] = [];
    let looks = 0;
    const waiting = waitFor(
      () =>
        Promise.resolve(++looks < 3 ? { state: 'pending', saw: `look ${looks}` } : { state: 'ready', value: 'here' }),
      { what: 'it', timeoutMs: 60_000, clock, onPending: (saw) => seen.push(saw) },
      signal,
    );
    await clock.advance(10_000);

    expect(await waiting).toBe('here');
    expect(seen).toEqual(['look 1', 'look 2']);
    expect(clock.sleeping).toBe(0);
  });

  test('looks first when something can be there, then often, and less often the longer it takes', async () => {
    const clock = new ManualClock(0);
    const at: number[] = [];
    const waiting = waitFor(
      () => {
        at.push(clock.monotonic());
        return Promise.resolve(at.length < 9 ? { state: 'pending', saw: 'work' } : { state: 'ready', value: 'done' });
      },
      {
        ...{ what: 'it', timeoutMs: 3_600_000, clock },
        intervalMs: growingPace({ firstMs: 60_000, everyMs: 2_000 }),
      },
      signal,
    );
    await clock.advance(600_000);

    expect(await waiting).toBe('done');
    expect(at.slice(0, 4)).toEqual([0, 60_000, 62_000, 64_000]);
    expect((at[8] ?? 0) - (at[7] ?? 0)).toBeGreaterThan(2_000);
    expect(growingPace({ firstMs: 60_000, everyMs: 2_000 })(24 * 3_600_000)).toBe(20_000);
  });

  test('looks at once when there is a sign, and goes on in its pace when it was a wrong one', async () => {
    const clock = new ManualClock(0);
    const at: number[] = [];
    let give = (): void => undefined;
    const sign = new Promise<void>((resolve) => (give = resolve));
    const waiting = waitFor(
      () => {
        at.push(clock.monotonic());
        return Promise.resolve(at.length < 4 ? { state: 'pending', saw: 'work' } : { state: 'ready', value: 'done' });
      },
      { what: 'it', timeoutMs: 3_600_000, intervalMs: 30_000, clock, sign },
      signal,
    );
    await clock.advance(40_000);
    give();
    await clock.advance(60_000);

    expect(await waiting).toBe('done');
    expect(at).toEqual([0, 30_000, 40_000, 70_000]);
    expect(clock.sleeping).toBe(0);
  });

  test('says at its limit what was seen last', async () => {
    const clock = new ManualClock();
    const waiting = waitFor(
      () => Promise.resolve({ state: 'pending', saw: 'UPDATE_IN_PROGRESS' }),
      { what: 'the stack', timeoutMs: 5_000, clock, hint: 'look at its events' },
      signal,
    );
    const outcome = expect(waiting).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: 'the stack: not reached within 5 s; last seen: UPDATE_IN_PROGRESS',
      hint: 'look at its events',
    });
    await clock.advance(6_000);

    await outcome;
  });

  test.each([
    ['forwards', 3_600_000],
    ['backwards', -3_600_000],
  ])('takes as long as it was given, though the clock is set %s by an hour meanwhile', async (_way, byMs) => {
    const clock = new ManualClock();
    let looks = 0;
    const waiting = waitFor(
      () => Promise.resolve({ state: 'pending', saw: `look ${++looks}` }),
      { what: 'the stack', timeoutMs: 60_000, intervalMs: 10_000, clock },
      signal,
    );
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'TIMED_OUT', details: { elapsedMs: 60_000 } });
    await clock.advance(15_000);
    clock.jump(byMs);
    await clock.advance(60_000);

    await outcome;
    expect(looks).toBe(7);
  });

  test('goes on over errors that will pass, and stops at others', async () => {
    const clock = new ManualClock();
    const errors = [
      new MigrationError('RACK_UNREACHABLE', 'away', { retryable: true }),
      new MigrationError('RACK_REFUSED', 'no'),
    ];
    const waiting = waitFor(() => Promise.reject(errors.shift()!), { what: 'it', timeoutMs: 60_000, clock }, signal);
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'RACK_REFUSED' });
    await clock.advance(5_000);

    await outcome;
  });

  test('ends at once when it is stopped, with the reason', async () => {
    const stop = new AbortController();
    const waiting = waitFor(
      () => Promise.resolve({ state: 'pending', saw: 'nothing' }),
      { what: 'it', timeoutMs: 3_600_000, clock: systemClock },
      stop.signal,
    );
    stop.abort(new MigrationError('STOPPED', 'Ctrl-C'));

    await expect(waiting).rejects.toMatchObject({ code: 'STOPPED', message: 'Ctrl-C' });
  });

  test('reports the failure a probe found', async () => {
    const failure = new MigrationError('STACK_FAILED', 'rolled back', { retryable: true });

    await expect(
      waitFor(
        () => Promise.resolve({ state: 'failed', error: failure }),
        { what: 'it', timeoutMs: 1000, clock: systemClock },
        signal,
      ),
    ).rejects.toBe(failure);
  });

  test('a scaled clock runs as many times faster', () => {
    const clock = scaledClock({ scale: 60, startMs: 1_000_000, realStartMs: Date.now() - 1000 });

    expect(clock.now()).toBeGreaterThanOrEqual(1_060_000);
    expect(clock.now()).toBeLessThan(1_120_000);
  });

  test.each([
    [850, '850 ms'],
    [12_000, '12 s'],
    [200_000, '3 min 20 s'],
    [120_000, '2 min'],
    [7_500_000, '2 h 5 min'],
  ])('%i ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
