import { MigrationError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { waitFor } from '../time/wait.ts';
import { readTraffic, type ReadTrafficOptions, type TrafficCount, type TrafficReading } from './traffic.ts';

/** What counts as moved, and what as broken. */
export interface TrafficBounds {
  /** Share of the new side's answers that may be 5xx; default 0.01. */
  readonly maxErrorShare: number;
  /** So many errors are needed before the share counts; default 5. */
  readonly minErrors: number;
  /** Requests the new side must have had; default 1. */
  readonly minNewRequests: number;
  /** Share of all requests that may still come to the old side; default 0.01: resolvers that keep answers too long. */
  readonly maxOldShare: number;
}

const DEFAULT_TRAFFIC_BOUNDS: TrafficBounds = {
  maxErrorShare: 0.01,
  minErrors: 5,
  minNewRequests: 1,
  maxOldShare: 0.01,
};

export interface TrafficVerdict {
  readonly state: 'moved' | 'moving' | 'out-of-bounds';
  /** One sentence with the figures it rests on. */
  readonly says: string;
}

/** Judges one reading. */
export function judgeTraffic(reading: TrafficReading, bounds: TrafficBounds = DEFAULT_TRAFFIC_BOUNDS): TrafficVerdict {
  const [fresh, old] = [total(reading.new), total(reading.old)];
  const minutes = Math.round((reading.toMs - reading.fromMs) / 60_000);
  const figures =
    `${fresh.requests} requests to the new app (${fresh.errors} answered with 5xx), ` +
    `${old.requests} to the old one, in ${minutes} min`;
  if (fresh.errors >= bounds.minErrors && fresh.errors > fresh.requests * bounds.maxErrorShare) {
    return { state: 'out-of-bounds', says: `too many errors: ${figures}` };
  }
  const silent = reading.new.filter(({ requests }) => requests === 0).map(({ label }) => label);
  if (fresh.requests < bounds.minNewRequests)
    return { state: 'moving', says: `no traffic on the new app yet: ${figures}` };
  if (old.requests > (old.requests + fresh.requests) * bounds.maxOldShare) {
    return { state: 'moving', says: `traffic is still moving: ${figures}` };
  }
  const note = silent.length === 0 ? '' : `; none to ${silent.join(', ')}`;
  return { state: 'moved', says: `traffic has moved: ${figures}${note}` };
}

export interface WatchTrafficOptions extends Omit<ReadTrafficOptions, 'fromMs' | 'toMs'> {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Default 15 000. */
  readonly intervalMs?: number;
  /** How late CloudWatch's figures are; a minute counts once it is so old. Default 3 min. */
  readonly delayMs?: number;
  /** Minutes that must all lie after the change and be as they should; default 3. */
  readonly steadyMinutes?: number;
  /** When the records were changed (ms since 1970): nothing before counts. */
  readonly changedAtMs: number;
  readonly bounds?: TrafficBounds;
  readonly onReading?: (reading: TrafficReading, verdict: TrafficVerdict) => void;
}

/** Where the traffic was seen to be. */
export interface TrafficStatement {
  readonly says: string;
  readonly reading: TrafficReading;
}

/**
 * Watches old and new side by side until the traffic has moved.
 *
 * @throws {MigrationError} `TRAFFIC_OUT_OF_BOUNDS` when the new app's errors pass the bounds: put the records back;
 * `TIMED_OUT` with the last figures.
 */
export async function watchTraffic(options: WatchTrafficOptions, signal: AbortSignal): Promise<TrafficStatement> {
  const { clock, timeoutMs, intervalMs = 15_000, delayMs = 180_000, steadyMinutes = 3, bounds, onReading } = options;
  const firstMinuteMs = Math.ceil(options.changedAtMs / 60_000) * 60_000;
  return waitFor(
    async () => {
      const toMs = Math.floor((clock.now() - delayMs) / 60_000) * 60_000;
      const fromMs = Math.max(firstMinuteMs, toMs - steadyMinutes * 60_000);
      if (toMs <= fromMs) return { state: 'pending', saw: 'no figures of the time after the change yet' };
      const reading = await readTraffic({ ...options, fromMs, toMs }, signal);
      const verdict = judgeTraffic(reading, bounds);
      onReading?.(reading, verdict);
      if (verdict.state === 'out-of-bounds') return { state: 'failed', error: outOfBounds(verdict, reading) };
      if (verdict.state === 'moved' && toMs - fromMs >= steadyMinutes * 60_000) {
        return { state: 'ready', value: { says: verdict.says, reading } };
      }
      return { state: 'pending', saw: verdict.says };
    },
    {
      what: 'traffic to move to the new app',
      clock,
      timeoutMs,
      intervalMs,
      hint: 'Some clients keep old addresses or open connections for long; the old app goes on serving them.',
    },
    signal,
  );
}

function outOfBounds({ says }: TrafficVerdict, reading: TrafficReading): MigrationError {
  return new MigrationError('TRAFFIC_OUT_OF_BOUNDS', says, {
    hint: 'Put the records back (`gen2 rollback`); the old app still runs.',
    details: { reading },
  });
}

function total(counts: readonly TrafficCount[]): { readonly requests: number; readonly errors: number } {
  return {
    requests: counts.reduce((all, { requests }) => all + requests, 0),
    errors: counts.reduce((all, { errors }) => all + errors, 0),
  };
}
