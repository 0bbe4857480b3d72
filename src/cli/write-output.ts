import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MigrationError } from '../errors.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';

/** Writes a result to the file of --output, or to stdout. @throws {MigrationError} `STATE_UNWRITABLE`. */
export async function writeOutput({ shell, options, secrets }: Invocation, text: string): Promise<void> {
  const file = options.get(OPTIONS.output);
  if (file === undefined || file === '-') {
    shell.stdout.write(text);
    return;
  }
  const path = resolve(shell.cwd, file);
  try {
    await writeFile(path, secrets.apply(text));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new MigrationError('STATE_UNWRITABLE', `${path}: cannot be written (${code})`, {
      hint: 'Name another file with --output, or - for stdout.',
    });
  }
  shell.stderr.write(`written to ${path}\n`);
}
