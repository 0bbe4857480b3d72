import { afterEach, describe, expect, it } from 'vitest';
import { judgeTraffic, watchTraffic } from '../../src/aws/traffic-watch.ts';
import { readTraffic, type TrafficReading } from '../../src/aws/traffic.ts';
import { startScriptedAws, type Params, type Reply, type ScriptedAws } from './support/scripted-aws.ts';
import { signal, SteppingClock } from './support/signal.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 0, 1, 12);
const newSources = [{ label: 'web', balancerMetricName: 'app/lb/1', targetGroupMetricName: 'targetgroup/web/2' }];
const oldSources = [{ label: 'web', kind: 'classic' as const, metricName: 'shop-web-ABC' }];

interface Query {
  readonly Id: string;
  readonly MetricStat: {
    readonly Metric: {
      readonly MetricName: string;
      readonly Namespace: string;
      readonly Dimensions: readonly { Name: string; Value: string }[];
    };
  };
}

let aws: ScriptedAws | undefined;
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

/** CloudWatch with a figure a minute by metric; no point where the figure is 0, as AWS does. */
async function cloudWatch(figure: (metric: string, minuteMs: number) => number, asked: Params[] = []) {
  aws = await startScriptedAws({
    GetMetricData: (params): Reply => {
      asked.push(params);
      const {
        StartTime: from,
        EndTime: to,
        MetricDataQueries,
      } = params as { StartTime: number; EndTime: number; MetricDataQueries: Query[] };
      return {
        MetricDataResults: MetricDataQueries.map(({ Id, MetricStat: { Metric } }) => {
          const points: { at: number; value: number }[] = [];
          for (let at = from * 1000; at < to * 1000; at += MINUTE) {
            const value = figure(`${Metric.Namespace} ${Metric.MetricName}`, at);
            if (value > 0) points.push({ at: at / 1000, value });
          }
          return {
            Id,
            StatusCode: 'Complete',
            Timestamps: points.map(({ at }) => at),
            Values: points.map(({ value }) => value),
          };
        }),
      };
    },
  });
  return aws.clients();
}

const NEW = 'AWS/ApplicationELB RequestCount';
const NEW_ERRORS = 'AWS/ApplicationELB HTTPCode_Target_5XX_Count';
const OLD = 'AWS/ELB RequestCount';

describe('readTraffic', () => {
  it('reads both sides by minute, a missing point being no traffic', async () => {
    const asked: Params[] = [];
    const clients = await cloudWatch(
      (metric, at) => (metric === NEW ? 100 : metric === OLD && at === NOON ? 7 : 0),
      asked,
    );

    const reading = await readTraffic(
      { clients, newSources, oldSources, fromMs: NOON + 5, toMs: NOON + 3 * MINUTE },
      signal,
    );

    expect(reading).toEqual({
      fromMs: NOON,
      toMs: NOON + 3 * MINUTE,
      new: [{ label: 'web', requests: 300, errors: 0, requestsPerMinute: [100, 100, 100], errorsPerMinute: [0, 0, 0] }],
      old: [{ label: 'web', requests: 7, errors: 0, requestsPerMinute: [7, 0, 0], errorsPerMinute: [0, 0, 0] }],
      balancerErrors: 0,
    });
    const queries = asked[0]!['MetricDataQueries'] as Query[];
    expect(queries[0]!.MetricStat.Metric.Dimensions).toEqual([
      { Name: 'LoadBalancer', Value: 'app/lb/1' },
      { Name: 'TargetGroup', Value: 'targetgroup/web/2' },
    ]);
  });

  it('asks an old balancer that is an ALB by its own dimension', async () => {
    const asked: Params[] = [];
    const clients = await cloudWatch(() => 1, asked);

    await readTraffic(
      {
        clients,
        newSources: [],
        oldSources: [{ label: 'web', kind: 'application', metricName: 'app/old/9' }],
        fromMs: NOON,
        toMs: NOON + MINUTE,
      },
      signal,
    );

    const queries = asked[0]!['MetricDataQueries'] as Query[];
    expect(queries.map(({ MetricStat: { Metric } }) => Metric.MetricName)).toEqual([
      'RequestCount',
      'HTTPCode_Target_5XX_Count',
    ]);
  });
});

describe('judgeTraffic', () => {
  const reading = (fresh: number, errors: number, old: number): TrafficReading => ({
    fromMs: NOON,
    toMs: NOON + 3 * MINUTE,
    new: [{ label: 'web', requests: fresh, errors, requestsPerMinute: [], errorsPerMinute: [] }],
    old: [{ label: 'web', requests: old, errors: 0, requestsPerMinute: [], errorsPerMinute: [] }],
    balancerErrors: 0,
  });

  it.each([
    ['all of it is on the new side', reading(6000, 0, 0), 'moved'],
    ['a few stragglers are left', reading(6000, 0, 40), 'moved'],
    ['a good part is on the old side', reading(3000, 0, 3000), 'moving'],
    ['nothing is on the new side', reading(0, 0, 3000), 'moving'],
    ['nobody asks at all', reading(0, 0, 0), 'moving'],
    ['the new side answers with errors', reading(1000, 200, 0), 'out-of-bounds'],
    ['there are too few errors to judge by', reading(10, 4, 0), 'moved'],
  ])('when %s', (_, seen, state) => {
    expect(judgeTraffic(seen).state).toBe(state);
  });

  it('gives the figures it rests on', () => {
    expect(judgeTraffic(reading(6000, 1, 2)).says).toBe(
      'traffic has moved: 6000 requests to the new app (1 answered with 5xx), 2 to the old one, in 3 min',
    );
  });
});

describe('watchTraffic', () => {
  const watch = async (figure: (metric: string, minuteMs: number) => number, timeoutMs = 60 * MINUTE) => {
    const clock = new SteppingClock(NOON);
    const clients = await cloudWatch(figure);
    const statement = await watchTraffic(
      { clients, newSources, oldSources, clock, timeoutMs, changedAtMs: NOON + 1 },
      signal,
    );
    return { statement, clock };
  };

  it('waits for three minutes after the change, and for CloudWatch’s delay', async () => {
    const { statement, clock } = await watch((metric) => (metric === NEW ? 50 : 0));

    expect(statement.says).toContain('traffic has moved: 150 requests');
    expect(statement.reading.fromMs).toBe(NOON + MINUTE);
    expect(clock.now()).toBeGreaterThanOrEqual(NOON + 7 * MINUTE);
  });

  it('waits until the old side is quiet', async () => {
    const { statement } = await watch((metric, at) =>
      metric === NEW ? 50 : metric === OLD && at < NOON + 10 * MINUTE ? 50 : 0,
    );

    expect(statement.reading.fromMs).toBeGreaterThanOrEqual(NOON + 10 * MINUTE);
  });

  it('fails at once when the new side’s errors pass the bounds', async () => {
    await expect(watch((metric) => (metric === NEW ? 50 : metric === NEW_ERRORS ? 10 : 0))).rejects.toMatchObject({
      code: 'TRAFFIC_OUT_OF_BOUNDS',
      hint: expect.stringContaining('rollback') as string,
    });
  });

  it('says at its limit how far the traffic has come', async () => {
    await expect(watch((metric) => (metric === OLD ? 50 : 0), 20 * MINUTE)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('no traffic on the new app yet') as string,
    });
  });
});
