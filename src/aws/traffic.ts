import { paginateGetMetricData, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import { askAll } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

/** A target group of the new app, by CloudWatch's names (the ends of the ARNs). */
export interface NewTrafficSource {
  /** How it is called in statements, e.g. the service. */
  readonly label: string;
  /** `app/<name>/<id>`. */
  readonly balancerMetricName: string;
  /** `targetgroup/<name>/<id>`. */
  readonly targetGroupMetricName: string;
}

/** A balancer of the old app. */
export interface OldTrafficSource {
  readonly label: string;
  readonly kind: 'classic' | 'application';
  /** The name of a classic one, `app/<name>/<id>` of another. */
  readonly metricName: string;
}

/** Counts of one side; one figure a minute, oldest first. */
export interface TrafficCount {
  readonly label: string;
  /** Requests; connections where a classic listener is TCP: compare trends, not values. */
  readonly requests: number;
  /** Answers of the app with HTTP 5xx. */
  readonly errors: number;
  readonly requestsPerMinute: readonly number[];
  readonly errorsPerMinute: readonly number[];
}

export interface TrafficReading {
  /** Whole minutes, ms since 1970; the end is not included. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly new: readonly TrafficCount[];
  readonly old: readonly TrafficCount[];
  /** HTTP 5xx the new side's balancers made themselves, for the whole rack: 502, 503, 504. */
  readonly balancerErrors: number;
}

export interface ReadTrafficOptions {
  readonly clients: Pick<AwsClients, 'cloudWatch'>;
  readonly newSources: readonly NewTrafficSource[];
  readonly oldSources: readonly OldTrafficSource[];
  /** Rounded down to whole minutes. */
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const QUERIES_PER_CALL = 500;

interface Metric {
  readonly namespace: 'AWS/ApplicationELB' | 'AWS/ELB';
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Reads both sides' request and error counts. No point means no traffic: CloudWatch has none then (ELB user guide, metrics). */
export async function readTraffic(options: ReadTrafficOptions, signal: AbortSignal): Promise<TrafficReading> {
  const { clients, newSources, oldSources } = options;
  const fromMs = Math.floor(options.fromMs / MINUTE_MS) * MINUTE_MS;
  const toMs = Math.floor(options.toMs / MINUTE_MS) * MINUTE_MS;
  const newMetrics = newSources.flatMap((source) => [requestsOfNew(source), errorsOfNew(source)]);
  const oldMetrics = oldSources.flatMap((source) => [requestsOfOld(source), errorsOfOld(source)]);
  const balancers = [...new Set(newSources.map(({ balancerMetricName }) => balancerMetricName))].map(balancerErrorsOf);

  const series = await readMetrics(clients, [...newMetrics, ...oldMetrics, ...balancers], fromMs, toMs, signal);
  const count = (label: string, at: number): TrafficCount => {
    const requestsPerMinute = series[at] ?? [];
    const errorsPerMinute = series[at + 1] ?? [];
    const [requests, errors] = [sum(requestsPerMinute), sum(errorsPerMinute)];
    return { label, requests, errors, requestsPerMinute, errorsPerMinute };
  };
  return {
    fromMs,
    toMs,
    new: newSources.map(({ label }, at) => count(label, at * 2)),
    old: oldSources.map(({ label }, at) => count(label, newMetrics.length + at * 2)),
    balancerErrors: sum(series.slice(newMetrics.length + oldMetrics.length).flat()),
  };
}

/** One list of figures a metric, one a minute, in the order asked for. */
async function readMetrics(
  clients: Pick<AwsClients, 'cloudWatch'>,
  metrics: readonly Metric[],
  fromMs: number,
  toMs: number,
  signal: AbortSignal,
): Promise<readonly (readonly number[])[]> {
  const minutes = Math.max(0, Math.round((toMs - fromMs) / MINUTE_MS));
  const series = metrics.map(() => new Array<number>(minutes).fill(0));
  for (let start = 0; start < metrics.length; start += QUERIES_PER_CALL) {
    const group = metrics.slice(start, start + QUERIES_PER_CALL);
    const results = await askAll(
      'read traffic figures',
      'cloudwatch:GetMetricData',
      (options) =>
        paginateGetMetricData(
          { client: clients.cloudWatch },
          {
            MetricDataQueries: group.map((metric, at) => query(`m${start + at}`, metric)),
            StartTime: new Date(fromMs),
            EndTime: new Date(toMs),
            ScanBy: 'TimestampAscending',
          },
          options,
        ),
      (page) => page.MetricDataResults,
      signal,
    );
    for (const { Id: id, Timestamps: times = [], Values: values = [] } of results) {
      const target = series[Number(id?.slice(1))];
      times.forEach((time, at) => {
        const minute = Math.floor((time.getTime() - fromMs) / MINUTE_MS);
        if (target !== undefined && minute >= 0 && minute < minutes) {
          target[minute] = (target[minute] ?? 0) + (values[at] ?? 0);
        }
      });
    }
  }
  return series;
}

function query(id: string, { namespace, name, dimensions }: Metric): MetricDataQuery {
  return {
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: 60,
      Stat: 'Sum',
    },
    ReturnData: true,
  };
}

function requestsOfNew({ balancerMetricName, targetGroupMetricName }: NewTrafficSource): Metric {
  const dimensions = { LoadBalancer: balancerMetricName, TargetGroup: targetGroupMetricName };
  return { namespace: 'AWS/ApplicationELB', name: 'RequestCount', dimensions };
}

function errorsOfNew(source: NewTrafficSource): Metric {
  return { ...requestsOfNew(source), name: 'HTTPCode_Target_5XX_Count' };
}

function requestsOfOld({ kind, metricName }: OldTrafficSource): Metric {
  return kind === 'classic'
    ? { namespace: 'AWS/ELB', name: 'RequestCount', dimensions: { LoadBalancerName: metricName } }
    : { namespace: 'AWS/ApplicationELB', name: 'RequestCount', dimensions: { LoadBalancer: metricName } };
}

function errorsOfOld(source: OldTrafficSource): Metric {
  const name = source.kind === 'classic' ? 'HTTPCode_Backend_5XX' : 'HTTPCode_Target_5XX_Count';
  return { ...requestsOfOld(source), name };
}

function balancerErrorsOf(metricName: string): Metric {
  return {
    namespace: 'AWS/ApplicationELB',
    name: 'HTTPCode_ELB_5XX_Count',
    dimensions: { LoadBalancer: metricName },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
