import { AsyncResource } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { DBOS, DBOSWorkflowConflictError, Error as DbosErrors } from '@dbos-inc/dbos-sdk';
import { MigrationError } from '../../../errors.ts';
import type { Clock } from '../../../time/clock.ts';
import type { JournalEntry } from '../local/journal-entry.ts';
import { APPLICATION, databaseError, SILENT, type Database } from './database.ts';
import {
  LOST,
  parseInput,
  parseMessage,
  readHistory,
  RECEIVED,
  type ExecutionInput,
  type History,
  type Message,
  type Operation,
} from './history.ts';
import { takenOver } from './lease.ts';

export const WORKFLOW = 'gen2-execution';
/** The queue workers take the executions of a rack from: a worker serves only racks that it can reach. */
export function workerQueue(rack: string): string {
  return `gen2-workers-${rack}`;
}

/**
 * DBOS hands executions only to processes of one application version. What is recorded is keyed by step id, not by the
 * shape of the code, so any version of this program can go on; a change of format gets a new name.
 */
export const APPLICATION_VERSION = 'gen2-format-1';
/** A migration is taken over as often as it needs to be. */
const MAX_RECOVERIES = 1_000_000;
const POLL_MS = 250;
const DRAIN_MS = 5_000;
/** Recorded operations asked for at once on replay; below the size of the pool. */
const REPLAY_BATCH = 20;

/** What a workflow lets its execution do; may be called from anywhere in this process. */
export interface Desk extends History {
  readonly workflow: string;
  readonly input: ExecutionInput;
  /** Runs `act` as a DBOS step of this name; what it gives is recorded. */
  record(name: string, act: () => Promise<JournalEntry>): Promise<void>;
  /** Takes the next message of a topic, which must be there (`Database` looks). */
  receive(topic: string): Promise<Message | undefined>;
}

/**
 * Works on an execution. What it resolves to completes the workflow, unless it was cancelled or put back into a queue
 * before: then DBOS ignores it. It must not throw, as DBOS cannot continue a workflow that failed.
 */
export type Host = (open: () => Promise<Desk>, workflow: string) => Promise<string | undefined>;

export interface RuntimeOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Takes the executions that wait for workers of `racks`; without it this process only works on what it begins. */
  readonly worker?: { readonly host: Host; readonly racks: readonly string[]; readonly perRack: number };
}

/** DBOS in this process: there can be one at a time, so it is launched for a purpose and shut down after it. */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #hosts = new Map<string, Host>();
  /** A queue only this process listens to: DBOS continues a workflow only through a queue. */
  readonly #queue = `gen2-process-${randomUUID()}`;
  #start: ((input: ExecutionInput) => Promise<string | undefined>) | undefined;

  private constructor(options: RuntimeOptions) {
    this.#options = options;
  }

  static async launch(options: RuntimeOptions): Promise<Runtime> {
    if (DBOS.isInitialized()) {
      throw new MigrationError('EXECUTION_STATE', 'this process already works through another engine on PostgreSQL', {
        hint: 'DBOS runs once a process: release the other execution first, or use another process.',
      });
    }
    const runtime = new Runtime(options);
    try {
      await runtime.#launch();
      return runtime;
    } catch (error) {
      await runtime.close();
      throw databaseError(options.database.location, error);
    }
  }

  async #launch(): Promise<void> {
    const { database, worker } = this.#options;
    const workerQueues = (worker?.racks ?? []).map(workerQueue);
    DBOS.setConfig({
      name: APPLICATION,
      systemDatabaseUrl: database.url,
      systemDatabasePool: database.pool,
      applicationVersion: APPLICATION_VERSION,
      executorID: this.#queue,
      listenQueues: [this.#queue, ...workerQueues],
      // Messages are looked for before they are received, so nothing waits for a notification.
      useListenNotify: false,
      logger: SILENT,
    });
    this.#start = DBOS.registerWorkflow((input: ExecutionInput) => this.#work(input), {
      name: WORKFLOW,
      maxRecoveryAttempts: MAX_RECOVERIES,
    });
    await DBOS.launch();
    await DBOS.registerQueue(this.#queue, { minPollingIntervalMs: POLL_MS, onConflict: 'always_update' });
    for (const queue of workerQueues) {
      await DBOS.registerQueue(queue, {
        globalConcurrency: worker?.perRack ?? 1,
        minPollingIntervalMs: POLL_MS,
        onConflict: 'always_update',
      });
    }
  }

  /** Begins the workflow of a new execution in this process. */
  async begin(workflow: string, input: ExecutionInput, host: Host): Promise<void> {
    const start = this.#start;
    if (start === undefined) throw new TypeError('not launched');
    this.#hosts.set(workflow, host);
    await DBOS.startWorkflow(start, { workflowID: workflow, workflowIDReusePolicy: 'reject' })(input);
  }

  /** Goes on with an execution's workflow in this process, whoever had it: DBOS refuses what its last owner writes. */
  async resume(workflow: string, host: Host): Promise<void> {
    this.#hosts.set(workflow, host);
    await DBOS.resumeWorkflow(workflow, { queueName: this.#queue });
  }

  /** Ends DBOS in this process; `drain` waits a little for workflows that are about to end. */
  async close({ drain }: { readonly drain: boolean } = { drain: true }): Promise<void> {
    const { client } = this.#options.database;
    await client.deleteQueue(this.#queue).catch(() => undefined); // an idle row, if it stays
    await DBOS.shutdown({ deregister: true, ...(drain ? { workflowCompletionTimeoutMS: DRAIN_MS } : {}) });
  }

  /** The workflow itself. */
  async #work(given: ExecutionInput): Promise<string | undefined> {
    const workflow = DBOS.workflowID;
    if (workflow === undefined) throw new TypeError('called outside of DBOS');
    const host = this.#hosts.get(workflow) ?? this.#options.worker?.host;
    this.#hosts.delete(workflow);
    return host?.(() => this.#open(workflow, given), workflow);
  }

  async #open(workflow: string, given: ExecutionInput): Promise<Desk> {
    const { database, clock } = this.#options;
    const input = parseInput(workflow, given);
    const operations = (await database.client.listWorkflowSteps(workflow)) ?? [];
    await passRecorded(operations);
    // Steps are begun from everywhere in the process, and must be counted as this workflow's.
    const inside = new AsyncResource('gen2-execution');
    const within = <T>(call: () => Promise<T>): Promise<T> =>
      inside.runInAsyncScope(call).catch((error: unknown) => {
        throw isTakenOver(error) ? takenOver(input.app) : databaseError(database.location, error);
      });
    return {
      workflow,
      input,
      ...readHistory(workflow, input, operations),
      record: async (name, act) => {
        await within(() => DBOS.runStep(async () => ({ ...(await act()), at: clock.now() }), { name }));
      },
      receive: async (topic) => {
        const message = await within(() => DBOS.recv(topic, { timeoutSeconds: 0 }));
        return message === null ? undefined : parseMessage(workflow, message);
      },
    };
  }
}

/**
 * Repeats the recorded operations of a workflow in their order, which gives their results without running them, so that
 * the next one is new. DBOS counts operations; the procedure asks for steps by id, since it looks at the world between
 * them and need not ask for the same ones after a restart. An operation that was under way when its process died has
 * left a gap in the count.
 */
async function passRecorded(operations: readonly Operation[]): Promise<void> {
  const names = new Map(operations.map(({ functionID, name }) => [functionID, name]));
  const last = Math.max(-1, ...names.keys());
  let id = 0;
  while (id <= last) {
    const batch: Promise<unknown>[] = [];
    while (id <= last && batch.length < REPLAY_BATCH) {
      const name = names.get(id) ?? LOST;
      batch.push(
        name === RECEIVED
          ? DBOS.recv(undefined, { timeoutSeconds: 0 })
          : DBOS.runStep(() => Promise.resolve(null), { name }),
      );
      id += name === RECEIVED ? 2 : 1; // a receipt counts its time limit too
    }
    await Promise.all(batch);
  }
}

function isTakenOver(error: unknown): boolean {
  return error instanceof DBOSWorkflowConflictError || error instanceof DbosErrors.DBOSWorkflowCancelledError;
}
