/** Runs cells of the matrix: a step fails, and what becomes of the world is looked at. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationError } from '../../../src/errors.ts';
import type { MigrationEvent } from '../../../src/orchestrator/events.ts';
import {
  resumeMigration,
  startMigration,
  undoMigration,
  type MigrateRequest,
} from '../../../src/orchestrator/migrate.ts';
import { startGen2 } from '../../cli/support/spawn-gen2.ts';
import { connectToSandbox, startShopMigration, type ShopMigration } from '../../support/shop-migration.ts';
import { worldSnapshot } from '../../support/world-snapshot.ts';
import { at, type End, type Trouble } from './troubles.ts';

const signal = new AbortController().signal;
const FILTER = { app: 'shop' };
/** Simulated ms per real ms. */
const SCALE = 300;
/** Issues certificates ahead and has every other part of the procedure, too. */
const RACK_VERSION = '20260421192651';
/** Real ms that clients wait for an answer where none will come. */
const PATIENCE_MS = 1_000;
/** Real ms that a child may take to come to where it is killed. */
const CHILD_LIMIT_MS = 90_000;

/** A sandbox on which one cell after the other is run. */
export interface Lane extends ShopMigration {
  /** The gate that is answered with no. */
  rejecting: string | undefined;
  /** Of the world before anything happened; every cell must bring it back. */
  readonly before: ReturnType<typeof worldSnapshot>;
}

export async function startLane({
  rackVersion = RACK_VERSION,
  updateRackTo,
}: {
  readonly rackVersion?: string;
  readonly updateRackTo?: string;
}): Promise<Lane> {
  const rejecting: { gate: string | undefined } = { gate: undefined };
  const shop = await startShopMigration({
    ...{ scale: SCALE, rackVersion },
    approver: (gate) => Promise.resolve({ approved: gate !== rejecting.gate, by: 'matrix' }),
  });
  return {
    ...shop,
    // Without mail there is nothing to wait for that long.
    settings: { ...shop.settings, certificateTimeoutMs: 40 * 60_000, updateRackTo },
    before: worldSnapshot(shop.sandbox),
    get rejecting() {
      return rejecting.gate;
    },
    set rejecting(gate) {
      rejecting.gate = gate;
    },
  };
}

/** Runs a migration, from its beginning or from where it stands, into a trouble at a step; gives its failure. */
export async function runInto(
  lane: Lane,
  { step, trouble, from }: { readonly step: string; readonly trouble: Trouble; readonly from: 'start' | 'resume' },
): Promise<MigrationError> {
  let end: End | undefined;
  const listener = (event: MigrationEvent): void => {
    lane.events.push(event);
    const begun = event.type === 'step-started' ? event.step : event.type === 'gate-opened' ? event.gate : undefined;
    if (end === undefined && begun === (trouble.from ?? step)) end = trouble.start(lane);
  };
  const connection =
    trouble.isSilent === true
      ? await connectToSandbox(lane.sandbox, { readOnly: false, patienceMs: PATIENCE_MS })
      : undefined;
  const ports = connection?.ports ?? lane.request.ports;
  try {
    await go(lane, { ...lane.request, ports, listener }, from);
  } catch (error) {
    if (MigrationError.is(error)) return error;
    throw error;
  } finally {
    connection?.close();
    await end?.();
  }
  throw new Error(`${step} did not fail: ${trouble.says}`);
}

/** A person says no. */
export function rejection(lane: Lane, gate: string): Trouble {
  return {
    ...{ says: `${gate} is answered with no`, code: 'GATE_REJECTED' },
    start: () => {
      lane.rejecting = gate;
      return () => {
        lane.rejecting = undefined;
      };
    },
  };
}

async function go(lane: Lane, request: MigrateRequest, from: 'start' | 'resume'): Promise<void> {
  if (from === 'start') await startMigration({ ...request, settings: lane.settings }, signal);
  else await resumeMigration({ ...request, filter: FILTER }, signal);
}

/** Runs a migration in a process of its own, which is killed at a request of a step: it takes effect, its answer is lost. */
export async function killAt(
  lane: Lane,
  {
    step,
    request,
    from,
  }: { readonly step: string; readonly request: string | undefined; readonly from: 'start' | 'resume' },
): Promise<void> {
  const { sandbox, settings, state, engine } = lane;
  const matches = request === undefined ? undefined : at(request);
  const argv =
    from === 'start'
      ? [
          'migrate',
          'shop',
          '--source',
          settings.sourceFolder,
          ...(settings.updateRackTo === undefined ? [] : ['--update-rack', settings.updateRackTo]),
        ]
      : ['resume', 'shop'];
  const earlier = from === 'start' ? newestExecution(lane) : undefined;
  const process = startGen2([...argv, '--state', state], { env: sandbox.env, cwd: settings.sourceFolder });
  const remove = sandbox.world.faults.add((seen) => {
    if (process.child.killed || matches?.(seen) !== true || !hasBegun(lane, step, earlier)) return undefined;
    process.child.kill('SIGKILL');
    return { type: 'reset', applied: true };
  });
  const approving = setInterval(() => {
    void engine.answer(FILTER, { approved: true, by: 'matrix' }).catch(() => undefined); // mostly none is open
  }, 50);
  // A step that asks nobody is killed in its sleep.
  const looking = setInterval(() => {
    if (matches === undefined && hasBegun(lane, step, earlier)) process.child.kill('SIGKILL');
  }, 20);
  const limit = setTimeout(() => process.child.kill('SIGTERM'), CHILD_LIMIT_MS);
  const { exitCode, stderr } = await process.ended.finally(() => {
    remove();
    clearInterval(approving);
    clearTimeout(limit);
    clearInterval(looking);
  });
  if (exitCode !== 137) throw new Error(`not killed at ${step}, ended with ${exitCode}: ${stderr.slice(-2000)}`);
}

/** True once the journal of an execution other than `earlier` says that a step was begun. */
function hasBegun(lane: Lane, step: string, earlier: string | undefined): boolean {
  const execution = newestExecution(lane);
  if (execution === undefined || execution === earlier) return false;
  const journal = readFileSync(join(lane.state, 'convox', 'shop', execution, 'journal.jsonl'), 'utf8');
  return journal.includes(`"step":"${step}/begin"`);
}

function newestExecution({ state }: Lane): string | undefined {
  const folder = join(state, 'convox', 'shop');
  if (!existsSync(folder)) return undefined;
  const executions = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'journal.jsonl')));
  return executions.toSorted().at(-1);
}

/** Takes everything back, in a process other than the one that was killed. */
export async function abort(lane: Lane): Promise<void> {
  await undoMigration({ ...lane.request, filter: FILTER, direction: 'abort' }, signal);
}

/** The step that failed last, by the record, or the gate that was answered with no. */
export async function failedStep({ engine }: Lane): Promise<string | undefined> {
  const [view] = await engine.list(FILTER);
  for (const event of view?.events.toReversed() ?? []) {
    if (event.type === 'step-failed') return event.step;
    if (event.type === 'gate-answered' && !event.approved) return event.gate;
  }
  return undefined;
}
