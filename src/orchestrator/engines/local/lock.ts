import { link, readFile, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '../../../errors.ts';
import { systemClock } from '../../../time/clock.ts';
import { formatDuration } from '../../../time/wait.ts';
import { isObject } from './journal-format.ts';
import { unwritable } from './journal.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

interface Owner {
  readonly token: string;
  readonly execution: string;
  /** ms since 1970. */
  readonly since: number;
  readonly identity: ProcessIdentity;
}

export interface LockTiming {
  /** The holder touches its file this often, so that other hosts and containers see it live. Real ms. */
  readonly heartbeatMs: number;
  /** A holder elsewhere that has not touched its file for this long is dead. Real ms. */
  readonly silentMs: number;
}

const TIMING: LockTiming = { heartbeatMs: 5_000, silentMs: 60_000 };

export interface LockProcess {
  readonly pid: number;
  /** Whether a process of this machine exists. */
  readonly exists: (pid: number) => boolean;
}

export interface Lock {
  /**
   * @throws {MigrationError} `EXECUTION_RUNNING` if another process has taken over: this one slept so long (a laptop, a
   * frozen container) that it was taken for dead.
   */
  assertHeld(): Promise<void>;
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
  timing = TIMING,
}: {
  readonly folder: string;
  readonly app: string;
  readonly execution: string;
  readonly process: LockProcess;
  /** Default: a beat every 5 s, dead after 60 s of silence. */
  readonly timing?: LockTiming;
}): Promise<Lock> {
  const self = await identityOf(process.pid);
  const mine: Owner = { token: crypto.randomUUID(), execution, since: Date.now(), identity: self };
  let path = join(folder, 'lock');
  for (;;) {
    if (await createWhole(path, JSON.stringify(mine))) return held(path, { folder, app, owner: mine, timing });
    const last = await lastOf(folder, path);
    if (last === undefined) continue; // released between the two calls
    const { owner } = last;
    path = last.path;
    const isAliveHere = await isAlive(owner.identity, self, process.exists);
    if (isAliveHere ?? !(await isSilent(path, timing))) throw busy(app, owner);
    path = successorOf(folder, owner);
  }
}

/** Who holds the lock of a folder now, if anybody; for `status`. */
export async function lockHolder(
  folder: string,
  process: LockProcess,
): Promise<{ execution: string; says: string } | undefined> {
  const self = await identityOf(process.pid);
  const last = await lastOf(folder, join(folder, 'lock'));
  if (last === undefined) return undefined;
  const { path, owner } = last;
  const isAliveHere = await isAlive(owner.identity, self, process.exists);
  const holds = isAliveHere ?? (await ageOf(path)) < TIMING.silentMs;
  return holds ? { execution: owner.execution, says: describe(owner) } : undefined;
}

/** The last file of the chain that goes on from `path`, and its owner; undefined if there is no such file. */
async function lastOf(folder: string, path: string): Promise<{ path: string; owner: Owner } | undefined> {
  let last: { path: string; owner: Owner } | undefined;
  for (let next = path; ; next = successorOf(folder, last.owner)) {
    const owner = await readOwner(next);
    if (owner === undefined) return last;
    last = { path: next, owner };
  }
}

async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${crypto.randomUUID()}`;
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

/** Only one can be made of it: whoever makes it holds the lock after that owner. */
function successorOf(folder: string, { token }: Owner): string {
  return join(folder, `lock.after-${token}`);
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const [text, { ino, mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return parseOwner(text) ?? nobodyKnown(ino, mtimeMs);
  } catch {
    return undefined; // there is none
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(text);
    return isOwner(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Looked at by hand: `gen2 status` reads the lock, and a schema takes longer to load than the rest of it to run. */
function isOwner(data: unknown): data is Owner {
  if (!isObject(data) || !isObject(data['identity'])) return false;
  const { token, execution, since, identity } = data;
  const texts = [token, execution, identity['host'], identity['boot'], identity['pidNamespace'], identity['started']];
  return (
    texts.every((one) => typeof one === 'string') && [since, identity['pid']].every((one) => typeof one === 'number')
  );
}

/** The owner of a file that a broken disk has made unreadable: like one on another host, judged by its heartbeat. */
function nobodyKnown(inode: number, mtimeMs: number): Owner {
  const identity = { host: 'a host that cannot be read', pid: 0, boot: '', pidNamespace: '', started: '' };
  return { token: `unreadable-${inode}`, execution: 'unknown', since: mtimeMs, identity };
}

/** How long ago a file was touched, by this host's clock; what another host touched may lie in the future. */
async function ageOf(path: string): Promise<number> {
  return Date.now() - (await touchedAt(path));
}

function touchedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/**
 * Whether a holder elsewhere is dead. Its file carries the time of its host, whose clock may be wrong: what looks too old,
 * or lies in the future, counts as dead only if no beat comes while we watch.
 */
async function isSilent(path: string, { heartbeatMs, silentMs }: LockTiming): Promise<boolean> {
  const age = await ageOf(path);
  if (age >= 0 && age < silentMs) return false;
  const before = await touchedAt(path);
  await systemClock.sleep(heartbeatMs * 2.5, new AbortController().signal);
  return (await touchedAt(path)) === before;
}

function held(
  path: string,
  {
    folder,
    app,
    owner,
    timing,
  }: { readonly folder: string; readonly app: string; readonly owner: Owner; readonly timing: LockTiming },
): Lock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // a missed beat is made good by the next
  }, timing.heartbeatMs);
  heartbeat.unref();
  return {
    assertHeld: async () => {
      const successor = await readOwner(successorOf(folder, owner));
      if (successor !== undefined) throw busy(app, successor);
    },
    release: async () => {
      clearInterval(heartbeat);
      // A successor's chain hangs on this file: whoever was taken for dead leaves it.
      if ((await readOwner(successorOf(folder, owner))) !== undefined) return;
      await unlink(path).catch(() => undefined); // gone with its folder is released too
    },
  };
}

function describe({ identity, since, execution }: Owner): string {
  return `process ${identity.pid} on ${identity.host} for ${formatDuration(Math.max(0, Date.now() - since))} (execution ${execution})`;
}

function busy(app: string, owner: Owner): MigrationError {
  return new MigrationError('EXECUTION_RUNNING', `another gen2 works on ${app}: ${describe(owner)}`, {
    hint: `Watch it with \`gen2 status ${app} --watch\`. If that process is gone, simply run the command again in a minute.`,
    details: { app, ...owner.identity, execution: owner.execution },
  });
}
