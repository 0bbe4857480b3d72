import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MigrationError } from '../errors.ts';
import { readRecipients } from '../orchestrator/old-app/sealed-environment.ts';
import type { Invocation } from './command.ts';
import type { Option } from './options/option.ts';
import { OPTIONS } from './options/options.ts';

type Call = Pick<Invocation, 'shell' | 'options'>;

/**
 * The public keys an export is for: those of --export-key, else of the text in `GEN2_EXPORT_KEY`.
 *
 * @throws {MigrationError} `EXPORT_KEY`.
 */
export async function findExportKeys(call: Call): Promise<readonly string[] | undefined> {
  const text = await findKeyText(call, OPTIONS.exportKey, 'GEN2_EXPORT_KEY');
  return text === undefined ? undefined : readRecipients(text);
}

/** The secret keys that open an export: those of --key-file, else of the text in `GEN2_KEY`. Never from an argument. */
export async function findIdentityFile(call: Call & Pick<Invocation, 'secrets'>): Promise<string | undefined> {
  const text = await findKeyText(call, OPTIONS.keyFile, 'GEN2_KEY');
  for (const line of text?.split(/\r?\n/) ?? []) call.secrets.add(line.startsWith('#') ? undefined : line.trim());
  return text;
}

async function findKeyText({ shell, options }: Call, option: Option<string>, variable: string) {
  const file = options.get(option);
  if (file === undefined) return shell.env[variable] === '' ? undefined : shell.env[variable];
  const path = resolve(shell.cwd, file);
  return readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new MigrationError('EXPORT_KEY', `${path}: the key file cannot be read (${code})`, {
      hint: 'Name a file with age keys, one a line; `gen2 keygen FILE` makes a pair.',
    });
  });
}
