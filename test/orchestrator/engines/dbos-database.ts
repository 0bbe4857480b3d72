import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { connect, createServer } from 'node:net';
import { Client } from 'pg';

export interface TestDatabase {
  readonly url: string;
  /** Forgets every execution; the tables stay, since making them takes a second. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 50;

/** PostgreSQL from an npm package, in this process, for anybody who knows the address. */
export async function startPglite(): Promise<TestDatabase> {
  const db = await PGlite.create();
  const port = await freePort();
  const server = new PGLiteSocketServer({ db, port, host: '127.0.0.1', maxConnections: MAX_CONNECTIONS });
  await server.start();
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
  return {
    url,
    clear: () => clear(url),
    close: async () => {
      await server.stop();
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
    close: () => query(serverUrl, `drop database ${name} with (force)`),
  };
}

/** The server to run the suite on besides PGlite: GEN2_TEST_DATABASE_URL, or one that answers on 127.0.0.1:5432. */
export async function findServer(): Promise<string | undefined> {
  const given = process.env['GEN2_TEST_DATABASE_URL'];
  if (given !== undefined && given !== '') return given;
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
     where tablename in ('workflow_status', 'queues', 'lease', 'pause') and schemaname in ('dbos', 'convox_gen2')`,
  );
  for (const { name } of tables) await query(url, `truncate ${String(name)} cascade`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
