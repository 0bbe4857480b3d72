import { resolve } from 'node:path';
import { MigrationError } from '../errors.ts';
import type { Engine, ExecutionFilter, ExecutionView } from '../orchestrator/engine.ts';
import type { Approver } from '../orchestrator/engines/local/local-execution.ts';
import { LocalEngine } from '../orchestrator/engines/local/local-engine.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { clockOf, findSandbox } from './sandbox-access.ts';

/** The engine that keeps executions in the state directory. */
export function openEngine(invocation: Pick<Invocation, 'shell' | 'options'>, approver?: Approver): Engine {
  const { shell, options } = invocation;
  return new LocalEngine({
    state: stateFolder(invocation),
    clock: clockOf(findSandbox(invocation)),
    process: { pid: shell.pid, exists: (pid) => shell.processExists(pid) },
    ...(approver === undefined ? {} : { approver }),
    gatePolicy: options.get(OPTIONS.onGate) ?? 'wait',
  });
}

export function stateFolder({ shell, options }: Pick<Invocation, 'shell' | 'options'>): string {
  return resolve(shell.cwd, options.get(OPTIONS.state) ?? '.gen2');
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
