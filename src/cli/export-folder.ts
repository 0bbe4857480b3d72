import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exportFolder } from '../connect/folders.ts';
import type { ExportPort } from '../orchestrator/ports.ts';

/** Exports of an execution go beside its journal: `<state>/<rack>/<app>/<execution>/export`. */
export function exportsOf(state: string, app: string, execution: string): ExportPort {
  // The rack's name is in the path but not in the execution's id, which is unique.
  const rack = names(state).find((name) => names(join(state, name, app)).includes(execution));
  return exportFolder(join(state, rack ?? 'unknown-rack', app, execution, 'export'));
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // another rack need not have the app
  }
}
