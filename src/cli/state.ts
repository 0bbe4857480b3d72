import { resolve } from 'node:path';
import { MigrationError } from '../errors.ts';
import type { Engine, ExecutionFilter, ExecutionView } from '../orchestrator/engine.ts';
import type { DbosEngineOptions } from '../orchestrator/engines/dbos/dbos-engine.ts';
import { isDatabaseUrl, lazyDbosEngine } from '../orchestrator/engines/dbos/open-dbos-engine.ts';
import type { Approver } from '../orchestrator/engines/recorded-execution.ts';
import { LocalEngine } from '../orchestrator/engines/local/local-engine.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { clockOf, findSandbox } from './sandbox-access.ts';

const DEFAULT_FOLDER = '.gen2';

/** The engine that keeps executions where --state says: in a directory, or in a database. */
export function openEngine(invocation: Pick<Invocation, 'shell' | 'options'>, approver?: Approver): Engine {
  const { shell, options } = invocation;
  const databaseUrl = findDatabaseUrl(invocation);
  if (databaseUrl !== undefined) return lazyDbosEngine(databaseOptions(invocation, databaseUrl, approver));
  return new LocalEngine({
    state: stateFolder(invocation),
    clock: clockOf(findSandbox(invocation)),
    process: { pid: shell.pid, exists: (pid) => shell.processExists(pid) },
    ...(approver === undefined ? {} : { approver }),
    gatePolicy: options.get(OPTIONS.onGate) ?? 'wait',
  });
}

/** Where exports go, and journals unless they are in a database. */
export function stateFolder(invocation: Pick<Invocation, 'shell' | 'options'>): string {
  const { shell, options } = invocation;
  const given = findDatabaseUrl(invocation) === undefined ? options.get(OPTIONS.state) : undefined;
  return resolve(shell.cwd, given ?? DEFAULT_FOLDER);
}

/** The database of `--state postgres://…`; undefined when the state is a directory. */
export function findDatabaseUrl({ options }: Pick<Invocation, 'options'>): string | undefined {
  const state = options.get(OPTIONS.state);
  return state !== undefined && isDatabaseUrl(state) ? state : undefined;
}

export function databaseOptions(
  invocation: Pick<Invocation, 'shell' | 'options'>,
  databaseUrl: string,
  approver?: Approver,
): DbosEngineOptions {
  const { shell, options } = invocation;
  return {
    ...{ databaseUrl, approver, pid: shell.pid },
    clock: clockOf(findSandbox(invocation)),
    gatePolicy: options.get(OPTIONS.onGate) ?? 'wait',
  };
}

/** The execution a command is about: the newest of the app, on the rack if one was named. */
export function filterOf({ options, args }: Pick<Invocation, 'options' | 'args'>): ExecutionFilter {
  return { rack: options.get(OPTIONS.rack), app: args[0] };
}

/** The newest execution of an app. @throws {MigrationError} `EXECUTION_NOT_FOUND`. */
export async function newestExecution(engine: Engine, filter: ExecutionFilter): Promise<ExecutionView> {
  const [newest] = await engine.list(filter);
  if (newest !== undefined) return newest;
  throw new MigrationError('EXECUTION_NOT_FOUND', `no execution of ${filter.app ?? 'any app'} is known`, {
    hint: 'Begin one with `gen2 migrate <app>`, or name another state directory with --state.',
  });
}
