/** The doors to bringing an old app back: plan it, do it. */
import { MigrationError } from '../../errors.ts';
import type { Engine, Execution } from '../engine.ts';
import type { EventListener } from '../events.ts';
import type { MigrationSettings, PlannedStep } from '../plan.ts';
import type { EnvironmentMap, ExportPort, OldBalancer, Ports, ReturnPlan } from '../ports.ts';
import { Runner } from '../runner.ts';
import type { OldAppExport } from './read-export.ts';
import { assertNameIsFree, restoreSteps } from './restore-steps.ts';
import { restoredBalancers } from './verify-old-app.ts';

export interface PlanRestoreRequest {
  readonly ports: Ports;
  readonly exported: OldAppExport;
  /** Its values, from `readOldEnvironment`; never written down. */
  readonly environment: EnvironmentMap;
  /** Name it gets; default: its own, which must be free. */
  readonly as?: string | undefined;
}

export interface RestoreRequest extends PlanRestoreRequest {
  /** Keeps the record of what is done: a state of its own, beside the export. */
  readonly engine: Engine;
  readonly listener?: EventListener;
}

export interface RestorePlan {
  readonly app: string;
  /** What was begun earlier and goes on now; undefined for a new beginning. */
  readonly execution: string | undefined;
  readonly steps: readonly PlannedStep[];
}

export interface Restored {
  readonly app: string;
  readonly execution: string;
  readonly balancers: readonly OldBalancer[];
  /** What would lead the names to it again; nothing of it has been done. */
  readonly records: ReturnPlan;
}

/**
 * Says what bringing the old app back would do. Reads only.
 *
 * @throws {MigrationError} `EXPORT_MISMATCH` for another rack's export, `APP_NAME_TAKEN`.
 */
export async function planRestore(
  request: PlanRestoreRequest & { readonly engine: Engine },
  signal: AbortSignal,
): Promise<RestorePlan> {
  const { ports, exported, environment } = request;
  const app = targetOf(request);
  await assertSameRack(request, signal);
  const earlier = await findEarlier(request, signal);
  if (earlier === undefined) await assertNameIsFree({ ports }, app, signal);
  const context = { facts: exported.facts, settings: settingsOf(request), ports };
  const steps: PlannedStep[] = [];
  for (const step of restoreSteps({ exported, app, environment })) {
    const { id, phase, title, expectedMs } = step;
    const isFinished = earlier?.finished.has(id) ?? false;
    const { state, says } = isFinished
      ? { state: 'done' as const, says: 'done before' }
      : await step.plan(context, signal);
    const shown = { id, phase, title, state, says, expectedMs: state === 'done' ? 0 : expectedMs };
    steps.push({ ...shown, isGate: false, canBeUndone: false });
  }
  return { app, execution: earlier?.id, steps };
}

/**
 * Brings an old app back from its export: created, configured, started and verified, beside whatever serves now. Goes on
 * where an earlier call stopped; after one that ended it only looks again. No record is changed: `records` says which would
 * lead users to it.
 *
 * @throws {MigrationError} as `planRestore`; `RACK_UNSUPPORTED` from a rack that makes no generation 1, and whatever makes
 * a step fail, after which the same call goes on there.
 */
export async function restoreOldApp(request: RestoreRequest, signal: AbortSignal): Promise<Restored> {
  const { ports, exported, environment, listener } = request;
  const app = targetOf(request);
  await assertSameRack(request, signal);
  const facts = exported.facts;
  const earlier = await findEarlier(request, signal);
  let id = earlier?.id;
  if (earlier?.isOver !== true) {
    const execution = await take(request, earlier?.id, signal);
    id = execution.id;
    try {
      const settings = settingsOf(request);
      const runner = new Runner({ execution, facts, settings, ports, exports: NO_EXPORTS, listener });
      await runner.run(restoreSteps({ exported, app, environment }));
      await runner.settled();
      await execution.finish('succeeded');
    } finally {
      await execution.release();
    }
  }
  const balancers = await restoredBalancers({ ports, facts }, { app, exported }, signal);
  const gone = facts.old.balancers.map((before) => ({
    before,
    now: balancers.find(({ service }) => service === before.service),
  }));
  const records = await ports.aws.planReturn({ batches: exported.batches, gone }, signal);
  return { app, execution: id ?? '', balancers, records };
}

function take(
  { ports, engine, exported, ...request }: RestoreRequest,
  earlier: string | undefined,
  signal: AbortSignal,
): Promise<Execution> {
  const app = targetOf({ exported, ...request });
  const rack = exported.facts.rack.name;
  if (earlier !== undefined) return engine.resume({ rack, app }, signal);
  return assertNameIsFree({ ports }, app, signal).then(() =>
    engine.begin({ rack, app, settings: { restores: exported.facts.app, from: exported.execution } }, signal),
  );
}

interface Earlier {
  readonly id: string;
  readonly isOver: boolean;
  /** Ids of the steps that are done. */
  readonly finished: ReadonlySet<string>;
}

/** An earlier call for this name that goes on, or whose app still stands; an app that was deleted since is made anew. */
async function findEarlier(
  { engine, ports, exported, as }: Pick<RestoreRequest, 'engine' | 'ports' | 'exported' | 'as'>,
  signal: AbortSignal,
): Promise<Earlier | undefined> {
  const { rack, app } = exported.facts;
  const [newest] = await engine.list({ rack: rack.name, app: as ?? app });
  if (newest === undefined) return undefined;
  const { id, results, outcome } = newest;
  const earlier = { id, isOver: outcome !== undefined, finished: new Set(results.keys()) };
  if (!earlier.isOver) return earlier;
  const arn = results.get('create-old-app/stack');
  const stack = typeof arn === 'string' ? await ports.aws.findStack(arn, signal) : undefined;
  return stack === undefined || stack.status.startsWith('DELETE_') ? undefined : earlier;
}

async function assertSameRack({ ports, exported }: PlanRestoreRequest, signal: AbortSignal): Promise<void> {
  const { name } = await ports.rack.system.get(signal);
  const { rack, app } = exported.facts;
  if (name === rack.name) return;
  throw new MigrationError('EXPORT_MISMATCH', `the export is of ${app} on rack ${rack.name}; this rack is ${name}`, {
    hint: `Connect to rack ${rack.name}. On another rack follow "By hand" of the export's README.md.`,
  });
}

function targetOf({ as, exported }: Pick<PlanRestoreRequest, 'as' | 'exported'>): string {
  return as ?? exported.facts.app;
}

function settingsOf({ exported }: Pick<PlanRestoreRequest, 'exported'>): MigrationSettings {
  return { app: exported.facts.app, sourceFolder: exported.location };
}

/** Nothing is deleted here, so nothing is exported. */
const NO_EXPORTS: ExportPort = {
  location: 'nowhere',
  writeText: () => Promise.reject(nothingToExport()),
  writeStream: () => Promise.reject(nothingToExport()),
};

function nothingToExport(): MigrationError {
  return new MigrationError('EXECUTION_STATE', 'bringing an app back exports nothing');
}
