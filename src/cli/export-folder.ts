import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exportFolder } from '../connect/folders.ts';
import { MigrationError } from '../errors.ts';
import { EXPORT_FILES } from '../orchestrator/old-app/export-format.ts';
import type { ExportPort } from '../orchestrator/ports.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { stateFolder } from './state.ts';

/** Exports of an execution go beside its journal: `<state>/<rack>/<app>/<execution>/export`. */
export function exportsOf(state: string, app: string, execution: string): ExportPort {
  // The rack's name is in the path but not in the execution's id, which is unique.
  const rack = names(state).find((name) => names(join(state, name, app)).includes(execution));
  return exportFolder(join(state, rack ?? 'unknown-rack', app, execution, 'export'));
}

/** The folder of --export, else the newest complete export of the app. @throws {MigrationError} `EXPORT_NOT_FOUND`. */
export function findExportFolder(
  invocation: Pick<Invocation, 'shell' | 'options'>,
  { app, rack }: { readonly app: string; readonly rack: string },
): string {
  const given = invocation.options.get(OPTIONS.export);
  if (given !== undefined) return resolve(invocation.shell.cwd, given);
  const folder = join(stateFolder(invocation), rack, app);
  // Ids of executions sort by time.
  const exports = names(folder)
    .toSorted()
    .toReversed()
    .map((execution) => join(folder, execution, 'export'));
  const found = exports.find((path) => existsSync(join(path, EXPORT_FILES.checksums)));
  if (found !== undefined) return found;
  throw new MigrationError('EXPORT_NOT_FOUND', `${folder} holds no complete export of ${app}`, {
    hint: 'A migration writes one before it deletes the old app. Name the state directory with --state, or the export itself with --export.',
    details: { app, rack },
  });
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // another rack need not have the app
  }
}
