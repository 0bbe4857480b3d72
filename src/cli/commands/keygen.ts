import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EXIT_CODES, MigrationError } from '../../errors.ts';
import { newExportKey } from '../../orchestrator/old-app/sealed-environment.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';

/** Makes an age key pair; the secret half is written to a file of its owner alone and never shown. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, args } = invocation;
  const path = resolve(shell.cwd, args[0] ?? '');
  const { identity, recipient } = await newExportKey();
  await writeNew(path, `# public key: ${recipient}\n${identity}\n`);
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ file: path, publicKey: recipient })}\n`);
  else {
    shell.stdout.write(`${recipient}\n`);
    if (!options.has(OPTIONS.quiet))
      shell.stderr.write(`the secret key is in ${path}; without it nobody can open what is exported for this key\n`);
  }
  return EXIT_CODES.ok;
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'EEXIST') {
      throw new MigrationError('FILE_EXISTS', `${path} exists`, {
        hint: 'It may hold a key that something was exported for: name another file.',
      });
    }
    throw new MigrationError('STATE_UNWRITABLE', `${path}: cannot be written (${code})`, {
      hint: 'Name a file that can be written.',
    });
  }
}
