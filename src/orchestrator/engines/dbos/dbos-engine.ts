import { hostname } from 'node:os';
import * as z from 'zod';
import { MigrationError } from '../../../errors.ts';
import { systemClock, type Clock } from '../../../time/clock.ts';
import type { BeginRequest, Engine, Execution, ExecutionFilter, ExecutionView, GateAnswer } from '../../engine.ts';
import { newExecutionId } from '../local/folders.ts';
import { RecordedExecution, type Approver, type GatePolicy } from '../recorded-execution.ts';
import { Database } from './database.ts';
import { DbosRecorder, sendAnswer } from './dbos-recorder.ts';
import { holdExecution, isFinal, type Holding } from './held-execution.ts';
import { FORMAT, type ExecutionInput, type Job } from './history.ts';
import { DEFAULT_LEASE_MS, findLease, requestStop, takeLease, type Lease } from './lease.ts';
import { APPLICATION_VERSION, workerQueue, WORKFLOW, type Desk, type RuntimeOptions } from './runtime.ts';
import { sharedRateLimit, type SharedRate, type SharedRateLimit } from './shared-rate-limit.ts';
import { SharedRuntime } from './shared-runtime.ts';
import { listStored, newestStored, type StoredExecution } from './views.ts';
import { workflowId } from './workflow-id.ts';

export interface DbosEngineOptions {
  /** `postgres://user:password@host:5432/name`; its role must be allowed to create schemas. */
  readonly databaseUrl: string;
  readonly clock: Clock;
  /** Of this process, for people. */
  readonly pid: number;
  readonly approver?: Approver | undefined;
  /** Default `wait`. */
  readonly gatePolicy?: GatePolicy | undefined;
  /** How long a process that says nothing keeps an execution, real ms; default 15 s. */
  readonly leaseMs?: number | undefined;
}

/** How long whoever was asked to stop may take to reach a safe point. Real ms. */
const STOP_LIMIT_MS = 60_000;

/** Runs executions as DBOS workflows in PostgreSQL: any number of machines, one record. */
export class DbosEngine implements Engine {
  readonly #options: DbosEngineOptions;
  #database: Promise<Database> | undefined;
  readonly #shared: SharedRuntime;

  constructor(options: DbosEngineOptions) {
    this.#options = options;
    this.#shared = new SharedRuntime(() => this.runtimeOptions());
  }

  async begin(request: BeginRequest, signal: AbortSignal): Promise<Execution> {
    const { database, workflow, lease } = await this.#claimNew(request);
    return holdExecution(this.#holding(database, workflow, lease, signal), (runtime, host) =>
      runtime.begin(workflow, this.#input(request, { kind: 'start' }), host),
    );
  }

  async resume(filter: ExecutionFilter, signal: AbortSignal): Promise<Execution> {
    const database = await this.database();
    const { view, workflow } = await newestStored(database, filter);
    if (isFinal(view.outcome)) throw over(view);
    const lease = await this.takeLease(view.rack, view.app, view.id);
    return holdExecution(this.#holding(database, workflow, lease, signal), (runtime, host) =>
      runtime.resume(workflow, host),
    );
  }

  async list(filter: ExecutionFilter): Promise<readonly ExecutionView[]> {
    return (await listStored(await this.database(), filter)).map(({ view }) => view);
  }

  async answer(filter: ExecutionFilter, answer: GateAnswer): Promise<ExecutionView> {
    const database = await this.database();
    const { view, workflow } = await newestStored(database, filter);
    if (view.openGate === undefined) {
      throw new MigrationError('EXECUTION_STATE', `${view.app}: no gate is waiting for an answer`, {
        hint: `See where it stands with \`gen2 status ${view.app}\`.`,
      });
    }
    const { gate } = view.openGate;
    await sendAnswer(database, workflow, { gate, answer: { ...answer }, at: this.#options.clock.now() });
    return view;
  }

  async pause(filter: ExecutionFilter, isPaused: boolean): Promise<ExecutionView> {
    const database = await this.database();
    const { view, workflow } = await newestStored(database, filter);
    if (view.outcome !== undefined) throw over(view);
    await database.rows(
      z.unknown(),
      isPaused
        ? 'insert into convox_gen2.pause (execution) values ($1) on conflict do nothing'
        : 'delete from convox_gen2.pause where execution = $1',
      [workflow],
    );
    return { ...view, isPaused };
  }

  async stage(filter: ExecutionFilter, percent: number): Promise<ExecutionView> {
    const database = await this.database();
    const { view, workflow } = await newestStored(database, filter);
    if (view.outcome !== undefined) throw over(view);
    await database.rows(
      z.unknown(),
      `insert into convox_gen2.stage (execution, percent) values ($1, $2)
       on conflict (execution) do update set percent = excluded.percent`,
      [workflow, percent],
    );
    return view;
  }

  /**
   * Leaves a new execution to the workers (`runWorker`). @throws as `begin`.
   */
  async submit(request: BeginRequest & { readonly job: Job & { kind: 'start' } }): Promise<ExecutionView> {
    const { rack, app, job } = request;
    const { database, workflow, lease } = await this.#claimNew(request);
    try {
      await database.ask((client) =>
        client.enqueue(
          {
            ...{ workflowName: WORKFLOW, workflowID: workflow, workflowIDReusePolicy: 'reject' },
            ...{ queueName: workerQueue(rack), appVersion: APPLICATION_VERSION },
          },
          this.#input(request, job),
        ),
      );
    } finally {
      await lease.release();
    }
    return (await newestStored(database, { rack, app })).view;
  }

  /**
   * Has the workers go on with an app's newest execution, or take it back. One that is being worked on is asked to stop
   * first when it shall be taken back.
   *
   * @throws {MigrationError} `EXECUTION_NOT_FOUND`, `EXECUTION_FINISHED`, `EXECUTION_RUNNING`.
   */
  async request(
    filter: ExecutionFilter,
    job: Exclude<Job, { kind: 'start' }>,
    signal: AbortSignal,
  ): Promise<ExecutionView> {
    const database = await this.database();
    const { view, workflow } = await newestStored(database, filter);
    if (isFinal(view.outcome)) throw over(view);
    const lease = await this.#leaseOf(view, job, signal);
    try {
      await database.ask((client) => client.send(workflow, { type: 'job', job, at: this.#options.clock.now() }, 'job'));
      await database.ask((client) => client.resumeWorkflow(workflow, { queueName: workerQueue(view.rack) }));
    } finally {
      await lease.release();
    }
    return view;
  }

  /** Ends its connections. What it still holds ends with its lease. */
  async close(): Promise<void> {
    if (this.#database === undefined) return;
    await this.#shared.close();
    await (await this.#database).close();
    this.#database = undefined;
  }

  /** A limit that holds over all processes with this database. */
  rateLimit(rate: SharedRate): SharedRateLimit {
    return sharedRateLimit(() => this.database(), rate);
  }

  /** For workers: the database, opened once. */
  database(): Promise<Database> {
    this.#database ??= Database.open(this.#options.databaseUrl).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    });
    return this.#database;
  }

  async runtimeOptions(): Promise<RuntimeOptions> {
    return { database: await this.database(), clock: this.#options.clock };
  }

  async takeLease(rack: string, app: string, execution: string): Promise<Lease> {
    const { leaseMs } = this;
    return takeLease(await this.database(), { rack, app, execution, holder: this.#self, leaseMs });
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** Of this process, for people. */
  get pid(): number {
    return this.#options.pid;
  }

  get leaseMs(): number {
    return this.#options.leaseMs ?? DEFAULT_LEASE_MS;
  }

  /** For workers: the execution at a desk, told that this process works on it. */
  async openExecution(
    desk: Desk,
    lease: Lease,
    { signal, onRelease }: { readonly signal: AbortSignal; readonly onRelease: () => Promise<void> },
  ): Promise<RecordedExecution> {
    const { clock, approver, gatePolicy = 'wait', pid } = this.#options;
    await desk.record('run', () =>
      Promise.resolve({ type: 'run-started', pid, host: hostname(), direction: desk.state.direction }),
    );
    const recorder = new DbosRecorder({ desk, clock, onRelease, lost: lease.lost, database: await this.database() });
    const stop = AbortSignal.any([signal, lease.lost, lease.stop]);
    return new RecordedExecution({ recorder, state: desk.state, clock, approver, gatePolicy, signal: stop });
  }

  #input({ rack, app, settings }: BeginRequest, job: Job): ExecutionInput {
    const at = this.#options.clock.now();
    return { version: FORMAT, rack, app, settings: { ...settings }, at, job, by: this.#self };
  }

  /** This process, for people. */
  get #self(): string {
    return `process ${this.#options.pid} on ${hostname()}`;
  }

  #holding(database: Database, workflow: string, lease: Lease, signal: AbortSignal): Holding {
    return {
      ...{ workflow, database, lease, shared: this.#shared },
      open: (desk, onRelease) => this.openExecution(desk, lease, { signal, onRelease }),
    };
  }

  async #claimNew({ rack, app }: BeginRequest) {
    const database = await this.database();
    const id = newExecutionId(this.#options.clock.now());
    const lease = await this.takeLease(rack, app, id);
    try {
      const stored = await listStored(database, { rack, app });
      const unfinished = stored.find(({ view }) => view.outcome === undefined);
      if (unfinished !== undefined) throw notOver(unfinished);
      return { database, workflow: workflowId(rack, app, id), lease };
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async #leaseOf(view: ExecutionView, job: Job, signal: AbortSignal): Promise<Lease> {
    const database = await this.database();
    const startedAt = performance.now();
    for (;;) {
      try {
        return await this.takeLease(view.rack, view.app, view.id);
      } catch (error) {
        const isBusy = MigrationError.is(error, 'EXECUTION_RUNNING');
        if (!isBusy || job.kind !== 'undo' || performance.now() - startedAt > STOP_LIMIT_MS) throw error;
      }
      if ((await findLease(database, view.rack, view.app)) !== undefined) {
        await requestStop(database, view.rack, view.app);
      }
      await systemClock.sleep(250, signal);
    }
  }
}

function notOver({ view: { app, rack, id }, waits }: StoredExecution): MigrationError {
  if (waits !== undefined) {
    return new MigrationError('EXECUTION_RUNNING', `${app}: execution ${id}, ${waits}, waits for a worker of ${rack}`, {
      hint: `Watch it with \`gen2 status ${app} --watch\`.`,
      details: { app, execution: id },
    });
  }
  return new MigrationError('EXECUTION_STATE', `${app}: execution ${id} is not over`, {
    hint: `Go on with \`gen2 resume ${app}\`, or take it back with \`gen2 rollback ${app}\` or \`gen2 abort ${app}\`.`,
    details: { execution: id },
  });
}

function over({ app, id, outcome }: ExecutionView): MigrationError {
  return new MigrationError('EXECUTION_FINISHED', `${app}: execution ${id} is over (${outcome ?? 'unknown'})`, {
    hint: `See it with \`gen2 status ${app}\`.`,
    details: { app, outcome },
  });
}
