import { randomUUID } from 'node:crypto';
import { link, readFile, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MigrationError } from '../../../errors.ts';
import { formatDuration } from '../../../time/wait.ts';
import { unwritable } from './journal.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

const ownerSchema = z.object({
  token: z.string(),
  execution: z.string(),
  since: z.number(),
  identity: z.object({
    host: z.string(),
    pid: z.number(),
    boot: z.string(),
    pidNamespace: z.string(),
    started: z.string(),
  }),
});
type Owner = z.infer<typeof ownerSchema>;

/** The holder touches its file this often, so that other hosts see it live. Real ms. */
const HEARTBEAT_MS = 5_000;
/** A holder elsewhere that has not touched its file for this long is dead. Real ms. */
const SILENT_MS = 60_000;

export interface LockProcess {
  readonly pid: number;
  /** Whether a process of this machine exists. */
  readonly exists: (pid: number) => boolean;
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the one lock of an app, which a dead process cannot hold.
 *
 * A lock is a file that names its owner, created whole by link(2). A dead owner's file is never removed or renamed
 * (two takers could take each other's); its taker creates a successor, named after the dead owner's token, in the same
 * atomic way. The holder is whoever owns the last file of that chain.
 *
 * @throws {MigrationError} `EXECUTION_RUNNING` with owner, host and age; `STATE_UNWRITABLE`.
 */
export async function takeLock({
  folder,
  app,
  execution,
  process,
}: {
  folder: string;
  app: string;
  execution: string;
  process: LockProcess;
}): Promise<Lock> {
  const self = await identityOf(process.pid);
  const mine: Owner = { token: randomUUID(), execution, since: Date.now(), identity: self };
  let path = join(folder, 'lock');
  for (;;) {
    if (await createWhole(path, JSON.stringify(mine))) return held(path);
    const owner = await readOwner(path);
    if (owner === undefined) continue; // released between the two calls
    if (await holds(owner, path, self, process)) throw busy(app, owner);
    path = join(folder, `lock.after-${owner.token}`);
  }
}

/** Who holds the lock of a folder now, if anybody; for `status`. */
export async function lockHolder(
  folder: string,
  process: LockProcess,
): Promise<{ execution: string; says: string } | undefined> {
  const self = await identityOf(process.pid);
  let path = join(folder, 'lock');
  for (;;) {
    const owner = await readOwner(path);
    if (owner === undefined) return undefined;
    if (await holds(owner, path, self, process)) return { execution: owner.execution, says: describe(owner) };
    path = join(folder, `lock.after-${owner.token}`);
  }
}

async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, content, { flag: 'wx', flush: true });
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw unwritable(path, error);
  } finally {
    await unlink(draft).catch(() => undefined); // it may never have been made
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  return ownerSchema.parse(JSON.parse(text));
}

async function holds(owner: Owner, path: string, self: ProcessIdentity, process: LockProcess): Promise<boolean> {
  const alive = await isAlive(owner.identity, self, process.exists);
  if (alive !== undefined) return alive;
  const touched = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  return Date.now() - touched < SILENT_MS;
}

function held(path: string): Lock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // a missed beat is made good by the next
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    release: async () => {
      clearInterval(heartbeat);
      await unlink(path).catch(() => undefined); // gone with its folder is released too
    },
  };
}

function describe({ identity, since, execution }: Owner): string {
  return `process ${identity.pid} on ${identity.host} for ${formatDuration(Date.now() - since)} (execution ${execution})`;
}

function busy(app: string, owner: Owner): MigrationError {
  return new MigrationError('EXECUTION_RUNNING', `another gen2 works on ${app}: ${describe(owner)}`, {
    hint: `Watch it with \`gen2 status ${app} --watch\`. If that process is gone, simply run the command again in a minute.`,
    details: { app, ...owner.identity, execution: owner.execution },
  });
}
