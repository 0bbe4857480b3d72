/** The doors to the procedure: plan it, run it, take it up again, take it back. */
import type { Engine, ExecutionFilter } from './engine.ts';
import type { EventListener, Outcome, Phase } from './events.ts';
import type { MigrationSettings, Plan } from './plan.ts';
import type { ExportPort, Ports } from './ports.ts';

export interface PlanRequest {
  /** Ports whose clients cannot write. */
  readonly ports: Ports;
  readonly settings: MigrationSettings;
}

export interface MigrateRequest {
  readonly ports: Ports;
  readonly engine: Engine;
  readonly listener?: EventListener;
  /** Where exports of an execution go, given its `location`. */
  readonly exportTo: (location: string) => ExportPort;
  /** Stop after this phase instead of going on to the next gate; default `commit` = the whole procedure. */
  readonly until?: Exclude<Phase, 'plan'>;
}

export interface MigrationResult {
  readonly execution: string;
  /** Undefined when it stopped before its end (`until`). */
  readonly outcome: Outcome | undefined;
}

/** Reads rack, AWS, DNS and manifest, and says what a migration would do. Changes nothing. */
export declare function planMigration(request: PlanRequest, signal: AbortSignal): Promise<Plan>;
/** Begins a migration and runs it. */
export declare function startMigration(
  request: MigrateRequest & { readonly settings: MigrationSettings },
  signal: AbortSignal,
): Promise<MigrationResult>;
/** Goes on with the newest execution of an app, in the direction it had. */
export declare function resumeMigration(
  request: MigrateRequest & { readonly filter: ExecutionFilter },
  signal: AbortSignal,
): Promise<MigrationResult>;
/** Puts records back (`rollback`), or undoes everything (`abort`). Refused after the point of no return. */
export declare function undoMigration(
  request: MigrateRequest & { readonly filter: ExecutionFilter; readonly direction: 'rollback' | 'abort' },
  signal: AbortSignal,
): Promise<MigrationResult>;
