import { describe, expect, test } from 'vitest';
import { TimeScale } from '../../src/cli/report/html/time-scale.ts';

const HOUR = 3_600_000;

describe('the axis of the report', () => {
  test('is even where nothing was a pause', () => {
    const scale = new TimeScale({ startedAt: 1_000, endedAt: 5_000, pauses: [] });

    expect([1_000, 2_000, 3_000, 5_000].map((at) => scale.x(at))).toEqual([0, 0.25, 0.5, 1]);
    expect(scale.at(0.75)).toBe(4_000);
  });

  test('gives two days at a gate little room, and tells the time there all the same', () => {
    const pauses = [{ from: HOUR, to: 49 * HOUR }];
    const scale = new TimeScale({ startedAt: 0, endedAt: 50 * HOUR, pauses });

    const [before, after] = [scale.x(HOUR), scale.x(49 * HOUR)];
    expect(after - before).toBeLessThan(0.06);
    expect(before).toBeCloseTo(1 - after);
    expect(scale.at((before + after) / 2)).toBeCloseTo(25 * HOUR);
  });

  test('keeps what lies outside at its edge', () => {
    const scale = new TimeScale({ startedAt: 1_000, endedAt: 2_000, pauses: [] });

    expect([scale.x(0), scale.x(9_000)]).toEqual([0, 1]);
  });

  test.each([
    ['nothing had happened', { startedAt: 5, endedAt: 5, pauses: [] }],
    ['the clock was set back behind a pause', { startedAt: 0, endedAt: 100, pauses: [{ from: 200, to: HOUR }] }],
    ['all of it was a pause', { startedAt: 0, endedAt: HOUR, pauses: [{ from: 0, to: HOUR }] }],
  ])('grows from 0 to 1 even when %s', (_what, options) => {
    const scale = new TimeScale(options);

    const shares = [0, 50, 150, 1_000, HOUR, 2 * HOUR].map((at) => scale.x(at));

    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(0)).toBeGreaterThanOrEqual(0);
    expect(shares.at(-1)).toBe(1);
  });
});
