import { EXIT_CODES } from '../../errors.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { openEngine } from '../state.ts';

/** Answers the gate an execution waits at. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, style } = invocation;
  const app = appArgument(invocation);
  const approved = !options.has(OPTIONS.reject);
  const comment = options.get(OPTIONS.comment);
  const answer = { approved, by: shell.user, ...(comment === undefined ? {} : { comment }) };
  const view = await openEngine(invocation).answer({ rack: options.get(OPTIONS.rack), app }, answer);
  const gate = view.openGate?.gate;
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ execution: view.id, gate, ...answer })}\n`);
  else {
    const said = approved ? style.green('approved') : style.red('rejected');
    const next = view.holder === undefined ? `; nobody works on it now: \`gen2 resume ${app}\` goes on` : '';
    shell.stdout.write(`${app}: ${view.openGate?.title ?? 'gate'}: ${said}${next}\n`);
  }
  return EXIT_CODES.ok;
}
