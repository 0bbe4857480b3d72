import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { MigrationError } from '../../../errors.ts';
import { systemClock } from '../../../time/clock.ts';
import { formatDuration } from '../../../time/wait.ts';
import type { Database } from './database.ts';

/** How long a holder that says nothing keeps its lease; real ms. A takeover within 30 s leaves half of it for the taker. */
export const DEFAULT_LEASE_MS = 15_000;

export interface LeaseRequest {
  readonly rack: string;
  readonly app: string;
  readonly execution: string;
  /** Who asks, for people: "process 12 on host". */
  readonly holder: string;
  readonly leaseMs: number;
}

/**
 * The right to work on one app, on any number of machines. It ends by itself when its holder stops renewing it: after
 * `leaseMs` without one another process may take it. The holder knows earlier (`lost`), so that it has stopped by then.
 */
export interface Lease {
  /** Aborted with `EXECUTION_RUNNING` when the lease could not be kept: nothing may be done any more. */
  readonly lost: AbortSignal;
  /** Aborted with `STOPPED` when somebody elsewhere asks to stop at the next safe point. */
  readonly stop: AbortSignal;
  release(): Promise<void>;
}

const leaseSchema = z.object({ execution: z.string(), holder: z.string(), held_ms: z.coerce.number() });
export type LeaseView = z.infer<typeof leaseSchema>;

const MS = "* interval '1 millisecond'";

/** @throws {MigrationError} `EXECUTION_RUNNING` with the holder while another one has it. */
export async function takeLease(database: Database, request: LeaseRequest): Promise<Lease> {
  const { rack, app, execution, holder, leaseMs } = request;
  const token = randomUUID();
  const taken = await database.rows(
    z.object({ token: z.string() }),
    `insert into convox_gen2.lease as held (rack, app, execution, token, holder, since, expires_at)
     values ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp() + $6 ${MS})
     on conflict (rack, app) do update
       set execution = $3, token = $4, holder = $5, since = clock_timestamp(),
           expires_at = clock_timestamp() + $6 ${MS}, is_stop_requested = false
       where held.expires_at < clock_timestamp()
     returning token`,
    [rack, app, execution, token, holder, leaseMs],
  );
  if (taken.length > 0) return held(database, token, request);
  const owner = await findLease(database, rack, app);
  if (owner === undefined) return takeLease(database, request); // released between the two queries
  throw busy(app, owner);
}

/** Who works on an app now, if anybody. */
export async function findLease(database: Database, rack: string, app: string): Promise<LeaseView | undefined> {
  const [lease] = await database.rows(
    leaseSchema,
    `select execution, holder, extract(epoch from clock_timestamp() - since) * 1000 as held_ms
     from convox_gen2.lease where rack = $1 and app = $2 and expires_at >= clock_timestamp()`,
    [rack, app],
  );
  return lease;
}

export function describeLease({ holder, held_ms }: LeaseView): string {
  return `${holder} for ${formatDuration(held_ms)}`;
}

/** Asks whoever works on an app to stop at the next safe point; heard at its next renewal. */
export async function requestStop(database: Database, rack: string, app: string): Promise<void> {
  await database.rows(
    z.unknown(),
    'update convox_gen2.lease set is_stop_requested = true where rack = $1 and app = $2',
    [rack, app],
  );
}

function held(database: Database, token: string, { app, leaseMs }: LeaseRequest): Lease {
  const lost = new AbortController();
  const stop = new AbortController();
  const released = new AbortController();
  let renewedAt = performance.now();
  const renew = async (): Promise<void> => {
    const asked = performance.now();
    const [row] = await database.rows(
      z.object({ is_stop_requested: z.boolean() }),
      `update convox_gen2.lease set expires_at = clock_timestamp() + $2 ${MS}
       where token = $1 returning is_stop_requested`,
      [token, leaseMs],
    );
    if (row === undefined) {
      lost.abort(takenOver(app));
      return;
    }
    renewedAt = asked;
    if (row.is_stop_requested) stop.abort(stopRequested(app));
  };
  const beat = async (): Promise<void> => {
    await systemClock.sleep(leaseMs / 5, released.signal);
    // A renewal that fails is tried again; one that hangs is judged by the watch below.
    await renew().catch(() => undefined);
    await beat();
  };
  // Apart from the renewals, which can hang on a dead connection: it must have stopped before another may begin.
  const watch = setInterval(() => {
    if (performance.now() - renewedAt > leaseMs * 0.75) lost.abort(takenOver(app));
  }, leaseMs / 20);
  watch.unref();
  beat().catch(() => undefined); // ends when it is released
  return {
    lost: lost.signal,
    stop: stop.signal,
    release: async () => {
      released.abort();
      clearInterval(watch);
      await database.rows(z.unknown(), 'delete from convox_gen2.lease where token = $1', [token]);
    },
  };
}

function busy(app: string, owner: LeaseView): MigrationError {
  return new MigrationError('EXECUTION_RUNNING', `another gen2 works on ${app}: ${describeLease(owner)}`, {
    hint: `Watch it with \`gen2 status ${app} --watch\`. If that process is gone, run the command again in half a minute.`,
    details: { app, execution: owner.execution, holder: owner.holder },
  });
}

export function takenOver(app: string): MigrationError {
  return new MigrationError('EXECUTION_RUNNING', `${app}: this process lost its hold on the execution`, {
    hint: `The database could not be reached in time, or another gen2 took over. See \`gen2 status ${app}\`.`,
    details: { app },
  });
}

function stopRequested(app: string): MigrationError {
  return new MigrationError('STOPPED', `${app}: asked to stop from elsewhere`, {
    hint: `Go on with \`gen2 resume ${app}\`.`,
    details: { app },
  });
}
