import type { Engine } from '../../engine.ts';
import type { DbosEngine, DbosEngineOptions } from './dbos-engine.ts';

/** True for a state that is a database: `postgres://…` or `postgresql://…`. */
export function isDatabaseUrl(state: string): boolean {
  return /^postgres(ql)?:\/\//i.test(state);
}

/** The engine on PostgreSQL. DBOS and pg are loaded here, and only here: who keeps journals in a folder needs neither. */
export async function openDbosEngine(options: DbosEngineOptions): Promise<DbosEngine> {
  const { DbosEngine } = await import('./dbos-engine.ts');
  return new DbosEngine(options);
}

/** The same as an engine at once, loaded at its first use. */
export function lazyDbosEngine(options: DbosEngineOptions): Engine {
  let opened: Promise<DbosEngine> | undefined;
  const engine = (): Promise<DbosEngine> => (opened ??= openDbosEngine(options));
  return {
    begin: async (request, signal) => (await engine()).begin(request, signal),
    resume: async (filter, signal) => (await engine()).resume(filter, signal),
    list: async (filter) => (await engine()).list(filter),
    answer: async (filter, answer) => (await engine()).answer(filter, answer),
    pause: async (filter, isPaused) => (await engine()).pause(filter, isPaused),
  };
}
