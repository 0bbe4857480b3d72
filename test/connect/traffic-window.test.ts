import { describe, expect, test } from 'vitest';
import { MINUTE_MS, newestWindow } from '../../src/connect/traffic-window.ts';

const FROM = Date.UTC(2026, 0, 5, 9, 0);

/** One figure a minute from 9:00 on, of each side. */
function reading(young: readonly number[], old: readonly number[]) {
  const count = (label: string, requestsPerMinute: readonly number[]) => ({
    ...{ label, requestsPerMinute, errorsPerMinute: requestsPerMinute.map(() => 0), errors: 0 },
    requests: requestsPerMinute.reduce((a, b) => a + b, 0),
  });
  return {
    ...{ fromMs: FROM, toMs: FROM + young.length * MINUTE_MS },
    ...{ new: [count('web', young)], old: [count('shop-web', old)] },
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
