import type { MetricPoint, Metrics, World } from '../world.ts';

const MINUTE_MS = 60_000;

interface Minute {
  sum: number;
  count: number;
  minimum: number;
  maximum: number;
}

interface Series {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** By minute since 1970. */
  readonly minutes: Map<number, Minute>;
}

/** CloudWatch's store: one row a minute and metric; minutes without traffic have no row (AWS docs). */
export function createMetrics(world: World): Metrics {
  const kept = new Map<string, Series>();

  return {
    add(namespace, name, dimensions, value) {
      const key = keyOf(namespace, name, dimensions);
      let series = kept.get(key);
      if (series === undefined) {
        series = { namespace, name, dimensions: { ...dimensions }, minutes: new Map() };
        kept.set(key, series);
      }
      const index = Math.floor(world.clock.now() / MINUTE_MS);
      const minute = series.minutes.get(index);
      if (minute === undefined) {
        series.minutes.set(index, { sum: value, count: 1, minimum: value, maximum: value });
        return;
      }
      minute.sum += value;
      minute.count += 1;
      minute.minimum = Math.min(minute.minimum, value);
      minute.maximum = Math.max(minute.maximum, value);
    },

    read(namespace, name, dimensions, { fromMs, toMs, periodSeconds, statistic }) {
      const series = kept.get(keyOf(namespace, name, dimensions));
      if (series === undefined) return [];
      const periodMs = Math.max(MINUTE_MS, periodSeconds * 1000);
      const visibleUntil = world.clock.now() - world.settings.durations.metricDelayMs;
      const periods = new Map<number, Minute>();
      for (const [index, minute] of series.minutes) {
        const at = index * MINUTE_MS;
        if (at + MINUTE_MS > visibleUntil) continue;
        const start = Math.floor(at / periodMs) * periodMs;
        if (start < Math.floor(fromMs / periodMs) * periodMs || start >= toMs) continue;
        const known = periods.get(start);
        periods.set(start, known === undefined ? minute : together(known, minute));
      }
      return [...periods].map(([at, minute]) => ({ at, value: valueOf(minute, statistic) })).toSorted(byTime);
    },

    series: () => [...kept.values()].filter(({ minutes }) => minutes.size > 0),
  };
}

function byTime(a: MetricPoint, b: MetricPoint): number {
  return a.at - b.at;
}

function together(a: Minute, b: Minute): Minute {
  return {
    sum: a.sum + b.sum,
    count: a.count + b.count,
    minimum: Math.min(a.minimum, b.minimum),
    maximum: Math.max(a.maximum, b.maximum),
  };
}

function valueOf(minute: Minute, statistic: string): number {
  switch (statistic) {
    case 'Sum':
      return minute.sum;
    case 'SampleCount':
      return minute.count;
    case 'Average':
      return minute.sum / minute.count;
    case 'Minimum':
      return minute.minimum;
    case 'Maximum':
      return minute.maximum;
    default:
      throw new Error(`the sandbox keeps no statistic ${statistic}: only Sum, SampleCount, Average, Minimum, Maximum`);
  }
}

/** Dimensions in any order name the same metric. */
function keyOf(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string {
  let key = `${namespace}\n${name}`;
  for (const dimension of Object.keys(dimensions).sort()) key += `\n${dimension}=${dimensions[dimension] ?? ''}`;
  return key;
}
