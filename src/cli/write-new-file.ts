import { writeFile } from 'node:fs/promises';
import { MigrationError } from '../errors.ts';

/** What a person should do when the file cannot be made. */
export interface NewFileHints {
  readonly exists: string;
  readonly unwritable: string;
}

/**
 * Writes a file that was not there, for its owner alone, and returns when it is on disk.
 *
 * @throws {MigrationError} `FILE_EXISTS`, `STATE_UNWRITABLE`.
 */
export async function writeNewFile(path: string, text: string, hints: NewFileHints): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'EEXIST') throw new MigrationError('FILE_EXISTS', `${path} exists`, { hint: hints.exists });
    throw new MigrationError('STATE_UNWRITABLE', `${path}: cannot be written (${code})`, { hint: hints.unwritable });
  }
}
