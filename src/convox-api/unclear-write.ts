import { MigrationError, stopped } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import type { RackLogger } from './options.ts';

/** What a look at the rack says about a write whose answer was lost. */
type Trace<T> = { readonly state: 'landed'; readonly value: T } | { readonly state: 'absent'; readonly saw: string };

export interface UnclearWrite<T> {
  /** Operation with its subject, for messages. */
  readonly what: string;
  readonly act: (signal: AbortSignal) => Promise<T>;
  /** Reads only: is there a trace of the write? */
  readonly look: (signal: AbortSignal) => Promise<Trace<T>>;
  readonly clock: Clock;
  readonly logger: RackLogger | undefined;
}

// Each API process answers from its own cache of 5 s (convox/rack@20171213132441 provider/aws/cloudformation.go), so
// "not there" counts only when it is said twice, either side of that time.
const LOOK_AFTER_MS = 6_000;
const LOOKS = 3;

/**
 * Writes once, and when the answer is lost (time-out, reset, 502) looks whether the write has landed, since the API
 * has no idempotency keys: what has landed is returned as if it had been answered.
 *
 * @throws {MigrationError} the write's own error, `details.landed` being `no` (safe to repeat, `retryable`) or `unknown`.
 */
export async function writeThenLook<T>(write: UnclearWrite<T>, signal: AbortSignal): Promise<T> {
  try {
    return await write.act(signal);
  } catch (error) {
    if (!MigrationError.is(error) || error.details['landed'] !== 'unknown' || error.code === 'STOPPED') throw error;
    write.logger?.warn(
      { operation: write.what, code: error.code },
      'answer to a write lost; looking whether it landed',
    );
    return await lookAround(write, error, signal);
  }
}

async function lookAround<T>(write: UnclearWrite<T>, lost: MigrationError, signal: AbortSignal): Promise<T> {
  let saw = '';
  for (let looks = 0; looks < LOOKS; looks++) {
    if (looks > 0) await pause(write, signal);
    let trace: Trace<T>;
    try {
      trace = await write.look(signal);
    } catch (error) {
      if (!MigrationError.is(error) || error.code === 'STOPPED') throw error;
      throw unclear(lost, `and looking failed too: ${error.message}`, 'unknown');
    }
    if (trace.state === 'landed') return trace.value;
    saw = trace.saw;
  }
  throw unclear(lost, `the rack shows no trace of it (${saw})`, 'no');
}

async function pause<T>(write: UnclearWrite<T>, signal: AbortSignal): Promise<void> {
  try {
    await write.clock.sleep(LOOK_AFTER_MS, signal);
  } catch {
    throw stopped(signal, write.what);
  }
}

function unclear(lost: MigrationError, finding: string, landed: 'no' | 'unknown'): MigrationError {
  return new MigrationError(lost.code, `${lost.message}; ${finding}`, {
    hint: landed === 'no' ? 'It can be tried again.' : 'Look at the rack before trying again: it may have been done.',
    retryable: landed === 'no',
    details: { ...lost.details, landed },
  });
}
