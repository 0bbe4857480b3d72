import { resolve } from 'node:path';
import { EXIT_CODES } from '../../errors.ts';
import { newExportKey } from '../../orchestrator/old-app/sealed-environment.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { writeNewFile } from '../write-new-file.ts';

/** Makes an age key pair; the secret half is written to a file of its owner alone and never shown. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, args } = invocation;
  const path = resolve(shell.cwd, args[0] ?? '');
  const { identity, recipient } = await newExportKey();
  await writeNewFile(path, `# public key: ${recipient}\n${identity}\n`, {
    exists: 'It may hold a key that something was exported for: name another file.',
    unwritable: 'Name a file that can be written.',
  });
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ file: path, publicKey: recipient })}\n`);
  else {
    shell.stdout.write(`${recipient}\n`);
    if (!options.has(OPTIONS.quiet))
      shell.stderr.write(`the secret key is in ${path}; without it nobody can open what is exported for this key\n`);
  }
  return EXIT_CODES.ok;
}
