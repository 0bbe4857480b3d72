import { MigrationError } from '../../../errors.ts';
import { systemClock } from '../../../time/clock.ts';
import type { Engine, Execution, ExecutionSettings } from '../../engine.ts';
import type { RecordedExecution } from '../recorded-execution.ts';
import { attachedEngine } from './attached-engine.ts';
import type { Database } from './database.ts';
import { hasMessage } from './dbos-recorder.ts';
import type { DbosEngine } from './dbos-engine.ts';
import { isFinal } from './held-execution.ts';
import type { Job } from './history.ts';
import { findLease, type Lease } from './lease.ts';
import { Runtime, workerQueue, WORKFLOW, type Desk } from './runtime.ts';
import { forgetDeadWorkers, registerWorker, type WorkerEntry } from './worker-registry.ts';
import { parseWorkflowId } from './workflow-id.ts';

/** An execution that a worker has in hand. */
export interface WorkItem {
  readonly rack: string;
  readonly app: string;
  readonly settings: ExecutionSettings;
  readonly job: Job;
  /** Its `begin` and `resume` give the execution in hand; `release` leaves the letting go to the worker. */
  readonly engine: Engine;
  readonly execution: Execution;
}

/** Does the work, e.g. `driveMigration`. Its signal is aborted when the worker stops, or somebody asks it to let go. */
export type Drive = (item: WorkItem, signal: AbortSignal) => Promise<unknown>;

export interface WorkerOptions {
  readonly engine: DbosEngine;
  readonly drive: Drive;
  /** Names of the racks whose executions it takes: those that `drive` can reach. */
  readonly racks: readonly string[];
  /** Executions of one rack that run at once, over all workers; default 1. The last worker to start decides. */
  readonly perRack?: number;
  /** Called every few seconds while the database answers: a sign of life for whoever watches this process. */
  readonly onBeat?: () => void;
  /** Told what becomes of each execution. */
  readonly onEvent?: (event: WorkerEvent) => void;
}

export interface WorkerEvent {
  readonly type: 'waiting' | 'taken' | 'finished' | 'parked' | 'handed-on' | 'taken-over' | 'recovered';
  readonly execution: string;
  readonly code?: string;
  readonly message?: string;
}

const LOOK_INTERVAL_MS = 500;
/** How often a worker looks for executions whose worker died; with the lease this makes the time to take over. */
const RECOVERY_INTERVAL_MS = 2_000;
/** How long a worker that stops waits for what it has in hand to reach a safe point. Real ms. */
const STOP_LIMIT_MS = 30_000;

/**
 * Takes executions from the queue until `signal` is aborted, on any number of machines; what it has in hand then goes
 * to the others. What a dead worker had in hand is put back into the queue once its lease has ended.
 *
 * @throws {MigrationError} `STATE_UNWRITABLE` when the database cannot be reached at the start.
 */
export async function runWorker(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const worker = new Worker(options, signal);
  const runtime = await Runtime.launch({
    ...(await options.engine.runtimeOptions()),
    worker: {
      host: (open, workflow) => worker.work(open, workflow),
      racks: options.racks,
      perRack: options.perRack ?? 1,
    },
  });
  try {
    await worker.recoverUntilStopped();
    await worker.idle();
  } finally {
    await runtime.close({ drain: false });
    await worker.handOn();
  }
}

/** What becomes of a workflow: it is complete, it was parked, or it goes on elsewhere. */
type Ending =
  | { readonly type: 'complete'; readonly outcome: string }
  | { readonly type: 'parked' }
  | { readonly type: 'left'; readonly isOurs: boolean };

class Worker {
  readonly #options: WorkerOptions;
  readonly #signal: AbortSignal;
  readonly #inHand = new Set<Promise<unknown>>();
  /** To be put back when this process takes nothing from the queue any more. */
  readonly #toHandOn = new Set<string>();

  constructor(options: WorkerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async work(open: () => Promise<Desk>, workflow: string): Promise<string | undefined> {
    const work = this.#serve(open, workflow);
    this.#inHand.add(work);
    const ending = await work.finally(() => this.#inHand.delete(work));
    switch (ending.type) {
      case 'complete':
        return ending.outcome;
      case 'parked':
        return undefined;
      case 'left':
        if (ending.isOurs) this.#toHandOn.add(workflow);
        // To return would complete a workflow that is not complete.
        return new Promise(() => undefined);
    }
  }

  /** Resolves when nothing is in hand, or the time for it is up. */
  async idle(): Promise<void> {
    const limit = new AbortController();
    const up = systemClock.sleep(STOP_LIMIT_MS, limit.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled(this.#inHand), up]);
    limit.abort();
  }

  /** Gives what was left here to the other workers. */
  async handOn(): Promise<void> {
    const database = await this.#options.engine.database();
    for (const workflow of this.#toHandOn) {
      await putBack(database, workflow);
      this.#tell('handed-on', workflow);
    }
  }

  async #serve(open: () => Promise<Desk>, workflow: string): Promise<Ending> {
    const lease = await this.#awaitLease(workflow);
    if (lease === undefined) return { type: 'left', isOurs: false };
    let failure: unknown;
    let ending: Ending;
    try {
      const outcome = await this.#run(await open(), lease);
      if (outcome !== undefined) ending = { type: 'complete', outcome };
      else ending = lease.lost.aborted ? { type: 'left', isOurs: false } : await this.#park(workflow);
    } catch (error) {
      failure = error;
      if (lease.lost.aborted) ending = { type: 'left', isOurs: false };
      else if (this.#signal.aborted) ending = { type: 'left', isOurs: true };
      else ending = await this.#park(workflow);
    }
    await lease.release().catch(() => undefined); // it ends by itself
    if (lease.lost.aborted) this.#tell('taken-over', workflow, failure);
    else if (ending.type !== 'left') this.#tell(ending.type === 'complete' ? 'finished' : 'parked', workflow, failure);
    return ending;
  }

  /** Leaves it to a person to go on or back. */
  async #park(workflow: string): Promise<Ending> {
    const { client } = await this.#options.engine.database();
    await client.cancelWorkflow(workflow); // DBOS's word for what can be resumed
    return { type: 'parked' };
  }

  /** How it ended, for good; undefined if somebody has to decide. @throws what made it stop. */
  async #run(desk: Desk, lease: Lease): Promise<string | undefined> {
    const { engine, drive } = this.#options;
    const { workflow, input } = desk;
    const { rack, app, settings } = input;
    this.#tell('taken', workflow);
    const job = await newestJob(await engine.database(), desk);
    const onRelease = (): Promise<void> => Promise.resolve();
    const execution = await engine.openExecution(desk, lease, { signal: this.#signal, onRelease });
    if (isFinal(execution.outcome)) return execution.outcome;
    const attached = attachedEngine(engine, execution, input);
    try {
      await drive({ rack, app, settings, job, engine: attached, execution }, execution.signal);
    } catch (error) {
      const isBegun = execution.recorded('assess') !== undefined;
      if (isBegun || execution.signal.aborted) throw error;
      await recordFailure(engine, execution, error);
    }
    return isFinal(execution.outcome) ? execution.outcome : undefined;
  }

  /** Somebody at a terminal may have been faster, or the dead one's lease may not have ended: then there is none. */
  async #awaitLease(workflow: string): Promise<Lease | undefined> {
    const { engine } = this.#options;
    const { rack, app, id } = parseWorkflowId(workflow);
    const startedAt = performance.now();
    let isTold = false;
    while (!this.#signal.aborted && performance.now() - startedAt < 2 * engine.leaseMs) {
      const lease = await engine.takeLease(rack, app, id).catch((error: unknown) => {
        if (!isTold) this.#tell('waiting', workflow, error);
        isTold = true;
        return undefined;
      });
      if (lease !== undefined) return lease;
      await systemClock.sleep(LOOK_INTERVAL_MS, this.#signal).catch(() => undefined);
    }
    if (this.#signal.aborted) this.#toHandOn.add(workflow);
    return undefined;
  }

  async recoverUntilStopped(): Promise<void> {
    const { engine, racks } = this.#options;
    const database = await engine.database();
    const entry = registerWorker(database, { racks, pid: engine.pid });
    await forgetDeadWorkers(database);
    while (!this.#signal.aborted) {
      // A database that is away is met again at the next look.
      await this.#beat(entry).catch(() => undefined);
      await this.#recover().catch(() => undefined);
      await systemClock.sleep(RECOVERY_INTERVAL_MS, this.#signal).catch(() => undefined);
    }
    await entry.remove().catch(() => undefined); // it falls silent by itself
  }

  async #beat(entry: WorkerEntry): Promise<void> {
    await entry.beat();
    this.#options.onBeat?.();
  }

  /** Puts executions back into the queue that are in hand of nobody who lives. */
  async #recover(): Promise<void> {
    const { engine, racks } = this.#options;
    const database = await engine.database();
    const pending = await database.client.listWorkflows({
      ...{ workflowName: WORKFLOW, status: 'PENDING', queueName: racks.map(workerQueue) },
      ...{ loadInput: false, loadOutput: false },
    });
    for (const { workflowID, updatedAt = 0 } of pending) {
      const { rack, app, id } = parseWorkflowId(workflowID);
      const lease = await findLease(database, rack, app);
      // Whoever took it from the queue has half a lease's time to take the lease too.
      const isFresh = (await database.now()) - updatedAt < engine.leaseMs / 2;
      if (lease?.execution === id || isFresh) continue;
      await putBack(database, workflowID);
      this.#tell('recovered', workflowID);
    }
  }

  #tell(type: WorkerEvent['type'], execution: string, failure?: unknown): void {
    this.#options.onEvent?.({ type, execution, ...(failure === undefined ? {} : describe(failure)) });
  }
}

/** Back into the queue: DBOS then refuses what its present owner writes. */
async function putBack(database: Database, workflow: string): Promise<void> {
  await database.client.resumeWorkflow(workflow, { queueName: workerQueue(parseWorkflowId(workflow).rack) });
}

/** What was asked for last; a worker that takes over goes on with the same. */
async function newestJob(database: Database, desk: Desk): Promise<Job> {
  let { job } = desk;
  while (await hasMessage(database, desk.workflow, 'job')) {
    const message = await desk.receive('job');
    if (message?.type === 'job') job = message.job;
  }
  return job;
}

/** An execution that failed before it had looked at anything is over: nothing was changed, a new one may begin. */
async function recordFailure(engine: DbosEngine, execution: RecordedExecution, failure: unknown): Promise<void> {
  const { code, message } = describe(failure);
  await execution.announce({ type: 'step-failed', step: 'assess', code, message, at: engine.clock.now() });
  await execution.finish('failed');
}

function describe(failure: unknown): { readonly code: string; readonly message: string } {
  const message = failure instanceof Error ? failure.message : String(failure);
  return { code: MigrationError.is(failure) ? failure.code : 'BUG', message };
}
