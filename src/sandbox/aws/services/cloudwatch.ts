import * as z from 'zod';
import { AwsRefusal, type MetricPoint, type Metrics } from '../../world.ts';
import type { Account } from '../account.ts';
import { jsonOperation, jsonService } from '../wire/json.ts';
import { pageOf } from '../wire/pages.ts';

/** CloudWatch API reference: GetMetricData takes 500 queries, GetMetricStatistics answers 1440 points, ListMetrics 500. */
const MAX_QUERIES = 500;
const MAX_POINTS = 1440;
const METRICS_PER_PAGE = 500;
const STATISTICS = ['Sum', 'SampleCount', 'Average', 'Minimum', 'Maximum'] as const;

const statistic = z.enum(STATISTICS);
const dimensions = z.array(z.object({ Name: z.string(), Value: z.string() })).default([]);
/** Both JSON's seconds and a text are times. */
const time = z.union([z.number().transform((value) => value * 1000), z.string().transform((text) => Date.parse(text))]);
const period = z.number().int().positive();

const metricQuery = z.object({
  Id: z.string(),
  Label: z.string().optional(),
  ReturnData: z.boolean().optional(),
  Expression: z.string().optional(),
  MetricStat: z
    .object({
      Metric: z.object({ Namespace: z.string(), MetricName: z.string(), Dimensions: dimensions }),
      Period: period,
      Stat: z.string(),
    })
    .optional(),
});

const getMetricDataInput = z.object({
  MetricDataQueries: z.array(metricQuery).min(1).max(MAX_QUERIES),
  StartTime: time,
  EndTime: time,
  ScanBy: z.enum(['TimestampAscending', 'TimestampDescending']).default('TimestampDescending'),
});

const getMetricStatisticsInput = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: dimensions,
  StartTime: time,
  EndTime: time,
  Period: period,
  Statistics: z.array(statistic).min(1),
});

const listMetricsInput = z.object({
  Namespace: z.string().optional(),
  MetricName: z.string().optional(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.string().optional() })).default([]),
  NextToken: z.string().optional(),
});

/** CloudWatch's JSON protocol, with the codes of its old query protocol, which its clients still expect. */
export const cloudWatchService = jsonService({
  id: 'monitoring',
  iamPrefix: 'cloudwatch',
  target: 'GraniteServiceVersion20100801',
  version: '1.0',
  codeOf: (code) => code,
  invalidCode: 'InvalidParameterValue',
  hasQueryErrors: true,
  operations: {
    GetMetricData: jsonOperation(getMetricDataInput, getMetricData),
    GetMetricStatistics: jsonOperation(getMetricStatisticsInput, getMetricStatistics),
    ListMetrics: jsonOperation(listMetricsInput, listMetrics),
  },
});

function getMetricData(input: z.infer<typeof getMetricDataInput>, account: Account): object {
  const range = { fromMs: input.StartTime, toMs: input.EndTime };
  checkRange(range);
  const results = input.MetricDataQueries.map(({ Id, Label, MetricStat }) => {
    if (MetricStat === undefined) {
      throw new AwsRefusal(
        'ValidationError',
        `The sandbox answers no metric expressions: query ${Id} has no MetricStat`,
      );
    }
    const { Metric, Period, Stat } = MetricStat;
    const points = read(account, Metric, { ...range, periodSeconds: Period, statistic: statisticOf(Stat) });
    const ordered = input.ScanBy === 'TimestampAscending' ? points : points.toReversed();
    return {
      Id,
      Label: Label ?? Metric.MetricName,
      Timestamps: ordered.map(({ at }) => at / 1000),
      Values: ordered.map(({ value }) => value),
      StatusCode: 'Complete',
    };
  });
  return { MetricDataResults: results, Messages: [] };
}

function getMetricStatistics(input: z.infer<typeof getMetricStatisticsInput>, account: Account): object {
  const range = { fromMs: input.StartTime, toMs: input.EndTime, periodSeconds: input.Period };
  checkRange(range);
  const requested = (range.toMs - range.fromMs) / (input.Period * 1000);
  if (requested > MAX_POINTS) {
    throw new AwsRefusal(
      'InvalidParameterCombination',
      `You have requested up to ${String(Math.ceil(requested))} datapoints, which exceeds the limit of ${String(MAX_POINTS)}. ` +
        'You may reduce the datapoints requested by increasing Period, or decreasing the time range.',
    );
  }
  const byTime = new Map<number, Record<string, number | string>>();
  for (const wanted of input.Statistics) {
    for (const { at, value } of read(account, input, { ...range, statistic: wanted })) {
      byTime.set(at, { Timestamp: at / 1000, Unit: 'Count', ...byTime.get(at), [wanted]: value });
    }
  }
  return { Label: input.MetricName, Datapoints: [...byTime.values()] };
}

function listMetrics(input: z.infer<typeof listMetricsInput>, account: Account): object {
  const found = listed(account).filter(
    (series) =>
      (input.Namespace === undefined || series.namespace === input.Namespace) &&
      (input.MetricName === undefined || series.name === input.MetricName) &&
      input.Dimensions.every(({ Name, Value }) => {
        const actual = series.dimensions[Name];
        return actual !== undefined && (Value === undefined || Value === actual);
      }),
  );
  const page = pageOf(found, {
    size: METRICS_PER_PAGE,
    token: input.NextToken,
    keyOf: (series) => JSON.stringify([series.namespace, series.name, series.dimensions]),
    invalidCode: 'InvalidParameterValue',
  });
  return {
    Metrics: page.items.map((series) => ({
      Namespace: series.namespace,
      MetricName: series.name,
      Dimensions: Object.entries(series.dimensions).map(([Name, Value]) => ({ Name, Value })),
    })),
    NextToken: page.next,
  };
}

interface MetricName {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
}

function read(
  account: Account,
  metric: MetricName,
  range: { fromMs: number; toMs: number; periodSeconds: number; statistic: string },
): readonly MetricPoint[] {
  if (!account.hasMetrics) return [];
  const named = Object.fromEntries(metric.Dimensions.map(({ Name, Value }) => [Name, Value]));
  return account.world.metrics.read(metric.Namespace, metric.MetricName, named, range);
}

function listed({ world, hasMetrics }: Account): ReturnType<Metrics['series']> {
  return hasMetrics ? world.metrics.series() : [];
}

function statisticOf(text: string): (typeof STATISTICS)[number] {
  const found = statistic.safeParse(text);
  if (found.success) return found.data;
  throw new AwsRefusal('ValidationError', `The value ${text} for parameter Stat is not answered by the sandbox`);
}

function checkRange({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): void {
  if (fromMs < toMs) return;
  throw new AwsRefusal('ValidationError', 'The parameter StartTime must be less than the parameter EndTime.');
}
