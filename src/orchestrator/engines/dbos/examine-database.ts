import { Client } from 'pg';
import * as z from 'zod';
import { databaseError, locationOf } from './database.ts';
import { WORKER_SILENT_MS } from './worker-registry.ts';

/** A database as a state, looked at without changing anything. */
export interface DatabaseExamination {
  /** Without user and password. */
  readonly location: string;
  /** `16.4`. */
  readonly serverVersion: string;
  /** Whether this role may make the tables that are not there yet. */
  readonly canCreate: boolean;
  /** Whether the tables of this program and of DBOS are there: made at the first use. */
  readonly hasTables: boolean;
  /** The server's clock, ms since 1970, and this machine's when it was asked. */
  readonly serverMs: number;
  readonly askedMs: number;
  readonly workers: readonly WorkerView[];
}

export interface WorkerView {
  readonly racks: readonly string[];
  /** `process 12 on host`. */
  readonly holder: string;
  /** Real ms since it last said that it lives. */
  readonly silentMs: number;
  readonly isAlive: boolean;
}

const CONNECT_TIMEOUT_MS = 10_000;

const factsSchema = z.object({
  version: z.string(),
  can_create: z.boolean(),
  workers: z.string().nullable(),
  dbos: z.string().nullable(),
  now_ms: z.coerce.number(),
});
const workerSchema = z.object({ racks: z.array(z.string()), holder: z.string(), silent_ms: z.coerce.number() });

/** @throws {MigrationError} `STATE_UNWRITABLE` when it cannot be reached or asked, `USAGE` for no URL. */
export async function examineDatabase(url: string, now: () => number): Promise<DatabaseExamination> {
  const location = locationOf(url);
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined); // a connection that breaks fails the query under way
  try {
    await client.connect();
    const askedMs = now();
    const { rows } = await client.query<Record<string, unknown>>(`
      select current_setting('server_version') as version,
             has_database_privilege(current_database(), 'CREATE') as can_create,
             to_regclass('convox_gen2.worker')::text as workers,
             to_regclass('dbos.workflow_status')::text as dbos,
             extract(epoch from clock_timestamp()) * 1000 as now_ms`);
    const facts = factsSchema.parse(rows[0]);
    return {
      location,
      serverVersion: facts.version,
      canCreate: facts.can_create,
      hasTables: facts.workers !== null && facts.dbos !== null,
      serverMs: facts.now_ms,
      askedMs: (askedMs + now()) / 2,
      workers: facts.workers === null ? [] : await readWorkers(client),
    };
  } catch (error) {
    throw databaseError(location, error);
  } finally {
    await client.end().catch(() => undefined); // it may never have been open
  }
}

async function readWorkers(client: Client): Promise<readonly WorkerView[]> {
  const { rows } = await client.query<Record<string, unknown>>(`
    select racks, holder, extract(epoch from clock_timestamp() - seen_at) * 1000 as silent_ms
    from convox_gen2.worker order by holder`);
  return rows.map((row) => {
    const { racks, holder, silent_ms: silentMs } = workerSchema.parse(row);
    return { racks, holder, silentMs, isAlive: silentMs < WORKER_SILENT_MS };
  });
}
