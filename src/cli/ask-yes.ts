import { createInterface } from 'node:readline/promises';
import { MigrationError, stopped } from '../errors.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { asStream } from './terminal-stream.ts';

/** Asks before something is changed; --yes answers, and without a terminal it must. @throws {MigrationError} `USAGE`. */
export async function askYes({ shell, options }: Invocation, question: string): Promise<boolean> {
  if (options.has(OPTIONS.yes)) return true;
  if (shell.stdin().isTTY !== true || !shell.stderr.isTTY) {
    throw new MigrationError('USAGE', 'this changes something, and there is no terminal to ask on', {
      hint: 'Give --yes to go on without being asked.',
    });
  }
  const terminal = createInterface({ input: shell.stdin(), output: asStream(shell.stderr), terminal: true });
  terminal.on('SIGINT', () => shell.interrupt('SIGINT'));
  try {
    return (await terminal.question(`${question} [yes/no] `, { signal: shell.signal })).trim() === 'yes';
  } catch (error) {
    throw shell.signal.aborted ? stopped(shell.signal, question) : error;
  } finally {
    terminal.close();
  }
}
