import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MigrationError } from '../errors.ts';
import { planManifestWrite } from '../manifest/write-plan.ts';

export interface ManifestFile {
  readonly path: string;
  readonly text: string;
  /** True if a file that differs may be replaced. */
  readonly mayReplace: boolean;
}

/** Writes a manifest whole or not at all. @throws {MigrationError} `FILE_EXISTS`, `STATE_UNWRITABLE`. */
export async function writeManifestFile(file: ManifestFile): Promise<'written' | 'replaced' | 'unchanged'> {
  const existing = await readExisting(file.path);
  const plan = planManifestWrite({ ...file, existing });
  if (plan.action === 'unchanged') return 'unchanged';
  try {
    await rm(plan.temporaryPath, { force: true }); // left over from a process that was killed
    await writeFile(plan.temporaryPath, plan.text, { flag: 'wx', flush: true });
    await rename(plan.temporaryPath, plan.path);
    const folder = await open(dirname(plan.path));
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    await rm(plan.temporaryPath, { force: true }).catch(() => undefined); // what counts is told below
    throw unwritable(plan.path, error);
  }
  return plan.action === 'replace' ? 'replaced' : 'written';
}

/** Only a file that is not there is none: one that cannot be read must not be replaced. */
async function readExisting(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): MigrationError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new MigrationError('STATE_UNWRITABLE', `${path}: cannot be written (${code})`, {
    hint: 'Name another file: the manifest with --output (- for stdout), answers with --answers.',
  });
}
