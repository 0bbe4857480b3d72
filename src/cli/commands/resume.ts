import { EXIT_CODES } from '../../errors.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { runMigration } from '../run-migration.ts';
import { newestExecution, openEngine } from '../state.ts';

/** Lets a paused execution go on where it runs, else takes it up here. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const filter = { rack: options.get(OPTIONS.rack), app: appArgument(invocation) };
  const engine = openEngine(invocation);
  const view = await newestExecution(engine, filter);
  if (view.isPaused) await engine.pause(filter, false);
  if (!view.isPaused || view.holder === undefined) return runMigration(invocation, { kind: 'resume' });
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ execution: view.id, resumed: true })}\n`);
  else shell.stdout.write(`${view.app}: goes on in ${view.holder}\n`);
  return EXIT_CODES.ok;
}
