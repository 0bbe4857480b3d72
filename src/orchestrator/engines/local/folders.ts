import { access, constants, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unwritable } from './journal.ts';

/**
 * Where things are in a state directory:
 *
 *   <state>/<rack>/<app>/lock
 *   <state>/<rack>/<app>/<execution>/journal.jsonl, inbox/, export/
 */
export function appFolder(state: string, rack: string, app: string): string {
  return join(state, rack, app);
}

export function executionFolder(state: string, rack: string, app: string, execution: string): string {
  return join(appFolder(state, rack, app), execution);
}

export function journalPath(folder: string): string {
  return join(folder, 'journal.jsonl');
}

/** `20260105-090000-3fa1`: sorts by time and is short enough to type. */
export function newExecutionId(nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${Buffer.from(crypto.getRandomValues(new Uint8Array(2))).toString('hex')}`;
}

/** Room for the journal of a migration, many times over; a disk with less is as good as full. */
const PROBE_BYTES = 1024 * 1024;

/**
 * Makes a folder and proves that it can be written by writing: permissions say little to root, and nothing of a full disk.
 *
 * @throws {MigrationError} `STATE_UNWRITABLE`.
 */
export async function ensureWritable(folder: string): Promise<void> {
  const probe = join(folder, `probe.${crypto.randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    try {
      await writeFile(probe, Buffer.alloc(PROBE_BYTES, 1), { flag: 'wx', flush: true });
    } finally {
      await rm(probe, { force: true });
    }
  } catch (error) {
    throw unwritable(folder, await reasonAbove(folder, error));
  }
}

/** Node.js 20 says ENOENT where folders cannot be made on a read-only disk; the first one that is there tells why. */
async function reasonAbove(folder: string, error: unknown): Promise<unknown> {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT') || dirname(folder) === folder)
    return error;
  return access(folder, constants.W_OK).then(
    () => error,
    (reason: unknown) => reasonAbove(dirname(folder), reason),
  );
}

export interface FoundExecution {
  readonly rack: string;
  readonly app: string;
  readonly execution: string;
}

/** All executions of a state directory, newest first. */
export async function findExecutions(
  state: string,
  filter: { readonly rack?: string | undefined; readonly app?: string | undefined },
): Promise<readonly FoundExecution[]> {
  const found: FoundExecution[] = [];
  for (const rack of filter.rack === undefined ? await folders(state) : [filter.rack]) {
    for (const app of filter.app === undefined ? await folders(join(state, rack)) : [filter.app]) {
      for (const execution of await folders(join(state, rack, app))) found.push({ rack, app, execution });
    }
  }
  return found.toSorted((a, b) => (a.execution < b.execution ? 1 : -1));
}

async function folders(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
