import type { Engine } from '../../engine.ts';
import type { DbosEngine, DbosEngineOptions } from './dbos-engine.ts';
import type { DatabaseExamination } from './examine-database.ts';
import type { WorkerOptions } from './worker.ts';

/** True for a state that is a database: `postgres://…` or `postgresql://…`. */
export function isDatabaseUrl(state: string): boolean {
  return /^postgres(ql)?:\/\//i.test(state);
}

/** The engine on PostgreSQL. DBOS and pg are loaded here, and only here: who keeps journals in a folder needs neither. */
export async function openDbosEngine(options: DbosEngineOptions): Promise<DbosEngine> {
  const { DbosEngine } = await import('./dbos-engine.ts');
  return new DbosEngine(options);
}

/**
 * Takes executions from the database until `signal` is aborted, on any number of machines; what it has in hand then goes to
 * the others. What a dead worker had in hand is put back into the queue once its lease has ended.
 *
 * @throws {MigrationError} `STATE_UNWRITABLE` when the database cannot be reached at the start.
 */
export async function runDbosWorker(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const { runWorker } = await import('./worker.ts');
  await runWorker(options, signal);
}

/** Looks at a database as a state, changing nothing. @throws {MigrationError} `STATE_UNWRITABLE`, `USAGE`. */
export async function examineStateDatabase(url: string, now: () => number): Promise<DatabaseExamination> {
  const { examineDatabase } = await import('./examine-database.ts');
  return examineDatabase(url, now);
}

/** An engine that is there at once, and loaded at its first use. */
export function lazyDbosEngine(options: DbosEngineOptions): Engine {
  let opened: Promise<DbosEngine> | undefined;
  const engine = (): Promise<DbosEngine> => (opened ??= openDbosEngine(options));
  return {
    begin: async (request, signal) => (await engine()).begin(request, signal),
    resume: async (filter, signal) => (await engine()).resume(filter, signal),
    list: async (filter) => (await engine()).list(filter),
    answer: async (filter, answer) => (await engine()).answer(filter, answer),
    pause: async (filter, isPaused) => (await engine()).pause(filter, isPaused),
    stage: async (filter, percent) => (await engine()).stage(filter, percent),
  };
}
