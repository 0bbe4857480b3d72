import { MigrationError } from '../../errors.ts';
import type { GateAnswer, GateRequest } from '../../orchestrator/engine.ts';
import { LocalEngine } from '../../orchestrator/engines/local/local-engine.ts';
import {
  resumeMigration,
  startMigration,
  undoMigration,
  type MigrateRequest,
  type MigrationResult,
} from '../../orchestrator/migrate.ts';
import type { Stage } from '../../orchestrator/step.ts';
import { SHOP } from '../../sandbox/scenario/shop.ts';
import { exportsOf } from '../export-folder.ts';
import { seeThrough, type Attempt } from './see-through.ts';
import type { ProcedureEnd, RehearsalStage, RehearsedProcedure } from './stage.ts';

const OPERATOR = 'rehearsal operator';
/** Latency is real time, and here it is the machine's: a busy one must not look like a slow app. */
const MAX_LATENCY_MS = 20_000;

/** Migrates the app as `gen2 migrate` does, from first to last; the operator agrees at every gate. */
export const gen2Procedure = gen2ProcedureOf(undefined);

/** The same with other stages, to measure what each of the standard ones is for. */
export function gen2ProcedureOf(stages: readonly Stage[] | undefined): RehearsedProcedure {
  return (stage, signal) => migrate(stage, stages, signal);
}

async function migrate(
  stage: RehearsalStage,
  stages: readonly Stage[] | undefined,
  signal: AbortSignal,
): Promise<ProcedureEnd> {
  const { clock, connection, state, sourceFolder, listener } = stage;
  const approver = async (gate: string, _request: GateRequest, stop: AbortSignal): Promise<GateAnswer | undefined> => {
    try {
      await clock.sleep(stage.operatorMs, stop);
    } catch {
      return undefined; // stopped while reading
    }
    stage.onOperator(`approved ${gate}`);
    return { approved: true, by: OPERATOR };
  };
  const engine = new LocalEngine({ state, clock, process: stage.process, approver });
  const { app } = SHOP;
  const request: MigrateRequest = {
    ports: connection.ports,
    engine,
    listener,
    exportTo: (execution) => exportsOf(state, app, execution),
    ...(stages === undefined ? {} : { stages }),
  };
  const attempt = (what: Attempt): Promise<MigrationResult> => {
    if (what === 'start')
      return startMigration({ ...request, settings: { app, sourceFolder, maxLatencyMs: MAX_LATENCY_MS } }, signal);
    if (what === 'resume') return resumeMigration({ ...request, filter: { app } }, signal);
    return undoMigration({ ...request, filter: { app }, direction: 'abort' }, signal);
  };
  const onStop = (error: MigrationError, next: Attempt): void =>
    stage.onOperator(`${next} after [${error.code}] ${error.message}`);
  let failure: unknown;
  try {
    await (stage.isDisturbed ? seeThrough({ app, engine, attempt, onStop }, signal) : attempt('start'));
  } catch (error) {
    if (signal.aborted || !MigrationError.is(error)) throw error;
    failure = error;
  }
  const [view] = await engine.list({ app });
  return { view, failure };
}
