import * as z from 'zod';
import { systemClock } from '../../../time/clock.ts';
import type { Database } from './database.ts';

export interface SharedRate {
  /** Whose limit it is: `route53`. Everybody who names it shares it. */
  readonly name: string;
  /** Requests a second in the long run, over all processes. Real seconds. */
  readonly perSecond: number;
  /** Requests that may go out at once after a pause. */
  readonly burst: number;
}

/** Lets requests through at one steady rate, whichever machine they come from. Fits `dnsLimit` of `createAwsClients`. */
export interface SharedRateLimit {
  /**
   * Resolves when a request may go out; rejects with the signal's reason when aborted.
   *
   * @throws {MigrationError} `STATE_UNWRITABLE` when the database cannot be reached.
   */
  take(signal: AbortSignal): Promise<void>;
}

const MS = "* interval '1 millisecond'";

/**
 * The generic cell rate algorithm on one row: `free_at` is when all requests so far are paid for at the steady rate. The
 * server's clock counts, since those of the machines differ.
 */
export function sharedRateLimit(
  database: () => Promise<Database>,
  { name, perSecond, burst }: SharedRate,
): SharedRateLimit {
  const spacingMs = 1000 / perSecond;
  return {
    take: async (signal) => {
      const [turn] = await (
        await database()
      ).rows(
        z.object({ wait_ms: z.coerce.number() }),
        `insert into convox_gen2.rate as rate (name, free_at) values ($1, clock_timestamp() + $2 ${MS})
         on conflict (name) do update set free_at = greatest(rate.free_at, clock_timestamp()) + $2 ${MS}
         returning extract(epoch from free_at - clock_timestamp()) * 1000 - $3 as wait_ms`,
        [name, spacingMs, spacingMs * burst],
      );
      if (turn !== undefined && turn.wait_ms > 0) await systemClock.sleep(turn.wait_ms, signal);
      signal.throwIfAborted();
    },
  };
}
