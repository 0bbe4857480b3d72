import { DBOSClient, type DLogger } from '@dbos-inc/dbos-sdk';
import { ensureSystemDatabase } from '@dbos-inc/dbos-sdk/internal/system_database';
import { GlobalLogger } from '@dbos-inc/dbos-sdk/internal/telemetry/logs';
import { Pool, type PoolClient } from 'pg';
import * as z from 'zod';
import { MigrationError } from '../../../errors.ts';
import { systemClock } from '../../../time/clock.ts';

/** Owner of everything this program keeps in DBOS's tables; another program may share the database. */
export const APPLICATION = 'convox-gen2';

const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 10_000;
/** The server ends a session that died inside a transaction, so that its locks go (PostgreSQL: Client Connection Defaults). */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Held while tables are made: DBOS's own migrations fail when two processes run them at once. */
const TABLES_LOCK = 7215390043;
const TABLES_LOOK_MS = 100;
/** Tables are made within seconds; whoever takes longer hangs. Real ms. */
const TABLES_LIMIT_MS = 60_000;

// DBOS keeps executions; who works on an app, what it is asked to do, and how often AWS was asked are ours: DBOS knows
// no heartbeat and no pause, and limits how often workflows begin, not what they ask for.
const TABLES = `
  create schema if not exists convox_gen2;
  create table if not exists convox_gen2.lease (
    rack text not null,
    app text not null,
    execution text not null,
    token text not null,
    holder text not null,
    since timestamptz not null,
    expires_at timestamptz not null,
    is_stop_requested boolean not null default false,
    primary key (rack, app)
  );
  create table if not exists convox_gen2.pause (execution text primary key);
  create table if not exists convox_gen2.worker (
    id text primary key,
    racks text[] not null,
    holder text not null,
    since timestamptz not null,
    seen_at timestamptz not null
  );
  create table if not exists convox_gen2.rate (name text primary key, free_at timestamptz not null);
  create table if not exists convox_gen2.stage (execution text primary key, percent integer not null);
`;

/** One pool of connections, for DBOS, its client and the tables of this program. */
export class Database {
  readonly url: string;
  readonly pool: Pool;
  readonly client: DBOSClient;
  /** The database without user and password, for people. */
  readonly location: string;

  private constructor(url: string, pool: Pool, client: DBOSClient) {
    this.url = url;
    this.pool = pool;
    this.client = client;
    this.location = locationOf(url);
  }

  /** @throws {MigrationError} `STATE_UNWRITABLE` when it cannot be reached or its tables not be made. */
  static async open(url: string): Promise<Database> {
    const location = locationOf(url);
    const pool = new Pool({
      connectionString: url,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      keepAlive: true,
      // A command that only looks must be able to end without closing anything.
      allowExitOnIdle: true,
    });
    // An idle connection that breaks is replaced by the next query; without a listener it would end the process.
    pool.on('error', () => undefined);
    try {
      await makeTables(url, pool);
      const client = await DBOSClient.create({
        ...{ systemDatabaseUrl: url, systemDatabasePool: pool, applicationName: APPLICATION },
      });
      return new Database(url, pool, client);
    } catch (error) {
      await pool.end();
      throw databaseError(location, error);
    }
  }

  /** Rows of a query on this program's own tables, parsed. */
  async rows<T>(schema: z.ZodType<T>, sql: string, values: readonly unknown[] = []): Promise<readonly T[]> {
    try {
      const { rows } = await this.pool.query<Record<string, unknown>>(sql, [...values]);
      return rows.map((row) => schema.parse(row));
    } catch (error) {
      throw databaseError(this.location, error);
    }
  }

  /** The server's time, ms since 1970: clocks of machines differ. */
  async now(): Promise<number> {
    const [row] = await this.rows(
      z.object({ now: z.coerce.number() }),
      'select extract(epoch from clock_timestamp()) * 1000 as now',
    );
    return row?.now ?? 0;
  }

  /** Runs a call of DBOS's client, whose errors stay in here. */
  async ask<T>(call: (client: DBOSClient) => Promise<T>): Promise<T> {
    try {
      return await call(this.client);
    } catch (error) {
      throw databaseError(this.location, error);
    }
  }

  async close(): Promise<void> {
    await this.client.destroy();
    await this.pool.end();
  }
}

/** What DBOS logs is seen in the execution's record; its lines would end up among the command's own. */
export const SILENT: DLogger = {
  info: () => undefined,
  debug: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** DBOS's tables and this program's, whole when it resolves, whoever else opens the same new database. */
async function makeTables(url: string, pool: Pool): Promise<void> {
  const holder = await pool.connect();
  try {
    const startedAt = performance.now();
    // Asked again and again: DBOS makes indexes CONCURRENTLY, which waits for every statement that waits.
    while (!(await tryLock(holder, TABLES_LOCK))) {
      if (performance.now() - startedAt > TABLES_LIMIT_MS)
        throw new Error('another process makes the tables, and hangs');
      await systemClock.sleep(TABLES_LOOK_MS, new AbortController().signal);
    }
    await holder.query(TABLES);
    await ensureSystemDatabase(url, new GlobalLogger(undefined, { logger: SILENT }), pool, 'dbos', false);
  } finally {
    await holder.query('select pg_advisory_unlock_all()').catch(() => undefined); // a broken session holds no lock
    holder.release();
  }
}

async function tryLock(session: PoolClient, lock: number): Promise<boolean> {
  const { rows } = await session.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [lock]);
  return rows[0]?.locked === true;
}

/** `postgres://host:5432/name`; never the user's password. @throws {MigrationError} `USAGE` for no URL. */
export function locationOf(url: string): string {
  if (!URL.canParse(url)) {
    throw new MigrationError('USAGE', 'the URL of the database cannot be read', {
      hint: 'Write it as postgres://user:password@host:5432/name.',
    });
  }
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}

/** An error of pg or DBOS as one of ours; MigrationErrors pass. Its cause is left out: it can hold the URL. */
export function databaseError(location: string, error: unknown): MigrationError {
  if (MigrationError.is(error)) return error;
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  const what = error instanceof Error ? error.message : String(error);
  return new MigrationError('STATE_UNWRITABLE', `${location}: ${what || 'cannot be reached'}${code}`, {
    hint: 'Check the URL given with --state or GEN2_STATE, and that its role may create schemas. An execution that runs elsewhere is not touched.',
    retryable: true,
  });
}
