/** The doors to the procedure: plan it, run it, take it up again, take it back. */
import { MigrationError } from '../errors.ts';
import { assess } from './assess/assess.ts';
import type { Engine, Execution, ExecutionFilter } from './engine.ts';
import type { EventListener, Outcome } from './events.ts';
import { firstFailure } from './first-failure.ts';
import { hasNoReturn, stagesOf, stagesOfPhase, stagesTakenBack } from './migration.ts';
import type { Assessment, MigrationSettings, Plan, PlannedStep } from './plan.ts';
import { assertAsPlanned, basisOf } from './plan-basis.ts';
import type { ExportPort, Ports } from './ports.ts';
import { Runner } from './runner.ts';
import { isGate, type Stage } from './step.ts';

export interface PlanRequest {
  /** Ports whose clients cannot write. */
  readonly ports: Ports;
  readonly settings: MigrationSettings;
}

export interface MigrateRequest {
  readonly ports: Ports;
  readonly engine: Engine;
  readonly listener?: EventListener;
  /** Where exports of an execution go, given its id. */
  readonly exportTo: (execution: string) => ExportPort;
  /** Stop after this phase instead of going on to the next gate; default `commit` = the whole procedure. */
  readonly until?: MigrationPhase;
  /** Other stages than the standard ones, to measure what each is for. Every run of an execution needs the same. */
  readonly stages?: readonly Stage[];
}

export interface MigrationResult {
  readonly execution: string;
  /** Undefined when it stopped before its end (`until`). */
  readonly outcome: Outcome | undefined;
}

const PHASES = ['prepare', 'cutover', 'commit'] as const;
export type MigrationPhase = (typeof PHASES)[number];

/** Reads rack, AWS, DNS and manifest, and says what a migration would do. Changes nothing. */
export async function planMigration({ ports, settings }: PlanRequest, signal: AbortSignal): Promise<Plan> {
  const { findings, assessment } = await assess(ports, settings, signal);
  const rack = assessment?.rack ?? (await ports.rack.system.get(signal));
  const steps: PlannedStep[] = [];
  if (assessment !== undefined) {
    const foreseen = stagesOf(settings).filter((stage) => !isGate(stage) || stage.isNeeded === undefined);
    for (const stage of foreseen) steps.push(await planStage(stage, { facts: assessment, settings, ports }, signal));
  }
  return { app: settings.app, rack: { name: rack.name, version: rack.version }, findings, assessment, steps };
}

async function planStage(
  stage: Stage,
  context: { readonly facts: Assessment; readonly settings: MigrationSettings; readonly ports: Ports },
  signal: AbortSignal,
): Promise<PlannedStep> {
  const { id, phase, title } = stage;
  if (isGate(stage)) {
    const says = 'waits until a person agrees';
    return { id, phase, title, state: 'todo', says, expectedMs: 0, isGate: true, canBeUndone: true };
  }
  const { state, says } = await stage.plan(context, signal);
  const isAfterReturn = phase === 'commit';
  return {
    ...{ id, phase, title, state, says, expectedMs: state === 'done' ? 0 : stage.expectedMs, isGate: false },
    canBeUndone: !isAfterReturn && stage.undo !== undefined,
  };
}

/**
 * Begins a migration and runs it to its end, or to the end of phase `until`.
 *
 * @throws {MigrationError} `PLAN_BLOCKED` with all blockers, `PLAN_DRIFTED` with all changes since the approved plan, both
 * before anything is changed; `EXECUTION_RUNNING`,
 * `EXECUTION_STATE`; and whatever makes a step fail, after which the execution can be resumed or taken back.
 */
export async function startMigration(
  request: MigrateRequest & { readonly settings: MigrationSettings },
  signal: AbortSignal,
): Promise<MigrationResult> {
  const { ports, settings, engine } = request;
  const assessment = await assessUnblocked(ports, settings, signal);
  const execution = await engine.begin(
    { rack: assessment.rack.name, app: settings.app, settings: { ...settings } },
    signal,
  );
  return attempt(execution, async () => {
    await execution.step('assess', () => Promise.resolve(assessment));
    return forward({ ...request, execution, facts: assessment, settings, resumed: false });
  });
}

/** @throws {MigrationError} `PLAN_BLOCKED` with all blockers, `PLAN_DRIFTED` with all changes since the approved plan. */
async function assessUnblocked(ports: Ports, settings: MigrationSettings, signal: AbortSignal): Promise<Assessment> {
  const { findings, assessment } = await assess(ports, settings, signal);
  const blockers = findings.filter(({ severity }) => severity === 'blocker');
  if (assessment !== undefined && blockers.length === 0) {
    const { app, approvedPlan } = settings;
    if (approvedPlan !== undefined) assertAsPlanned(app, approvedPlan, basisOf(assessment, findings));
    return assessment;
  }
  throw new MigrationError(
    'PLAN_BLOCKED',
    `${settings.app} cannot be migrated: ${blockers.map(({ message }) => message).join('; ')}`,
    {
      hint: blockers.map(({ hint }) => hint).join(' '),
      details: { blockers },
    },
  );
}

/**
 * Goes on with the newest execution of an app, in the direction it had; one that died before it had looked looks first.
 *
 * @throws {MigrationError} as `startMigration`.
 */
export async function resumeMigration(
  request: MigrateRequest & { readonly filter: ExecutionFilter },
  signal: AbortSignal,
): Promise<MigrationResult> {
  const { engine, filter } = request;
  const { execution, view } = await takeUp(engine, filter, signal);
  return attempt(execution, async () => {
    if (view.outcome !== undefined) throw over(view.app, view.outcome);
    const { settings } = view;
    const facts =
      findFacts(execution) ??
      (await execution.step('assess', () => assessUnblocked(request.ports, settings, execution.signal)));
    const known = { ...request, execution, facts, settings, resumed: true };
    const { direction } = execution;
    return direction === 'forward'
      ? forward(known)
      : backward(known, { direction, because: firstFailure(view.events) });
  });
}

/**
 * Puts records back (`rollback`), or undoes everything (`abort`). An abort that was begun stays one.
 *
 * @throws {MigrationError} `POINT_OF_NO_RETURN` once the old app's deletion has begun, `UNDO_FAILED`.
 */
export async function undoMigration(
  request: MigrateRequest & { readonly filter: ExecutionFilter; readonly direction: 'rollback' | 'abort' },
  signal: AbortSignal,
): Promise<MigrationResult> {
  const { engine, filter } = request;
  const { execution, view } = await takeUp(engine, filter, signal);
  const direction = execution.direction === 'abort' ? 'abort' : request.direction;
  return attempt(execution, async () => {
    assertCanReturn(execution, view.app);
    const facts = findFacts(execution);
    if (facts === undefined) {
      // It died before it had looked at anything: there is nothing to take back.
      await execution.finish('aborted');
      return { execution: execution.id, outcome: 'aborted' };
    }
    if (view.outcome === 'aborted' || view.outcome === 'succeeded') throw over(view.app, view.outcome);
    const known = { ...request, execution, facts, settings: view.settings, resumed: true };
    await execution.turn(direction, 'asked for by the user');
    return backward(known, { direction, because: firstFailure(view.events) });
  });
}

interface Run extends MigrateRequest {
  readonly execution: Execution;
  readonly facts: Assessment;
  readonly settings: MigrationSettings;
  readonly resumed: boolean;
}

async function forward(run: Run): Promise<MigrationResult> {
  const { execution, settings, facts, until = 'commit' } = run;
  const runner = runnerOf(run);
  runner.tell({ type: 'execution-started', execution: execution.id, app: facts.app, resumed: run.resumed });
  const stages = run.stages ?? stagesOf(settings);
  const last = PHASES.indexOf(until);
  for (const phase of PHASES) {
    if (PHASES.indexOf(phase) > last) return { execution: execution.id, outcome: undefined };
    try {
      await runner.run(stagesOfPhase(stages, phase));
    } catch (error) {
      if (!returnsByItself(error, { phase, execution })) throw error;
      return await returnRecords(run, runner, error);
    }
  }
  return finish(run, runner, settings.finish === 'keep' ? 'kept' : 'succeeded');
}

/**
 * A failure after users were moved takes them back at once: any while they are being moved, and later, as long as there
 * is a way back, one that says that the new app does not serve them. A wish to stop or to wait does not.
 */
function returnsByItself(
  error: unknown,
  { phase, execution }: { readonly phase: MigrationPhase; readonly execution: Execution },
): boolean {
  const hasMoved = execution.wasStarted('switch-records/plan');
  if (!hasMoved || hasNoReturn(execution) || execution.signal.aborted) return false;
  if (phase === 'commit') return MigrationError.is(error, 'VERIFICATION_FAILED', 'TRAFFIC_OUT_OF_BOUNDS');
  return !MigrationError.is(error, 'STOPPED', 'GATE_PENDING', 'STATE_UNWRITABLE');
}

async function returnRecords(run: Run, runner: Runner, cause: unknown): Promise<never> {
  const why = cause instanceof Error ? cause.message : String(cause);
  await run.execution.turn('rollback', why);
  await backward(run, { direction: 'rollback', because: asError(cause) }, runner);
  throw new MigrationError('ROLLED_BACK', `traffic is back on the old app: ${why}`, {
    hint: `${run.facts.temporaryApp} still runs beside it, for you to look at. Remove it with \`gen2 abort ${run.facts.app}\`.`,
    cause,
  });
}

interface WayBack {
  readonly direction: 'rollback' | 'abort';
  /** The failure that made it necessary, if there was one. */
  readonly because: Error | undefined;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

async function backward(run: Run, { direction, because }: WayBack, given?: Runner): Promise<MigrationResult> {
  const runner = given ?? runnerOf(run);
  const reason = direction === 'rollback' ? 'the records are put back' : 'everything is taken back';
  runner.tell({ type: 'direction', direction, reason });
  const stages = run.stages ?? stagesOf(run.settings);
  await runner.undo(stagesTakenBack(stages, direction), because);
  return finish(run, runner, direction === 'rollback' ? 'rolled-back' : 'aborted');
}

async function finish(run: Run, runner: Runner, outcome: Outcome): Promise<MigrationResult> {
  runner.tell({ type: 'execution-finished', outcome });
  await runner.settled();
  await run.execution.finish(outcome);
  return { execution: run.execution.id, outcome };
}

function runnerOf({ execution, facts, settings, ports, listener, exportTo }: Run): Runner {
  return new Runner({ execution, facts, settings, ports, listener, exports: exportTo(execution.id) });
}

async function takeUp(engine: Engine, filter: ExecutionFilter, signal: AbortSignal) {
  const execution = await engine.resume(filter, signal);
  const view = (await engine.list(filter)).find(({ id }) => id === execution.id);
  if (view === undefined) throw new MigrationError('EXECUTION_NOT_FOUND', `execution ${execution.id} is gone`);
  // Written by `begin` from MigrationSettings.
  return { execution, view: { ...view, settings: view.settings as unknown as MigrationSettings } };
}

/** Lets go of the execution however it ends, so that another process can take it up. */
async function attempt(execution: Execution, run: () => Promise<MigrationResult>): Promise<MigrationResult> {
  try {
    return await run();
  } finally {
    await execution.release();
  }
}

/** What `assess` recorded, gone through JSON; undefined for an execution that died before it. */
function findFacts(execution: Execution): Assessment | undefined {
  return execution.recorded('assess') as Assessment | undefined;
}

function assertCanReturn(execution: Execution, app: string): void {
  if (!hasNoReturn(execution)) return;
  throw new MigrationError('POINT_OF_NO_RETURN', `${app}: the deletion of the old app has begun; it cannot come back`, {
    hint: `The temporary app serves all traffic until the final one has taken over. Go on with \`gen2 resume ${app}\`.`,
    details: { app },
  });
}

function over(app: string, outcome: Outcome): MigrationError {
  return new MigrationError('EXECUTION_FINISHED', `${app}: the newest execution is over (${outcome})`, {
    hint: `See it with \`gen2 status ${app}\`.`,
    details: { app, outcome },
  });
}
