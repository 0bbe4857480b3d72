import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lockHolder, takeLock, type Lock } from '../../../src/orchestrator/engines/local/lock.ts';
import { identityOf, type ProcessIdentity } from '../../../src/orchestrator/engines/local/process-identity.ts';

const HOUR_MS = 3_600_000;
/** A beat every 200 ms, so that watching for one does not take long. */
const TIMING = { heartbeatMs: 200, silentMs: 60_000 };
const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const here = { pid: process.pid, exists };

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gen2-lock-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function take(where: string, execution = 'e2'): Promise<Lock> {
  return takeLock({ folder: where, app: 'shop', execution, process: here, timing: TIMING });
}

/** A lock as a process left it that is described by `identity`. */
async function leftBehind(
  identity: Partial<ProcessIdentity>,
  { touchedMsAgo = 0, sinceMsAgo = 2 * HOUR_MS }: { touchedMsAgo?: number; sinceMsAgo?: number } = {},
): Promise<string> {
  const where = await folder();
  const owner = {
    token: 'abcd',
    execution: 'e1',
    since: Date.now() - sinceMsAgo,
    identity: { ...(await identityOf(process.pid)), ...identity },
  };
  const path = join(where, 'lock');
  await writeFile(path, JSON.stringify(owner));
  const touched = new Date(Date.now() - touchedMsAgo);
  await utimes(path, touched, touched);
  return where;
}

describe('a lock is taken over at once from', () => {
  test('a process of this machine that is dead', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
    onTestFinished(() => void child.kill('SIGKILL'));
    const where = await leftBehind(await identityOf(child.pid ?? 0));
    await expect(take(where)).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
    child.kill('SIGKILL');
    await once(child, 'exit');

    const lock = await take(where);

    expect((await lockHolder(where, here))?.execution).toBe('e2');
    await lock.release();
    expect(await lockHolder(where, here)).toBeUndefined();
  });

  test('a dead process whose pid another process has now', async () => {
    const where = await leftBehind({ pid: process.pid, started: '12345' });

    await (await take(where)).release();
  });

  test('a process of this machine before it was started again, whatever has its pid now', async () => {
    const where = await leftBehind({ boot: '00000000-0000-0000-0000-000000000000' });

    await (await take(where)).release();
  });
});

describe.each<[string, Partial<ProcessIdentity>]>([
  ['another host', { host: 'build-7', boot: '11111111-1111-1111-1111-111111111111' }],
  ['another container of this machine', { host: '9f3c2d', pidNamespace: 'pid:[4026539999]' }],
  ['another container with the same host name', { pidNamespace: 'pid:[4026539999]' }],
])('a lock held on %s', (_where, identity) => {
  test('is respected while its heart beats; who asks hears owner, host and age', async () => {
    const where = await leftBehind({ ...identity, pid: 4711 }, { touchedMsAgo: 30_000 });

    await expect(take(where)).rejects.toMatchObject({
      code: 'EXECUTION_RUNNING',
      message: expect.stringMatching(
        new RegExp(`process 4711 on ${identity.host ?? hostname()} for 2 h \\(execution e1\\)$`),
      ) as string,
      hint: expect.stringContaining('gen2 status shop --watch') as string,
    });
    expect((await lockHolder(where, here))?.says).toContain('process 4711 on');
  });

  test('is taken over after a minute of silence, without a ritual', async () => {
    const where = await leftBehind({ ...identity, pid: 4711 }, { touchedMsAgo: 61_000 });

    const lock = await take(where);

    expect((await lockHolder(where, here))?.execution).toBe('e2');
    await lock.release();
  });

  test.each([-HOUR_MS, HOUR_MS])('is respected though the clock there differs by %i ms', async (differenceMs) => {
    const where = await leftBehind({ ...identity, pid: 4711 }, { touchedMsAgo: differenceMs });
    let beats = 0;
    const beating = setInterval(() => {
      const then = new Date(Date.now() - differenceMs + ++beats);
      void utimes(join(where, 'lock'), then, then);
    }, 20);
    onTestFinished(() => clearInterval(beating));

    await expect(take(where)).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
  });
});

test('who was taken for dead and wakes up again does nothing more, and leaves the lock to its successor', async () => {
  const where = await folder();
  const asleep = { heartbeatMs: HOUR_MS, silentMs: 60_000 };
  const slept = await takeLock({ folder: where, app: 'shop', execution: 'e1', process: here, timing: asleep });
  await expect(slept.assertHeld()).resolves.toBeUndefined();
  // As another host sees it: a process it cannot ask, whose heart has not beaten for long.
  const owner = JSON.parse(await readFile(join(where, 'lock'), 'utf8')) as { identity: ProcessIdentity };
  const asSeen = { ...owner, identity: { ...owner.identity, host: 'laptop', boot: 'x' } };
  await writeFile(join(where, 'lock'), JSON.stringify(asSeen));
  const frozen = { heartbeatMs: 1, silentMs: 0 };
  const successor = await takeLock({ folder: where, app: 'shop', execution: 'e2', process: here, timing: frozen });

  await expect(slept.assertHeld()).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
  await slept.release();

  expect((await lockHolder(where, here))?.execution).toBe('e2');
  await expect(take(where, 'e3')).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
  await successor.release();
});

test('a lock file that a broken disk has emptied does not lock for ever', async () => {
  const where = await folder();
  await writeFile(join(where, 'lock'), '');
  await expect(take(where)).rejects.toMatchObject({ code: 'EXECUTION_RUNNING' });
  const past = new Date(Date.now() - 61_000);
  await utimes(join(where, 'lock'), past, past);

  await (await take(where)).release();
});

test('of many who find a dead lock at once, exactly one takes it', async () => {
  const where = await leftBehind({ started: '12345' });

  const attempts = await Promise.allSettled(Array.from({ length: 30 }, (_, index) => take(where, `e${index}`)));

  const won = attempts.filter((attempt) => attempt.status === 'fulfilled');
  expect(won).toHaveLength(1);
  await won[0]?.value.release();
  expect((await readdir(where)).filter((name) => name !== 'lock')).toEqual([]);
});
