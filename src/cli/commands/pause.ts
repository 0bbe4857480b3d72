import { EXIT_CODES } from '../../errors.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { openEngine } from '../state.ts';

/** Has an execution hold before its next step. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const app = appArgument(invocation);
  const view = await openEngine(invocation).pause({ rack: options.get(OPTIONS.rack), app }, true);
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ execution: view.id, paused: true })}\n`);
  else shell.stdout.write(`${app}: holds before its next step; \`gen2 resume ${app}\` lets it go on\n`);
  return EXIT_CODES.ok;
}
