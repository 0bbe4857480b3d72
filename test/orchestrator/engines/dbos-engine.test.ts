import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DbosEngine, type DbosEngineOptions } from '../../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { createDatabase, findServer, startPglite, type TestDatabase } from './dbos-database.ts';
import { engineContract } from './engine-contract.ts';

const REQUEST = { rack: 'convox', app: 'shop', settings: {} };
const signal = new AbortController().signal;
const server = await findServer();

function suite(start: () => Promise<TestDatabase>): void {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await start();
  });
  afterAll(async () => {
    await database.close();
  });

  function open(options: Partial<DbosEngineOptions> = {}): DbosEngine {
    return new DbosEngine({ databaseUrl: database.url, clock: systemClock, pid: process.pid, ...options });
  }

  engineContract(async () => {
    await database.clear();
    const engine = open();
    return { engine, close: () => engine.close() };
  });
}

describe('the DBOS engine on PGlite', () => {
  suite(startPglite);
});

describe.skipIf(server === undefined)('the DBOS engine on a PostgreSQL server', () => {
  suite(() => createDatabase(server ?? ''));
});
