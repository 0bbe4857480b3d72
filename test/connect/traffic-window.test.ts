import { describe, expect, test } from 'vitest';
import { MINUTE_MS, newestWindow } from '../../src/connect/traffic-window.ts';
import { boundsOf, isTooEarlyToJudge, judgeCounts } from '../../src/orchestrator/traffic/bounds.ts';

const FROM = Date.UTC(2026, 0, 5, 9, 0);

/** One figure a minute from 9:00 on, of each side. */
function reading(young: readonly number[], old: readonly number[], errorsOfYoung: readonly number[] = []) {
  const sum = (figures: readonly number[]): number => figures.reduce((a, b) => a + b, 0);
  const count = (label: string, requestsPerMinute: readonly number[], errors: readonly number[] = []) => {
    const errorsPerMinute = requestsPerMinute.map((_, minute) => errors[minute] ?? 0);
    return {
      label,
      requestsPerMinute,
      errorsPerMinute,
      requests: sum(requestsPerMinute),
      errors: sum(errorsPerMinute),
    };
  };
  return {
    ...{ fromMs: FROM, toMs: FROM + young.length * MINUTE_MS },
    ...{ new: [count('web', young, errorsOfYoung)], old: [count('shop-web', old)] },
  };
}

const at = (minute: number): number => FROM + minute * MINUTE_MS;

describe('the newest figures', () => {
  test('are those of the last minute in which the new side has any', () => {
    const facts = newestWindow(reading([0, 40, 50, 60, 0], [30, 20, 5, 0, 0]), {
      ...{ minutes: 1, figures: 'newest', certainMs: at(3), app: 'shop-gen2' },
    });

    expect(facts).toMatchObject({ newRequests: 60, oldRequests: 0, fromMs: at(3), toMs: at(4) });
  });

  test('are the certain ones where the new side has none: silence of both is not silence of the old one', () => {
    const facts = newestWindow(reading([0, 0, 0, 0], [30, 30, 0, 0]), {
      ...{ minutes: 1, figures: 'newest', certainMs: at(2), app: 'shop-gen2' },
    });

    expect(facts).toMatchObject({ newRequests: 0, oldRequests: 30, toMs: at(2) });
  });
});

describe('certain figures', () => {
  const certain = { minutes: 1, figures: 'certain', app: 'shop-gen2' } as const;

  test('are old enough, however many newer ones there are', () => {
    const facts = newestWindow(reading([50, 50, 50, 50], [9, 7, 0, 0]), { ...certain, certainMs: at(2) });

    expect(facts).toMatchObject({ oldRequests: 7, fromMs: at(1), toMs: at(2) });
    expect(facts.says).toContain('7 at the old balancers (shop-web 7)');
  });

  test('are none while no minute is old enough', () => {
    const facts = newestWindow(reading([50], [0]), { ...certain, certainMs: at(-1) });

    expect(facts).toMatchObject({ toMs: 0, says: expect.stringContaining('no figures') as string });
  });
});

describe('an app with few users', () => {
  const bounds = boundsOf({ app: 'shop', sourceFolder: '.', maxErrorPercent: 1 });
  const newest = (young: readonly number[], errors: readonly number[]) =>
    newestWindow(
      reading(
        young,
        young.map(() => 0),
        errors,
      ),
      {
        ...{ minutes: 1, figures: 'newest', certainMs: at(0), app: 'shop-gen2' },
      },
    );

  test('is judged by all that came lately', () => {
    const facts = newest([7, 8, 6], [2, 0, 1]);

    expect(facts).toMatchObject({ newRequests: 6, newErrors: 1, lately: { newRequests: 21, newErrors: 3 } });
    expect(judgeCounts(facts, bounds)).toMatch(/^14\.3 % of the requests to the new app fail.*in 3 min: 21 requests/);
    expect(isTooEarlyToJudge(facts)).toBe(false);
  });

  test('is not judged by less than twenty requests, nor taken as sound while some of them fail', () => {
    const [failing, sound] = [newest([7, 8], [2, 0]), newest([7, 8], [0, 0])];

    expect([judgeCounts(failing, bounds), isTooEarlyToJudge(failing)]).toEqual([undefined, true]);
    expect([judgeCounts(sound, bounds), isTooEarlyToJudge(sound)]).toEqual([undefined, false]);
  });

  test('is judged by the newest minute alone once that holds enough', () => {
    const facts = newest([10, 10, 400], [5, 5, 2]);

    expect(judgeCounts(facts, bounds)).toBeUndefined();
    expect(isTooEarlyToJudge(facts)).toBe(false);
  });
});
