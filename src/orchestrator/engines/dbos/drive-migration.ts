import {
  resumeMigration,
  startMigration,
  undoMigration,
  type MigrateRequest,
  type MigrationResult,
} from '../../migrate.ts';
import type { MigrationSettings } from '../../plan.ts';
import type { WorkItem } from './worker.ts';

/** Does with the procedure what a worker was asked to do; one that takes over goes on where the dead one was. */
export function driveMigration(
  { rack, app, settings, job, engine, execution }: WorkItem,
  request: Omit<MigrateRequest, 'engine' | 'until'>,
  signal: AbortSignal,
): Promise<MigrationResult> {
  const filter = { rack, app };
  if (job.kind === 'undo') return undoMigration({ ...request, engine, filter, direction: job.direction }, signal);
  const until = job.until === undefined ? {} : { until: job.until };
  if (execution.recorded('assess') !== undefined) {
    return resumeMigration({ ...request, ...until, engine, filter }, signal);
  }
  // Written by `submit` from MigrationSettings.
  return startMigration({ ...request, ...until, engine, settings: settings as unknown as MigrationSettings }, signal);
}
