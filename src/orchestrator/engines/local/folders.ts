import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
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
  return `${stamp}-${randomBytes(2).toString('hex')}`;
}

/** Makes a folder and proves that it can be written. @throws {MigrationError} `STATE_UNWRITABLE`. */
export async function ensureWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(folder, error);
  }
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
