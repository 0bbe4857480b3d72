import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Shell } from '../shell.ts';

/** Read where it lies in the working directory. */
export const CONFIG_FILE = 'gen2.yaml';

/**
 * The options of the file named, or of gen2.yaml in the working directory where there is one. What reads it is loaded only
 * then.
 *
 * @throws {MigrationError} `CONFIG_INVALID`, also for a named file that is not there.
 */
export async function findConfig(
  { cwd }: Pick<Shell, 'cwd'>,
  named: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const path = resolve(cwd, named ?? CONFIG_FILE);
  if (named === undefined && !existsSync(path)) return new Map();
  const { readConfigFile } = await import('./config-file.ts');
  return readConfigFile(path);
}
