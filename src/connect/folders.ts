import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MigrationError } from '../errors.ts';
import type { ExportPort, ExportReader, SourcePort } from '../orchestrator/ports.ts';

/** The source folder, on disk. */
export const sourceOnDisk: SourcePort = {
  async readFile(folder, path) {
    try {
      return await readFile(join(folder, path), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new MigrationError('SOURCE_INVALID', `${join(folder, path)} cannot be read`, {
        hint: 'Check that it is a file and may be read.',
        cause: error,
      });
    }
  },
  exists: (folder) =>
    stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    ),
};

/** Exports into a folder; a file appears whole or not at all. */
export function exportFolder(location: string): ExportPort {
  const whole = async <T>(name: string, write: (path: string) => Promise<T>): Promise<T> => {
    const path = join(location, name);
    try {
      await mkdir(location, { recursive: true, mode: 0o700 });
      const result = await write(`${path}.part`);
      await rename(`${path}.part`, path);
      return result;
    } catch (error) {
      if (MigrationError.is(error)) throw error;
      throw new MigrationError('STATE_UNWRITABLE', `${path} cannot be written`, {
        hint: 'Make room for it, then `gen2 resume`. Nothing of the app was changed by this step.',
        cause: error,
      });
    }
  };
  return {
    location,
    writeText: (name, text) => whole(name, (path) => writeFile(path, text, { mode: 0o600, flush: true })),
    writeStream: (name, content, signal) =>
      whole(name, async (path) => {
        const hash = createHash('sha256');
        const hashed = new PassThrough().on('data', (chunk: Buffer) => hash.update(chunk));
        await pipeline(content, hashed, createWriteStream(path, { mode: 0o600, flush: true }), { signal });
        return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
      }),
  };
}

/** Reads an export back from its folder. */
export function exportReader(location: string): ExportReader {
  return {
    location,
    async readText(name) {
      try {
        return await readFile(join(location, name), 'utf8');
      } catch (error) {
        if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
          return undefined;
        throw unreadable(location, name, error);
      }
    },
    async readStream(name) {
      try {
        return (await open(join(location, name), 'r')).createReadStream();
      } catch (error) {
        throw unreadable(location, name, error);
      }
    },
  };
}

function unreadable(location: string, name: string, cause: unknown): MigrationError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  return new MigrationError('EXPORT_DAMAGED', `${join(location, name)} cannot be read (${code})`, {
    hint: 'Restore the file from a copy of the export. Nothing was changed.',
    cause,
  });
}
