import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '../../errors.ts';
import { examineStateDatabase } from '../../orchestrator/engines/dbos/open-dbos-engine.ts';
import { assertSameTime } from '../../time/same-time.ts';
import { formatDuration } from '../../time/wait.ts';
import type { Invocation } from '../command.ts';
import { findDatabaseUrl, stateFolder } from '../state.ts';
import type { Diagnose } from './diagnosis.ts';

const MB = 1024 ** 2;
/** Journals take some MB; the export of a build takes as much as its images. */
const LEAST_FREE_BYTES = 100 * MB;
/** Formats of tables as DBOS 5 needs them (its own README). */
const OLDEST_SERVER = 13;

/** Where executions are kept: a folder, or a database and a folder for exports. */
export async function examineState(
  invocation: Pick<Invocation, 'shell' | 'options'>,
  diagnose: Diagnose,
): Promise<void> {
  const databaseUrl = findDatabaseUrl(invocation);
  if (databaseUrl !== undefined) await examineStateOf(databaseUrl, diagnose);
  const folder = stateFolder(invocation);
  await diagnose(
    databaseUrl === undefined ? 'state folder' : 'folder for exports',
    () => tryFolder(folder),
    (freeBytes) => `${folder}, ${Math.floor(freeBytes / MB)} MB free`,
  );
}

async function examineStateOf(databaseUrl: string, diagnose: Diagnose): Promise<void> {
  const seen = await diagnose(
    'state database',
    async () => {
      const found = await examineStateDatabase(databaseUrl, Date.now);
      if (Number.parseInt(found.serverVersion, 10) < OLDEST_SERVER)
        throw unusable(found.location, `PostgreSQL ${found.serverVersion} is older than ${OLDEST_SERVER}`);
      if (!found.hasTables && !found.canCreate)
        throw unusable(found.location, 'its tables are not there, and this role may not create them');
      return found;
    },
    ({ location, serverVersion, hasTables }) =>
      `${location}, PostgreSQL ${serverVersion}, ${hasTables ? 'tables are there' : 'tables are made at the first use'}`,
  );
  if (seen === undefined) return;
  await diagnose(
    'clock of the database',
    () =>
      Promise.resolve().then(() => assertSameTime('the database', { serverMs: seen.serverMs, ownMs: seen.askedMs })),
    (skewMs) => `${Math.abs(skewMs / 1000).toFixed(0)} s from the clock here`,
  );
  await diagnose(
    'workers',
    () => Promise.resolve(seen.workers.filter(({ isAlive }) => isAlive)),
    (alive) => {
      const dead = seen.workers.filter(({ isAlive }) => !isAlive);
      const silent = dead.map(({ holder, silentMs }) => `${holder} silent for ${formatDuration(silentMs)}`);
      const living = alive.map(({ holder, racks }) => `${holder} for ${racks.join(', ')}`);
      const none = living.length === 0 ? ['none is running: `gen2 worker` starts one'] : [];
      return [...none, ...living, ...silent].join('; ');
    },
  );
}

function unusable(location: string, why: string): MigrationError {
  return new MigrationError('STATE_UNWRITABLE', `${location}: ${why}`, {
    hint: 'Name another database, or a role that may create schemas, with GEN2_STATE.',
  });
}

/** Proves that a folder can be written; gives the bytes that are free there. */
async function tryFolder(folder: string): Promise<number> {
  const probe = join(folder, `.probe-${process.pid}-${Date.now()}`);
  let freeBytes: number;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, 'x', { flush: true });
    await rm(probe);
    const { bavail, bsize } = await statfs(folder);
    freeBytes = bavail * bsize;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new MigrationError('STATE_UNWRITABLE', `${folder}: cannot be written (${code})`, {
      hint: 'Give a folder that can be written, with --state or GEN2_STATE.',
    });
  }
  if (freeBytes >= LEAST_FREE_BYTES) return freeBytes;
  throw new MigrationError('STATE_UNWRITABLE', `${folder}: only ${Math.floor(freeBytes / MB)} MB are free`, {
    hint: 'Make room: the export of the old app holds the images of a build. Or give another folder with --state.',
  });
}
