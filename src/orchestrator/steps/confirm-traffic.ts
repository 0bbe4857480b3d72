import { formatDuration } from '../../time/wait.ts';
import type { Clock } from '../../time/clock.ts';
import type { OldBalancer, TrafficFacts, TrafficSources } from '../ports.ts';
import { currentTry, failTry } from '../attempts.ts';
import { toDo, type Step, type StepContext } from '../step.ts';
import { boundsOf, describeBounds, isTooEarlyToJudge, judgeCounts, outOfBounds } from '../traffic/bounds.ts';
import { trafficSources } from '../traffic/sources.ts';
import { guarded, type Baseline, type Guard } from '../traffic/guard.ts';
import { oldTrafficLimit, QUIET_MS, recordQuiet } from '../traffic/old-traffic.ts';
import { switchRecords } from './cutover.ts';
import { currentBalancers } from '../verification.ts';
import { holdWhilePaused } from './stage-moves.ts';
import { keepCounts } from './traffic-record.ts';

const MINUTE = 60_000;
const LOOK_INTERVAL_MS = 20_000;
/** Our requests and CloudWatch's minutes are cut by two clocks. */
const CLOCK_SKEW_MS = 5_000;

/** Traffic arrives at the new app, and none at the old balancers. */
export const confirmTraffic: Step = {
  id: 'confirm-traffic',
  phase: 'cutover',
  title: 'Confirm the traffic',
  expectedMs: 4 * MINUTE,
  pausesItself: true,
  plan: ({ facts, settings }) =>
    toDo(
      `wait until requests arrive at ${facts.temporaryApp}, and up to ${formatDuration(oldTrafficLimit(settings))} until the old balancers get none; ` +
        `the records are put back on ${describeBounds(boundsOf(settings))}`,
    ),
  async run(context, signal) {
    const { temporaryApp: app, old } = context.facts;
    // Recorded before anybody was moved, gone through JSON. Asking the old app now would look like traffic to it.
    const baseline = (context.recorded('baseline', switchRecords.id) ?? {}) as Baseline;
    return guarded(
      context,
      { app, old: baseline },
      async (guard) => {
        const says = await waitForTraffic(context, { app, old: old.balancers, guard }, guard.signal);
        await holdWhilePaused(context, guard.signal);
        return says;
      },
      signal,
    );
  },
};

interface AwaitedTraffic {
  readonly app: string;
  readonly old: readonly OldBalancer[];
  readonly guard?: Guard;
  /** When its traffic began to count, ms since 1970; default: now. */
  readonly since?: number;
}

export async function waitForTraffic(
  context: StepContext,
  { app, old, guard, since }: AwaitedTraffic,
  signal: AbortSignal,
): Promise<string> {
  const { facts, ports, settings } = context;
  const balancers = await currentBalancers(context, signal);
  const sources = { ...(await trafficSources(context, { app, balancers }, signal)), oldBalancers: old };
  if (sources.targets.length === 0) return 'no service has a port';
  await context.once(`counted-at-${app}`, () => Promise.resolve(sources));
  const thisTry = currentTry(context, 'traffic-since');
  const isFinal = app !== facts.temporaryApp;
  const isFirst = thisTry.endsWith('-1');
  const sinceMs = await context.once(thisTry, () =>
    Promise.resolve((isFirst ? since : undefined) ?? ports.clock.now()),
  );
  const watchedSince = ports.clock.monotonic();
  const limitMs = oldTrafficLimit(settings);
  const says = await context.wait<string>(
    async () => {
      const traffic = await ports.aws.traffic({ ...sources, sinceMs, minutes: 1, figures: 'newest' }, signal);
      const { oldRequests, says: figures } = traffic;
      const problem = judgeCounts(traffic, boundsOf(settings));
      // Requests that failed up to now must not count against an app that has been mended.
      if (problem !== undefined)
        return await failTry(context, thisTry, outOfBounds(problem, isFinal ? hintForFinal(app) : undefined));
      const arrived = requestsOfOthers(traffic, guard);
      const isOldQuiet = old.length > 0 && oldRequests === 0 && traffic.toMs > 0;
      const elapsedMs = ports.clock.monotonic() - watchedSince;
      const tooFew = isTooEarlyToJudge(traffic)
        ? `${traffic.lately.says}: too few to judge their errors by`
        : undefined;
      if (tooFew !== undefined && elapsedMs < QUIET_MS) return { state: 'pending', saw: tooFew };
      const isQuiet = arrived + oldRequests === 0 && elapsedMs > QUIET_MS;
      if (isQuiet) context.warn(`nobody asked for ${app} within 10 minutes: that traffic arrives could not be seen`);
      if (isQuiet || (arrived > 0 && oldRequests === 0)) {
        if (tooFew !== undefined) context.warn(`requests to ${app} failed; ${tooFew}`);
        if (isOldQuiet) await recordQuiet(context, traffic.fromMs);
        return { state: 'ready', value: figures };
      }
      if (arrived > 0 && elapsedMs >= limitMs) {
        context.warn(`the old balancers are still used after ${formatDuration(elapsedMs)}: ${figures}`);
        return { state: 'ready', value: `${figures}; a person decides whether that may be cut off` };
      }
      const waits = arrived > 0 ? `, waits at most ${formatDuration(limitMs - elapsedMs)} for the old ones to end` : '';
      return { state: 'pending', saw: `${figures}${waits}` };
    },
    {
      what: `traffic to arrive at ${app} alone`,
      timeoutMs: Math.max(limitMs, QUIET_MS) + 5 * MINUTE,
      intervalMs: () => pauseToFigures(ports.clock),
      hint: 'No request of others arrives at the new app, while the old balancers get some. See where the names lead: `gen2 dns show`.',
    },
    signal,
  );
  // Until the final app has its domains, the temporary one serves: the record has no gap, though it is gone by now.
  const earlier = context.recorded(`counted-at-${facts.temporaryApp}`, confirmTraffic.id) as TrafficSources | undefined;
  await keepCounts(context, { ...sources, app, changedAtMs: sinceMs }, signal);
  if (isFinal && earlier !== undefined)
    await keepCounts(context, { ...earlier, oldBalancers: old, app: facts.temporaryApp, changedAtMs: sinceMs }, signal);
  return says;
}

/** Figures come a minute at a time: it is looked right after each, and in between, since nobody knows when. */
function pauseToFigures(clock: Clock): number {
  return Math.min(LOOK_INTERVAL_MS, MINUTE - (clock.now() % MINUTE) + 500);
}

/** Requests that are not the guard's own; it may have sent a few more than the window holds. */
function requestsOfOthers({ newRequests, fromMs, toMs }: TrafficFacts, guard: Guard | undefined): number {
  const own = guard?.sent(fromMs - CLOCK_SKEW_MS, toMs + CLOCK_SKEW_MS) ?? 0;
  return Math.max(0, newRequests - own);
}

function hintForFinal(app: string): string {
  return `The old app is gone: nothing is put back. Look at the logs of ${app}, deploy it mended, then: \`gen2 resume ${app}\`.`;
}
