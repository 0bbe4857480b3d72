import { z } from 'zod';
import { MigrationError, stopped, throwIfStopped } from '../../../errors.ts';
import { systemClock, type Clock } from '../../../time/clock.ts';
import type { Execution, GateAnswer, GateRequest, Steering, StepOptions } from '../../engine.ts';
import type { Direction, MigrationEvent, Outcome } from '../../events.ts';
import type { JournalEntry } from '../local/journal-format.ts';
import type { Approver, GatePolicy } from '../local/local-execution.ts';
import type { ReplayedState } from '../local/replay.ts';
import type { Database } from './database.ts';
import type { Message } from './history.ts';
import type { Desk } from './runtime.ts';

/** How often the database is asked for an answer or the end of a pause. Real ms: people are real. */
const LOOK_INTERVAL_MS = 500;

const NOT_LOOKED = { at: Number.NEGATIVE_INFINITY, seen: { isPaused: false, stagePercent: undefined } } as const;

export interface DbosExecutionOptions {
  readonly desk: Desk;
  readonly database: Database;
  readonly clock: Clock;
  readonly approver: Approver | undefined;
  readonly gatePolicy: GatePolicy;
  /** Aborted when the run is asked to stop, or when the lease is lost. */
  readonly signal: AbortSignal;
  /** Aborted when another process may work on it: nothing can be recorded any more. */
  readonly lost: AbortSignal;
  readonly onRelease: () => Promise<void>;
}

/** An execution whose record is the steps of a DBOS workflow. */
export class DbosExecution implements Execution {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly #options: DbosExecutionOptions;
  readonly #started: Set<string>;
  readonly #results: Map<string, unknown>;
  readonly #wakeTimes: ReadonlyMap<string, number>;
  readonly #answers: Map<string, GateAnswer>;
  #direction: Direction;
  #outcome: Outcome | undefined;
  #steered: { readonly at: number; readonly seen: Steering } = NOT_LOOKED;

  constructor(options: DbosExecutionOptions) {
    const state: ReplayedState = options.desk.state;
    this.#options = options;
    this.id = state.id;
    this.signal = options.signal;
    this.#started = new Set(state.started);
    this.#results = new Map(state.results);
    this.#wakeTimes = state.wakeTimes;
    this.#answers = new Map(state.answers);
    this.#direction = state.direction;
    this.#outcome = state.outcome;
  }

  get direction(): Direction {
    return this.#direction;
  }

  /** How it ended, if it did. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  recorded(id: string): unknown {
    return this.#results.get(id);
  }

  wasStarted(id: string): boolean {
    return this.#started.has(id);
  }

  async step<T>(id: string, run: (signal: AbortSignal) => Promise<T>, options: StepOptions = {}): Promise<T> {
    // The recorded result is what the same code returned before, gone through JSON.
    if (this.#results.has(id)) return this.#results.get(id) as T;
    throwIfStopped(this.signal, id);
    if (options.whilePaused !== 'go-on') await this.#holdWhilePaused();
    await this.#append(`begin ${id}`, { type: 'step-started', step: id });
    this.#started.add(id);
    let failure: { readonly error: unknown } | undefined;
    let plain: unknown;
    await this.#record(id, async () => {
      try {
        const result = await run(this.signal);
        plain = result === undefined ? null : JSON.parse(JSON.stringify(result));
        return { type: 'step-finished', step: id, result: plain };
      } catch (error) {
        failure = { error };
        return { type: 'step-failed', step: id, error: describeFailure(error) };
      }
    });
    if (failure !== undefined) throw failure.error;
    this.#results.set(id, plain);
    return plain as T;
  }

  async sleep(id: string, ms: number, signal: AbortSignal = this.signal): Promise<void> {
    if (this.#results.has(id)) return;
    const { clock } = this.#options;
    const until = this.#wakeTimes.get(id) ?? clock.now() + ms;
    if (!this.#wakeTimes.has(id)) await this.#append(`begin ${id}`, { type: 'sleep-until', step: id, until });
    // The injected clock, not DBOS's sleep: the sandbox's time runs faster.
    const leftMs = Math.min(ms, until - clock.now()); // a clock that was set back must not lengthen it
    if (leftMs > 0) {
      await clock.sleep(leftMs, signal).catch(() => {
        throw stopped(signal, id);
      });
    }
    await this.#append(id, { type: 'step-finished', step: id, result: null });
    this.#results.set(id, null);
  }

  async gate(id: string, request: GateRequest): Promise<GateAnswer> {
    const earlier = this.#answers.get(id);
    if (earlier !== undefined) return earlier;
    const { title, shows } = request;
    await this.#append(`open gate ${id}`, { type: 'gate-opened', gate: id, title, shows: [...shows] });
    const answer = await this.#awaitAnswer(id, request);
    this.#answers.set(id, answer);
    return answer;
  }

  async #awaitAnswer(id: string, request: GateRequest): Promise<GateAnswer> {
    const { approver, gatePolicy } = this.#options;
    const asked = new AbortController();
    let failure: { readonly error: unknown } | undefined;
    approver?.(id, request, AbortSignal.any([this.signal, asked.signal]))
      // An answer given here goes the way of all others: the first message decides.
      .then((answer) => (answer === undefined ? undefined : this.#send(id, answer)))
      .catch((error: unknown) => (failure = { error }));
    try {
      for (let looks = 0; ; looks += 1) {
        const answer = await this.#receiveAnswer(id);
        if (answer !== undefined) return answer;
        if (failure !== undefined && !this.signal.aborted) throw failure.error;
        if (gatePolicy === 'exit' && looks > 0) throw pending(id, request);
        await systemClock.sleep(LOOK_INTERVAL_MS, this.signal).catch(() => {
          throw stopped(this.signal, `gate ${id}`);
        });
      }
    } finally {
      asked.abort();
    }
  }

  async #send(gate: string, answer: GateAnswer): Promise<void> {
    const { database, desk, clock } = this.#options;
    await sendAnswer(database, desk.workflow, { gate, answer, at: clock.now() });
  }

  async #receiveAnswer(gate: string): Promise<GateAnswer | undefined> {
    const { database, desk } = this.#options;
    const topic = gateTopic(gate);
    if (!(await hasMessage(database, desk.workflow, topic))) return undefined;
    const message = await this.#unlessLost(desk.receive(topic));
    return message?.type === 'gate' ? plainAnswer(message.answer) : undefined;
  }

  /** Looks at most every half second of real time, however fast the clock runs. */
  async steering(): Promise<Steering> {
    const { database, desk } = this.#options;
    if (performance.now() - this.#steered.at < LOOK_INTERVAL_MS) return this.#steered.seen;
    const at = performance.now();
    const isHeld = await isPaused(database, desk.workflow);
    const [order] = await database.rows(
      z.object({ percent: z.number() }),
      'select percent from convox_gen2.stage where execution = $1',
      [desk.workflow],
    );
    this.#steered = { at, seen: { isPaused: isHeld, stagePercent: order?.percent } };
    return this.#steered.seen;
  }

  async forgetStage(percent: number): Promise<void> {
    const { database, desk } = this.#options;
    const values = [desk.workflow, percent];
    await database.rows(z.unknown(), 'delete from convox_gen2.stage where execution = $1 and percent = $2', values);
    this.#steered = NOT_LOOKED;
  }

  async #holdWhilePaused(): Promise<void> {
    const { database, desk } = this.#options;
    while (await isPaused(database, desk.workflow)) {
      await systemClock.sleep(LOOK_INTERVAL_MS, this.signal).catch(() => {
        throw stopped(this.signal, 'pause');
      });
    }
  }

  async turn(direction: Exclude<Direction, 'forward'>, reason: string): Promise<void> {
    if (this.#direction === direction && this.#outcome === undefined) return;
    await this.#append(`turn to ${direction}`, { type: 'direction', direction, reason });
    this.#direction = direction;
    this.#outcome = undefined;
  }

  announce(event: MigrationEvent): Promise<void> {
    return this.#append(`event ${event.type}`, { type: 'event', event: { ...event } });
  }

  async finish(outcome: Outcome): Promise<void> {
    await this.#append('finish', { type: 'execution-finished', outcome });
    this.#outcome = outcome;
  }

  release(): Promise<void> {
    return this.#options.onRelease();
  }

  #append(name: string, entry: JournalEntry): Promise<void> {
    return this.#record(name, () => Promise.resolve(entry));
  }

  #record(name: string, act: () => Promise<JournalEntry>): Promise<void> {
    return this.#unlessLost(this.#options.desk.record(name, act));
  }

  /** DBOS tries a write on a database that is away until it is back; by then the execution may be another process's. */
  #unlessLost<T>(written: Promise<T>): Promise<T> {
    const { lost } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(stopped(lost, this.id));
      if (lost.aborted) {
        written.catch(() => undefined); // told by `fail`
        fail();
        return;
      }
      lost.addEventListener('abort', fail, { once: true });
      written.then(resolve, reject).finally(() => lost.removeEventListener('abort', fail));
    });
  }
}

export function gateTopic(gate: string): string {
  return `gate/${gate}`;
}

/** Sends an answer to an execution's workflow, whether it runs or not. */
export async function sendAnswer(
  database: Database,
  workflow: string,
  answer: Omit<Message & { type: 'gate' }, 'type'>,
): Promise<void> {
  const message: Message = { type: 'gate', ...answer };
  await database.ask((client) => client.send(workflow, message, gateTopic(answer.gate)));
}

/** Whether a message waits: looked up in DBOS's table, since a receipt that waits could not be stopped. */
export async function hasMessage(database: Database, workflow: string, topic: string): Promise<boolean> {
  const rows = await database.rows(
    z.unknown(),
    'select 1 from dbos.notifications where destination_uuid = $1 and topic = $2 and consumed = false limit 1',
    [workflow, topic],
  );
  return rows.length > 0;
}

export async function isPaused(database: Database, workflow: string): Promise<boolean> {
  const rows = await database.rows(z.unknown(), 'select 1 from convox_gen2.pause where execution = $1', [workflow]);
  return rows.length > 0;
}

function plainAnswer({ approved, by, comment }: (Message & { type: 'gate' })['answer']): GateAnswer {
  return { approved, by, ...(comment === undefined ? {} : { comment }) };
}

function pending(id: string, request: GateRequest): MigrationError {
  return new MigrationError('GATE_PENDING', `${request.title}: waits for approval`, {
    hint: 'Approve it with `gen2 approve <app>`, then run `gen2 resume <app>`.',
    details: { gate: id },
  });
}

function describeFailure(error: unknown): { code: string; message: string; hint?: string } {
  if (MigrationError.is(error)) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  return { code: 'BUG', message: error instanceof Error ? error.message : String(error) };
}
