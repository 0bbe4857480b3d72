import { MigrationError, throwIfStopped } from '../../errors.ts';
import type { TrafficSources } from '../ports.ts';
import type { StepContext } from '../step.ts';
import { trafficSources } from '../traffic/sources.ts';
import { currentBalancers } from '../verification.ts';

const MINUTE = 60_000;
/** Shown before the first change, so that both sides of it can be compared. */
const MINUTES_BEFORE = 10;
/** A cutover in long stages: a figure a minute of the last hours is enough to judge it. */
const LONGEST_MS = 12 * 60 * MINUTE;

/** When the first change began that moved traffic, less some minutes of what was before. */
function trafficRecordStart(context: StepContext, changedAtMs: number): number {
  const { clock } = context.ports;
  return Math.max(changedAtMs - MINUTES_BEFORE * MINUTE, clock.now() - LONGEST_MS);
}

/**
 * Puts what both sides counted, minute by minute, on the record. The report is the better for it; the migration is none
 * the worse without: figures that cannot be read are a warning.
 */
async function recordTraffic(
  context: StepContext,
  { app, ...request }: TrafficSources & { readonly app: string; readonly sinceMs: number },
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  try {
    const minutes = await context.ports.aws.trafficByMinute(request, signal);
    if (minutes.length > 0) context.countTraffic(app, minutes);
  } catch (error) {
    if (!MigrationError.is(error)) throw error;
    context.warn(`the report will have no figures of the traffic at ${app}: ${error.message}`);
  }
}

/** Puts what both sides counted since the records were switched on the record. */
export async function keepCounts(
  context: StepContext,
  { changedAtMs, ...request }: TrafficSources & { readonly app: string; readonly changedAtMs: number },
  signal: AbortSignal,
): Promise<void> {
  const began = Number(context.recorded('began-at', 'switch-records') ?? changedAtMs);
  await recordTraffic(context, { ...request, sinceMs: trafficRecordStart(context, began) }, signal);
}

/** The same after a return, once the records are back: nothing may come before that. */
export async function keepCountsOfReturn(context: StepContext, signal: AbortSignal): Promise<void> {
  const { facts, ports } = context;
  try {
    const app = facts.temporaryApp;
    const sources = await trafficSources(context, { app, balancers: await currentBalancers(context, signal) }, signal);
    await keepCounts(context, { ...sources, app, changedAtMs: ports.clock.now() }, signal);
  } catch (error) {
    throwIfStopped(signal, 'counts of the return');
    if (!MigrationError.is(error)) throw error;
    // They are for the report; what may have made the return necessary must not make it fail.
    context.warn(`the traffic during the return could not be read: ${error.message}`);
  }
}
