/** Which workers live: each says so every few seconds. Only for people; who may work on an app is decided by its lease. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import * as z from 'zod';
import type { Database } from './database.ts';

/** A worker that said nothing for so long is taken for dead; real ms. */
export const WORKER_SILENT_MS = 20_000;

/** This worker's entry. */
export interface WorkerEntry {
  /** Says that it lives. */
  beat(): Promise<void>;
  remove(): Promise<void>;
}

export function registerWorker(
  database: Database,
  { racks, pid }: { readonly racks: readonly string[]; readonly pid: number },
): WorkerEntry {
  const id = randomUUID();
  const holder = `process ${pid} on ${hostname()}`;
  return {
    async beat() {
      await database.rows(
        z.unknown(),
        `insert into convox_gen2.worker (id, racks, holder, since, seen_at)
         values ($1, $2, $3, clock_timestamp(), clock_timestamp())
         on conflict (id) do update set seen_at = clock_timestamp()`,
        [id, [...racks], holder],
      );
    },
    async remove() {
      await database.rows(z.unknown(), 'delete from convox_gen2.worker where id = $1', [id]);
    },
  };
}

/** Takes entries out of workers that died long ago. */
export async function forgetDeadWorkers(database: Database): Promise<void> {
  await database.rows(
    z.unknown(),
    "delete from convox_gen2.worker where seen_at < clock_timestamp() - interval '1 day'",
  );
}
