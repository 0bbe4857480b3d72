import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sourceTree } from '../convox-api/source-tree.ts';
import { MigrationError } from '../errors.ts';
import { MAX_FILE_CHARACTERS } from '../manifest/source-checks/check-sources.ts';
import type { SourceFiles } from '../manifest/source-checks/source-file.ts';
import type { Invocation } from './command.ts';

/** The folder of `convert [folder]` and `check [folder]`; default the current one. @throws {MigrationError} `SOURCE_INVALID`. */
export async function sourceFolder({ shell, args }: Pick<Invocation, 'shell' | 'args'>): Promise<string> {
  const folder = resolve(shell.cwd, args[0] ?? '.');
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return folder;
  throw new MigrationError('SOURCE_INVALID', `${folder} is not a folder that can be read`, {
    hint: 'Name the folder with the source of the app.',
  });
}

/** Text of a file of the folder; undefined if there is none. */
export async function readSourceFile(folder: string, name: string): Promise<string | undefined> {
  return readFile(join(folder, name), 'utf8').catch(() => undefined);
}

/** What would be deployed from a folder, for the checks: what `.dockerignore` leaves out is not looked at. */
export function deployedFiles(folder: string): SourceFiles {
  return {
    listFiles: async () => {
      const names: string[] = [];
      for await (const entry of sourceTree({ folder, era: 'standard' })) {
        if (entry.type === 'file') names.push(entry.name);
      }
      return names;
    },
    readFile: (path) => readDeployed(join(folder, path)),
  };
}

/** UTF-8 has at most 4 bytes a character. */
const MAX_BYTES = 4 * MAX_FILE_CHARACTERS;

/** Longer files are no text the checks would look at, and may not fit in memory. */
async function readDeployed(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    return size > MAX_BYTES ? '' : await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new MigrationError('SOURCE_INVALID', `${path} cannot be read (${code})`, {
      hint: 'Let it be read, or leave it out in .dockerignore.',
    });
  }
}
