import { listServiceResources } from '../aws/app-targets.ts';
import { balancerMetricName } from '../aws/application-balancers.ts';
import { readTraffic, type OldTrafficSource, type TrafficCount, type TrafficReading } from '../aws/traffic.ts';
import type { OldBalancer, TrafficFacts, TrafficMinute, TrafficSources } from '../orchestrator/ports.ts';
import type { Clock } from '../time/clock.ts';
import type { AwsContext } from './aws-context.ts';

const MINUTE_MS = 60_000;
/** How late CloudWatch's figures are; a minute counts once it is so old (aws-side observation: 2 to 3 minutes). */
const METRIC_DELAY_MS = 2 * MINUTE_MS;
/** Minutes that are looked at together. */
const TRAFFIC_WINDOW_MINUTES = 2;

type Request = TrafficSources & { readonly sinceMs: number };

/** Both sides in the newest window of whole minutes since then. */
export async function readRecentTraffic(
  context: AwsContext,
  request: Request,
  signal: AbortSignal,
): Promise<TrafficFacts> {
  // That nobody asks the old side is known only of minutes whose figures are complete. Who asks the new side shows as
  // soon as there is a figure: where no old side is left, nothing else is waited for.
  const hasOldSide = request.oldBalancers.length > 0;
  const toMs = hasOldSide ? lastFigureMs(context.clock) : Math.floor(context.clock.now() / MINUTE_MS) * MINUTE_MS;
  const wantedMs = (hasOldSide ? TRAFFIC_WINDOW_MINUTES : 1) * MINUTE_MS;
  const firstMs = Math.ceil(request.sinceMs / MINUTE_MS) * MINUTE_MS;
  const fromMs = Math.max(firstMs, toMs - TRAFFIC_WINDOW_MINUTES * MINUTE_MS);
  if (toMs - fromMs < wantedMs) return NO_FIGURES;
  const reading = await readBothSides(context, request, { fromMs, toMs }, signal);
  const [young, old] = [total(reading.new), total(reading.old)];
  const minutes = Math.round((toMs - fromMs) / MINUTE_MS);
  const says = `in ${minutes} min: ${young.requests} requests at ${request.appStackName} (${young.errors} errors), ${old.requests} at the old balancers${whichOf(reading.old)}`;
  return {
    ...{ newRequests: young.requests, newErrors: young.errors },
    ...{ oldRequests: old.requests, oldErrors: old.errors, fromMs, toMs, says },
  };
}

/** Requests at old balancers since then, the minute under way too: that there is one needs no complete figures. */
export async function readOldTraffic(
  { clients, clock }: AwsContext,
  { oldBalancers, sinceMs }: Omit<Request, 'appStackName' | 'services'>,
  signal: AbortSignal,
): Promise<{ readonly requests: number; readonly says: string }> {
  const fromMs = Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS;
  const toMs = Math.max(fromMs, Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS) + MINUTE_MS;
  const oldSources = oldBalancers.map(oldSource);
  const { old } = await readTraffic({ clients, newSources: [], oldSources, fromMs, toMs }, signal);
  const { requests } = total(old);
  const since = new Date(fromMs).toISOString().slice(11, 16);
  return { requests, says: `${requests} requests at the old balancers since ${since} UTC${whichOf(old)}` };
}

/** Both sides, minute by minute, up to the newest minute there are figures of. */
export async function readTrafficByMinute(
  context: AwsContext,
  request: Request,
  signal: AbortSignal,
): Promise<readonly TrafficMinute[]> {
  const toMs = lastFigureMs(context.clock);
  const fromMs = Math.floor(request.sinceMs / MINUTE_MS) * MINUTE_MS;
  if (toMs <= fromMs) return [];
  const reading = await readBothSides(context, request, { fromMs, toMs }, signal);
  return Array.from({ length: Math.round((toMs - fromMs) / MINUTE_MS) }, (_, minute) => ({
    at: fromMs + minute * MINUTE_MS,
    newRequests: inMinute(reading.new, 'requestsPerMinute', minute),
    newErrors: inMinute(reading.new, 'errorsPerMinute', minute),
    oldRequests: inMinute(reading.old, 'requestsPerMinute', minute),
    oldErrors: inMinute(reading.old, 'errorsPerMinute', minute),
  }));
}

const NO_FIGURES: TrafficFacts = {
  newRequests: 0,
  newErrors: 0,
  oldRequests: 0,
  oldErrors: 0,
  fromMs: 0,
  toMs: 0,
  says: 'no figures of the time after the change yet',
};

function lastFigureMs(clock: Clock): number {
  return Math.floor((clock.now() - METRIC_DELAY_MS) / MINUTE_MS) * MINUTE_MS;
}

async function readBothSides(
  { clients }: AwsContext,
  { appStackName, services, oldBalancers }: TrafficSources,
  window: { readonly fromMs: number; readonly toMs: number },
  signal: AbortSignal,
): Promise<TrafficReading> {
  const names = services.map(({ name }) => name);
  const resources = await listServiceResources({ clients, stack: appStackName, services: names }, signal);
  const newSources = resources.flatMap(({ service, targetGroupArns }) => {
    const balancerArn = services.find(({ name }) => name === service)?.balancerArn ?? '';
    return targetGroupArns.map((arn) => ({
      label: service,
      balancerMetricName: balancerMetricName(balancerArn),
      targetGroupMetricName: balancerMetricName(arn),
    }));
  });
  const oldSources = oldBalancers.map(oldSource);
  return readTraffic({ clients, newSources, oldSources, ...window }, signal);
}

function oldSource({ name, kind, metricName }: OldBalancer): OldTrafficSource {
  return { label: name, kind, metricName };
}

/** The ones that get requests, each with how many. */
function whichOf(counts: readonly TrafficCount[]): string {
  const busy = counts.filter(({ requests }) => requests > 0).map(({ label, requests }) => `${label} ${requests}`);
  return busy.length === 0 ? '' : ` (${busy.join(', ')})`;
}

function total(counts: readonly TrafficCount[]): { readonly requests: number; readonly errors: number } {
  return {
    requests: counts.reduce((sum, { requests }) => sum + requests, 0),
    errors: counts.reduce((sum, { errors }) => sum + errors, 0),
  };
}

function inMinute(
  counts: readonly TrafficCount[],
  figure: 'requestsPerMinute' | 'errorsPerMinute',
  minute: number,
): number {
  return counts.reduce((sum, count) => sum + (count[figure][minute] ?? 0), 0);
}
