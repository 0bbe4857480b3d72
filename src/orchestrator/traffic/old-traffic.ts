/**
 * Requests that still, or again, come to the old balancers: what is deleted with the old app. Between a person's agreement
 * and the deletion days may pass.
 */
import { MigrationError } from '../../errors.ts';
import { formatDuration } from '../../time/wait.ts';
import type { StepContext } from '../step.ts';
import { servicesWithPort } from '../verification.ts';

const MINUTE = 60_000;
/** Connections to a classic ELB may idle for an hour (idle timeout 3600 s), long after DNS has moved. */
const OLD_TRAFFIC_TIMEOUT_MS = 75 * MINUTE;
/** An app that nobody asks for this long is taken as quiet; who comes back once may come back again. */
export const QUIET_MS = 10 * MINUTE;
/** How late CloudWatch's figures are at most, as `src/connect/aws-traffic.ts` has it. */
const LATEST_FIGURES_MS = 2 * MINUTE;

const CONFIRMED = { step: 'confirm-traffic', begun: 'traffic-since-1', name: 'quiet-since' };
const SHOWN = { step: 'approve-commit', busy: 'shown-busy', quiet: 'shown-quiet' };
const CUT_OFF = 'approve-cut-off';
const AGAIN = { step: 'delete-old-app', name: 'old-traffic-again' };

/** How long requests to the old balancers hold the migration up. */
export function oldTrafficLimit({ oldTrafficWaitMs }: StepContext['settings']): number {
  return oldTrafficWaitMs ?? OLD_TRAFFIC_TIMEOUT_MS;
}

/** Writes down since when nothing was seen to come to the old balancers (ms since 1970, a whole minute). */
export async function recordQuiet(context: StepContext, sinceMs: number): Promise<void> {
  await context.once(CONFIRMED.name, () => Promise.resolve(sinceMs));
}

/** The first silent minute was judged by the newest figures there were; before anything depends on it they are complete. */
async function untilFiguresAreComplete(context: StepContext): Promise<void> {
  const quietSince = context.recorded(CONFIRMED.name, CONFIRMED.step);
  if (typeof quietSince !== 'number') return;
  const leftMs = quietSince + MINUTE + LATEST_FIGURES_MS - context.ports.clock.now();
  if (leftMs > 0) await context.sleep('figures', leftMs, 'the figures of the silent minute to be complete');
}

/** What came to the old balancers in the last minutes, in words; undefined = nothing that there are figures of. */
async function oldTrafficNow(context: StepContext, signal: AbortSignal): Promise<string | undefined> {
  const { facts, ports } = context;
  const oldBalancers = facts.old.balancers;
  if (servicesWithPort(facts).length === 0 || oldBalancers.length === 0) return undefined;
  const recorded = (name: string): number => Number(context.recorded(name, CONFIRMED.step) ?? 0);
  // Until then the watch asked the old app itself.
  const unwatchedMs = Math.ceil(recorded(CONFIRMED.begun) / MINUTE) * MINUTE;
  // What came before was looked at when the traffic was confirmed: the last of it may be a few minutes old.
  const sinceMs = Math.max(unwatchedMs, recorded(CONFIRMED.name), ports.clock.now() - QUIET_MS);
  const { requests, says } = await ports.aws.oldTraffic({ oldBalancers, sinceMs }, signal);
  return requests === 0 ? undefined : says;
}

/** The line a person sees who is to agree to the deletion; what it says is written down. */
export async function showOldTraffic(context: StepContext, signal: AbortSignal): Promise<string> {
  const { app, temporaryApp } = context.facts;
  const traffic = await oldTrafficNow(context, signal);
  await context.once(traffic === undefined ? SHOWN.quiet : SHOWN.busy, () => Promise.resolve(true));
  if (traffic === undefined) return `${temporaryApp} serves all traffic of ${app}`;
  return `THE OLD BALANCERS ARE STILL USED, agreeing cuts that off: ${traffic}`;
}

/** True when traffic came back after the deletion was agreed to, and a person must say what becomes of it. */
export function isCutOffAsked(context: StepContext): boolean {
  return context.recorded(AGAIN.name, AGAIN.step) !== undefined;
}

/**
 * Right before the old app is deleted: nothing comes to its balancers, unless a person saw that and agreed. Holds it up
 * while there is traffic again, for as long as `oldTrafficLimit`.
 *
 * @throws {MigrationError} `INVARIANT` when it does not end; the next run asks a person.
 */
export async function waitUntilOldIsQuiet(context: StepContext, signal: AbortSignal): Promise<void> {
  // Every time it was shown: an answer may have been given to any of them.
  const sawTraffic =
    context.recorded(SHOWN.busy, SHOWN.step) !== undefined && context.recorded(SHOWN.quiet, SHOWN.step) === undefined;
  if (sawTraffic || context.recorded(CUT_OFF, 'gate') !== undefined) return;
  await untilFiguresAreComplete(context);
  const limitMs = oldTrafficLimit(context.settings);
  const startedAt = context.ports.clock.monotonic();
  const left = await context.wait<string | undefined>(
    async () => {
      const traffic = await oldTrafficNow(context, signal);
      if (traffic === undefined) return { state: 'ready', value: undefined };
      const elapsedMs = context.ports.clock.monotonic() - startedAt;
      if (elapsedMs >= limitMs) return { state: 'ready', value: traffic };
      return { state: 'pending', saw: `${traffic}, waits at most ${formatDuration(limitMs - elapsedMs)}` };
    },
    {
      what: 'the old balancers to be quiet again: they are used since their deletion was agreed to',
      timeoutMs: limitMs + 5 * MINUTE,
      intervalMs: 15_000,
    },
    signal,
  );
  if (left === undefined) return;
  await context.once(AGAIN.name, () => Promise.resolve(left));
  throw new MigrationError('INVARIANT', `nothing is deleted: the old balancers are used again: ${left}`, {
    hint: 'Find out who asks them (their access logs), and end it; `gen2 resume` looks again, shows it, and asks whether it may be cut off.',
    details: { traffic: left },
  });
}
