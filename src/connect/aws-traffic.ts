import { balancerMetricName } from '../aws/application-balancers.ts';
import { readTraffic, type OldTrafficSource, type ReadTrafficOptions } from '../aws/traffic.ts';
import type { OldBalancer, TrafficFacts, TrafficMinute, TrafficSources, TrafficWindow } from '../orchestrator/ports.ts';
import type { Clock } from '../time/clock.ts';
import type { AwsContext } from './aws-context.ts';
import { inMinute, MINUTE_MS, newestWindow, NO_FIGURES, whichOf } from './traffic-window.ts';

/** How late CloudWatch's figures are at most; a minute is certain once it is so old (aws-side observation: 2 to 3 minutes). */
const METRIC_DELAY_MS = 2 * MINUTE_MS;
/** Further back no figure is looked for that tells how far they have come. */
const NEWEST_REACH_MS = 6 * MINUTE_MS;

/** Both sides in the newest window of whole minutes since then. */
export async function readRecentTraffic(
  { clients, clock }: AwsContext,
  request: TrafficSources & TrafficWindow,
  signal: AbortSignal,
): Promise<TrafficFacts> {
  const { sinceMs, minutes, figures } = request;
  const certainMs = lastFigureMs(clock);
  const endMs = Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS;
  const firstMs = Math.ceil(sinceMs / MINUTE_MS) * MINUTE_MS;
  const windowMs = minutes * MINUTE_MS;
  const fromMs = Math.max(firstMs, figures === 'certain' ? certainMs - windowMs : endMs - NEWEST_REACH_MS - windowMs);
  if ((figures === 'certain' ? certainMs : endMs) - fromMs < MINUTE_MS) return NO_FIGURES;
  const reading = await readTraffic({ clients, ...sourcesOf(request), fromMs, toMs: endMs }, signal);
  return newestWindow(reading, { certainMs, minutes, figures, app: request.appStackName });
}

/** Requests at old balancers since then, the minute under way too: that there is one needs no complete figures. */
export async function readOldTraffic(
  { clients, clock }: AwsContext,
  { oldBalancers, sinceMs }: Pick<TrafficSources, 'oldBalancers'> & Pick<TrafficWindow, 'sinceMs'>,
  signal: AbortSignal,
): Promise<{ readonly requests: number; readonly says: string }> {
  const fromMs = Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS;
  const toMs = Math.max(fromMs, Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS) + MINUTE_MS;
  const oldSources = oldBalancers.map(oldSource);
  const { old } = await readTraffic({ clients, newSources: [], oldSources, fromMs, toMs }, signal);
  const requests = old.reduce((sum, count) => sum + count.requests, 0);
  const since = new Date(fromMs).toISOString().slice(11, 16);
  return { requests, says: `${requests} requests at the old balancers since ${since} UTC${whichOf(old)}` };
}

/** Both sides, minute by minute, up to the newest minute there are figures of. */
export async function readTrafficByMinute(
  { clients, clock }: AwsContext,
  request: TrafficSources & Pick<TrafficWindow, 'sinceMs'>,
  signal: AbortSignal,
): Promise<readonly TrafficMinute[]> {
  const toMs = lastFigureMs(clock);
  const fromMs = Math.floor(request.sinceMs / MINUTE_MS) * MINUTE_MS;
  if (toMs <= fromMs) return [];
  const reading = await readTraffic({ clients, ...sourcesOf(request), fromMs, toMs }, signal);
  return Array.from({ length: Math.round((toMs - fromMs) / MINUTE_MS) }, (_, minute) => ({
    at: fromMs + minute * MINUTE_MS,
    newRequests: inMinute(reading.new, 'requestsPerMinute', minute),
    newErrors: inMinute(reading.new, 'errorsPerMinute', minute),
    oldRequests: inMinute(reading.old, 'requestsPerMinute', minute),
    oldErrors: inMinute(reading.old, 'errorsPerMinute', minute),
  }));
}

function lastFigureMs(clock: Clock): number {
  return Math.floor((clock.now() - METRIC_DELAY_MS) / MINUTE_MS) * MINUTE_MS;
}

function oldSource({ name, kind, metricName }: OldBalancer): OldTrafficSource {
  return { label: name, kind, metricName };
}

function sourcesOf({ targets, oldBalancers }: TrafficSources): Pick<ReadTrafficOptions, 'newSources' | 'oldSources'> {
  return {
    newSources: targets.flatMap(({ service, targetGroupArns, balancerArn }) =>
      targetGroupArns.map((arn) => ({
        label: service,
        balancerMetricName: balancerMetricName(balancerArn),
        targetGroupMetricName: balancerMetricName(arn),
      })),
    ),
    oldSources: oldBalancers.map(oldSource),
  };
}
