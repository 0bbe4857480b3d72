import { spawn } from 'node:child_process';
import { PGlite } from '@electric-sql/pglite';
import { connect } from 'node:net';
import { Client } from 'pg';
import { Database } from '../../../src/orchestrator/engines/dbos/database.ts';
import { servePglite } from './dbos-pglite-server.ts';

export interface TestDatabase {
  readonly url: string;
  /** Forgets every execution; the tables stay, since making them takes a second. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** PostgreSQL from an npm package, in this process, for anybody who knows the address. */
export async function startPglite(tables: 'made' | 'absent' = 'made'): Promise<TestDatabase> {
  const db = await PGlite.create();
  const server = await servePglite(db);
  const url = `postgres://postgres:postgres@127.0.0.1:${server.port}/postgres`;
  // PGlite is one session, whose locks exclude nobody: its tables are there before two can make them at once.
  if (tables === 'made') await (await Database.open(url)).close();
  return {
    url,
    clear: () => clear(url),
    close: async () => {
      await server.close();
      await db.close();
    },
  };
}

/** A database of its own on a real server. */
export async function createDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `gen2_test_${process.pid}_${Date.now()}`;
  await query(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    clear: () => clear(url.href),
    close: async () => {
      await query(serverUrl, `drop database ${name} with (force)`);
    },
  };
}

/**
 * The server to run the suite on besides PGlite: GEN2_TEST_DATABASE_URL, or one that answers on 127.0.0.1:5432.
 * With GEN2_REQUIRE_POSTGRES=1 (CI) there must be one.
 */
export async function findServer(): Promise<string | undefined> {
  const given = process.env['GEN2_TEST_DATABASE_URL'];
  const server = given === undefined || given === '' ? await findLocalServer() : given;
  if (server === undefined && process.env['GEN2_REQUIRE_POSTGRES'] === '1') {
    throw new Error('GEN2_REQUIRE_POSTGRES=1, but no PostgreSQL: run the tests with scripts/with-postgres.sh');
  }
  return server;
}

async function findLocalServer(): Promise<string | undefined> {
  const url = 'postgres://postgres@127.0.0.1:5432/postgres';
  if (!(await answers(5432))) return undefined;
  return query(url, 'select 1').then(
    () => url,
    () => undefined,
  );
}

/** Runs one query on a connection of its own. */
export async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function clear(url: string): Promise<void> {
  const tables = await query(
    url,
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where (tablename in ('workflow_status', 'operation_outputs', 'notifications', 'queues', 'lease', 'pause', 'rate') and schemaname in ('dbos', 'convox_gen2'))
       or tablename = 'effect'`,
  );
  for (const { name } of tables) await query(url, `truncate ${String(name)} cascade`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

export interface WorkerOrders {
  readonly name: string;
  readonly databaseUrl: string;
  readonly leaseMs: number;
  readonly perRack: number;
  readonly steps: number;
  readonly stepMs: number;
}

export interface TestWorker {
  readonly name: string;
  /** What it said so far. */
  output(): string;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** The exit code, null for a signal. */
  readonly ended: Promise<number | null>;
}

const CHILD = new URL('dbos-worker-child.ts', import.meta.url).pathname;

/** A worker in a process of its own. */
export function startWorker(orders: WorkerOrders): TestWorker {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD], {
    env: { ...process.env, GEN2_DBOS_WORKER: JSON.stringify(orders) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  return {
    name: orders.name,
    output: () => output,
    signal: (signal) => child.kill(signal),
    ended: new Promise((resolve) => child.on('close', resolve)),
  };
}
