import {
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  type CloudWatchClient,
} from '@aws-sdk/client-cloudwatch';
import { expect } from 'vitest';
import type { World } from '../../../src/sandbox/world.ts';
import { makeAwsWorld, makeClients, test } from './aws-world.ts';

const NAMESPACE = 'AWS/ApplicationELB';
const DIMENSIONS = { LoadBalancer: 'app/router/1', TargetGroup: 'targetgroup/web/2' };
const MINUTE_MS = 60_000;

/** Stops the world's clock for as long as `act` takes. */
function atOneMoment<T>({ clock }: World, act: (nowMs: number) => T): T {
  const nowMs = clock.now();
  Object.defineProperty(clock, 'now', { value: () => nowMs, configurable: true });
  try {
    return act(nowMs);
  } finally {
    Reflect.deleteProperty(clock, 'now');
  }
}

/** Two minutes later everything counted so far can be read. */
async function untilVisible(world: World): Promise<void> {
  await world.clock.delay(MINUTE_MS + world.settings.durations.metricDelayMs + 2 * world.settings.scale);
}

function sums(client: CloudWatchClient, world: World, region = DIMENSIONS) {
  return client.send(
    new GetMetricDataCommand({
      StartTime: new Date(world.clock.now() - 60 * MINUTE_MS),
      EndTime: new Date(world.clock.now()),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [
        {
          Id: 'm0',
          MetricStat: {
            Metric: {
              Namespace: NAMESPACE,
              MetricName: 'RequestCount',
              // Dimensions name the same metric in any order.
              Dimensions: Object.entries(region)
                .toReversed()
                .map(([Name, Value]) => ({ Name, Value })),
            },
            Period: 60,
            Stat: 'Sum',
          },
        },
      ],
    }),
  );
}

test('what was counted within a minute is one point, at the minute’s begin', async ({ aws: { world }, clients }) => {
  const at = atOneMoment(world, (nowMs) => {
    world.metrics.add(NAMESPACE, 'RequestCount', DIMENSIONS, 1);
    world.metrics.add(NAMESPACE, 'RequestCount', DIMENSIONS, 1);
    return nowMs;
  });

  await untilVisible(world);
  const { MetricDataResults } = await sums(clients.cloudWatch, world);

  const [result] = MetricDataResults ?? [];
  expect(result).toMatchObject({
    Id: 'm0',
    StatusCode: 'Complete',
    Values: [2],
    Timestamps: [new Date(Math.floor(at / MINUTE_MS) * MINUTE_MS)],
  });
});

test('a minute that has just been counted is not to be seen yet', async ({ aws: { world }, clients }) => {
  const soon = atOneMoment(world, (nowMs) => {
    world.metrics.add(NAMESPACE, 'RequestCount', DIMENSIONS, 1);
    return world.metrics.read(NAMESPACE, 'RequestCount', DIMENSIONS, {
      fromMs: 0,
      toMs: nowMs + 1,
      periodSeconds: 60,
      statistic: 'Sum',
    });
  });
  await untilVisible(world);
  const { MetricDataResults } = await sums(clients.cloudWatch, world);

  expect(soon).toEqual([]);
  expect(MetricDataResults?.[0]?.Values).toEqual([1]);
});

test('without traffic there is no point, not a zero', async ({ aws: { world }, clients }) => {
  world.metrics.add(NAMESPACE, 'RequestCount', DIMENSIONS, 1);

  await untilVisible(world);
  const { MetricDataResults } = await sums(clients.cloudWatch, world, {
    ...DIMENSIONS,
    TargetGroup: 'targetgroup/x/3',
  });

  expect(MetricDataResults).toMatchObject([{ Id: 'm0', Values: [], Timestamps: [] }]);
});

test('another region has counted nothing', async ({ aws: { world }, endpoint }) => {
  const { cloudWatch } = makeClients(endpoint, { region: 'eu-west-1' });
  world.metrics.add(NAMESPACE, 'RequestCount', DIMENSIONS, 1);

  await untilVisible(world);
  const { MetricDataResults } = await sums(cloudWatch, world);

  expect(MetricDataResults?.[0]?.Values).toEqual([]);
});

test('statistics of a longer period put its minutes together', () => {
  const { world } = makeAwsWorld();
  let now = Date.UTC(2026, 0, 5, 9, 0, 0);
  Object.defineProperty(world.clock, 'now', { value: () => now });
  const count = (value: number): void => {
    world.metrics.add('AWS/ELB', 'Latency', { LoadBalancerName: 'shop' }, value);
  };
  count(2);
  count(4);
  now += MINUTE_MS;
  count(9);
  now += 10 * MINUTE_MS;
  const read = (statistic: string) =>
    world.metrics.read(
      'AWS/ELB',
      'Latency',
      { LoadBalancerName: 'shop' },
      {
        fromMs: now - 60 * MINUTE_MS,
        toMs: now,
        periodSeconds: 300,
        statistic,
      },
    );

  const values = ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'].map((name) =>
    read(name).map(({ value }) => value),
  );
  world.clock.close();

  expect(values).toEqual([[15], [5], [2], [9], [3]]);
});

test('the older call answers the same points, and refuses more than 1440', async ({ aws: { world }, clients }) => {
  world.metrics.add('AWS/ELB', 'RequestCount', { LoadBalancerName: 'shop' }, 7);
  await untilVisible(world);
  const ask = (hours: number) =>
    clients.cloudWatch.send(
      new GetMetricStatisticsCommand({
        Namespace: 'AWS/ELB',
        MetricName: 'RequestCount',
        Dimensions: [{ Name: 'LoadBalancerName', Value: 'shop' }],
        StartTime: new Date(world.clock.now() - hours * 60 * MINUTE_MS),
        EndTime: new Date(world.clock.now()),
        Period: 60,
        Statistics: ['Sum', 'SampleCount'],
      }),
    );

  const { Datapoints } = await ask(1);

  expect(Datapoints).toMatchObject([{ Sum: 7, SampleCount: 1 }]);
  await expect(ask(25)).rejects.toMatchObject({
    message: expect.stringContaining('exceeds the limit of 1440') as string,
  });
});

test('metrics are listed by what they are about', async ({ aws: { world }, clients }) => {
  world.metrics.add(NAMESPACE, 'RequestCount', DIMENSIONS, 1);
  world.metrics.add('AWS/ELB', 'RequestCount', { LoadBalancerName: 'shop' }, 1);

  const { Metrics } = await clients.cloudWatch.send(
    new ListMetricsCommand({ Dimensions: [{ Name: 'LoadBalancerName', Value: 'shop' }] }),
  );

  expect(Metrics).toEqual([
    { Namespace: 'AWS/ELB', MetricName: 'RequestCount', Dimensions: [{ Name: 'LoadBalancerName', Value: 'shop' }] },
  ]);
});

test('an expression is refused, not answered wrongly', async ({ aws: { world }, clients }) => {
  await expect(
    clients.cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(world.clock.now() - MINUTE_MS),
        EndTime: new Date(world.clock.now()),
        MetricDataQueries: [{ Id: 'e1', Expression: 'FILL(m1, 0)' }],
      }),
    ),
  ).rejects.toMatchObject({ message: expect.stringContaining('answers no metric expressions') as string });
});
