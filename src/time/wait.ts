import { MigrationError, stopped, throwIfStopped } from '../errors.ts';
import type { Clock } from './clock.ts';

/** What a probe saw. `pending` carries, in words, what there is to see while waiting. */
export type Observation<T> =
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'pending'; readonly saw: string }
  | { readonly state: 'failed'; readonly error: Error };

export interface WaitOptions {
  /** What is awaited, as it is shown to a person: "stack convox-shop to be deleted". */
  readonly what: string;
  /** Pause between two probes in ms; default 1500, so that a change is noticed after 0.75 s on average. */
  readonly intervalMs?: number | Pace;
  /** A sign that it is worth looking: ends the pause in which it resolves. Must not reject. */
  readonly sign?: Promise<unknown>;
  /** Limit in ms; the error then says what was seen last. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Called after each pending probe, for progress. */
  readonly onPending?: (saw: string, elapsedMs: number) => void;
  /** True for an error of the probe that only means "ask again"; default: `retryable` MigrationErrors. */
  readonly isTransient?: (error: unknown) => boolean;
  /** What to do when the limit is reached. */
  readonly hint?: string;
}

/** The pause before the next probe, ms, by how long has been waited, ms. */
export type Pace = (elapsedMs: number) => number;

export const DEFAULT_INTERVAL_MS = 1500;
/** Of the time waited: an end is noticed half of it later on average. */
const PACE_SHARE = 0.03;
const LONGEST_PAUSE_MS = 20_000;

/**
 * For what takes its time: nothing to see before `firstMs`; then a look every `everyMs`, and less often the longer it
 * takes (every 3 % of the time passed, at most 20 s).
 */
export function growingPace({ firstMs, everyMs }: { readonly firstMs: number; readonly everyMs: number }): Pace {
  return (elapsedMs) =>
    elapsedMs < firstMs
      ? Math.max(everyMs, firstMs - elapsedMs)
      : Math.min(LONGEST_PAUSE_MS, Math.max(everyMs, elapsedMs * PACE_SHARE));
}

/**
 * The one way to wait: asks `probe` until it is ready, has failed, or the limit is reached.
 *
 * @throws {MigrationError} `TIMED_OUT` with the last thing seen, `STOPPED` when aborted, or the probe's own error.
 */
export async function waitFor<T>(
  probe: (signal: AbortSignal) => Promise<Observation<T>>,
  options: WaitOptions,
  signal: AbortSignal,
): Promise<T> {
  const { what, clock, timeoutMs, intervalMs = DEFAULT_INTERVAL_MS } = options;
  const isTransient = options.isTransient ?? ((error) => MigrationError.is(error) && error.retryable);
  const startedAt = clock.monotonic();
  const woken = new AbortController();
  void options.sign?.then(() => woken.abort());
  const pause = async (ms: number): Promise<void> => {
    if (options.sign === undefined || woken.signal.aborted) return clock.sleep(ms, signal);
    await clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch((error: unknown) => {
      if (signal.aborted) throw error;
    });
  };
  let saw: string;
  for (;;) {
    throwIfStopped(signal, what);
    try {
      const observation = await probe(signal);
      if (observation.state === 'ready') return observation.value;
      if (observation.state === 'failed') throw new ProbeFailure(observation.error);
      saw = observation.saw;
    } catch (error) {
      if (error instanceof ProbeFailure) throw error.failure;
      throwIfStopped(signal, what);
      if (!isTransient(error)) throw error;
      saw = error instanceof Error ? error.message : String(error);
    }
    const elapsedMs = clock.monotonic() - startedAt;
    options.onPending?.(saw, elapsedMs);
    if (elapsedMs >= timeoutMs) {
      throw new MigrationError(
        'TIMED_OUT',
        `${what}: not reached within ${formatDuration(timeoutMs)}; last seen: ${saw}`,
        {
          hint: options.hint,
          details: { what, saw, elapsedMs, timeoutMs },
        },
      );
    }
    try {
      const pauseMs = typeof intervalMs === 'number' ? intervalMs : intervalMs(elapsedMs);
      await pause(Math.min(pauseMs, Math.max(0, timeoutMs - elapsedMs)));
    } catch {
      throw stopped(signal, what);
    }
  }
}

/** Carries a probe's verdict past the transient-error handling. */
class ProbeFailure extends Error {
  readonly failure: Error;
  constructor(failure: Error) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A duration in words, for people: `850 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}
