import { MigrationError, stopped, throwIfStopped } from '../../../errors.ts';
import { systemClock, type Clock } from '../../../time/clock.ts';
import type { Execution, GateAnswer, GateRequest, Steering, StepOptions } from '../../engine.ts';
import type { Direction, MigrationEvent, Outcome } from '../../events.ts';
import { isPauseAsked, readMessages } from './inbox.ts';
import type { Journal } from './journal.ts';
import type { Lock } from './lock.ts';
import { replay, type ReplayedState } from './replay.ts';

/** How often the inbox is looked at while a gate is open or the execution is paused. Real ms: people are real. */
const INBOX_INTERVAL_MS = 250;

/** Answers gates in this process; undefined leaves the gate to other terminals. */
export type Approver = (gate: string, request: GateRequest, signal: AbortSignal) => Promise<GateAnswer | undefined>;

/** `wait` for an answer, or `exit` with `GATE_PENDING` and be resumed later. */
export type GatePolicy = 'wait' | 'exit';

export interface LocalExecutionOptions {
  readonly folder: string;
  readonly journal: Journal;
  readonly lock: Lock;
  readonly clock: Clock;
  readonly approver: Approver | undefined;
  readonly gatePolicy: GatePolicy;
  readonly signal: AbortSignal;
}

/** An execution whose record is a journal in a folder. */
export class LocalExecution implements Execution {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly #options: LocalExecutionOptions;
  readonly #started: Set<string>;
  readonly #results: Map<string, unknown>;
  readonly #wakeTimes: ReadonlyMap<string, number>;
  readonly #answers: Map<string, GateAnswer>;
  #direction: Direction;

  constructor(options: LocalExecutionOptions, state: ReplayedState) {
    this.#options = options;
    this.id = state.id;
    this.signal = options.signal;
    this.#started = new Set(state.started);
    this.#results = new Map(state.results);
    this.#wakeTimes = state.wakeTimes;
    this.#answers = new Map(state.answers);
    this.#direction = state.direction;
  }

  get direction(): Direction {
    return this.#direction;
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
    await this.#options.lock.assertHeld();
    await this.#options.journal.append({ type: 'step-started', step: id });
    this.#started.add(id);
    try {
      const result = await run(this.signal);
      // A run that went through JSON gives the same to those who resume as to those who never stopped.
      const plain: unknown = result === undefined ? null : JSON.parse(JSON.stringify(result));
      await this.#options.journal.append({ type: 'step-finished', step: id, result: plain });
      this.#results.set(id, plain);
      return plain as T;
    } catch (error) {
      await this.#options.journal.append({ type: 'step-failed', step: id, error: describeFailure(error) });
      throw error;
    }
  }

  async sleep(id: string, ms: number, signal: AbortSignal = this.signal): Promise<void> {
    if (this.#results.has(id)) return;
    const { clock, journal } = this.#options;
    const until = this.#wakeTimes.get(id) ?? clock.now() + ms;
    if (!this.#wakeTimes.has(id)) await journal.append({ type: 'sleep-until', step: id, until });
    const leftMs = Math.min(ms, until - clock.now()); // a clock that was set back must not lengthen it
    if (leftMs > 0) {
      await clock.sleep(leftMs, signal).catch(() => {
        throw stopped(signal, id);
      });
    }
    await journal.append({ type: 'step-finished', step: id, result: null });
    this.#results.set(id, null);
  }

  async gate(id: string, request: GateRequest): Promise<GateAnswer> {
    const earlier = this.#answers.get(id);
    if (earlier !== undefined) return earlier;
    const { journal, approver, gatePolicy } = this.#options;
    await journal.append({ type: 'gate-opened', gate: id, title: request.title, shows: [...request.shows] });
    const answer = await this.#awaitAnswer(id, request, approver, gatePolicy);
    await journal.append({ type: 'gate-answered', gate: id, answer });
    this.#answers.set(id, answer);
    return answer;
  }

  async #awaitAnswer(
    id: string,
    request: GateRequest,
    approver: Approver | undefined,
    policy: GatePolicy,
  ): Promise<GateAnswer> {
    const asked = new AbortController();
    const signal = AbortSignal.any([this.signal, asked.signal]);
    let answered: GateAnswer | undefined;
    let failure: unknown;
    approver?.(id, request, signal).then(
      (answer) => (answered = answer),
      (error: unknown) => (failure = error),
    );
    try {
      for (let looks = 0; ; looks += 1) {
        const fromElsewhere = await this.#answerFromInbox(id);
        if (fromElsewhere !== undefined) return fromElsewhere;
        if (answered !== undefined) return answered;
        if (failure !== undefined && !this.signal.aborted) throw failure as Error;
        if (policy === 'exit' && looks > 0) throw pending(id, request);
        await systemClock.sleep(INBOX_INTERVAL_MS, this.signal).catch(() => {
          throw stopped(this.signal, `gate ${id}`);
        });
      }
    } finally {
      asked.abort();
    }
  }

  async #answerFromInbox(id: string): Promise<GateAnswer | undefined> {
    for (const { message, done } of await readMessages(this.#options.folder)) {
      if (message.type !== 'gate' || message.gate !== id) continue;
      await done();
      const { approved, by, comment } = message.answer;
      return { approved, by, ...(comment === undefined ? {} : { comment }) };
    }
    return undefined;
  }

  async steering(): Promise<Steering> {
    const messages = await readMessages(this.#options.folder);
    const percents = messages.flatMap(({ message }) => (message.type === 'stage' ? [message.percent] : []));
    return { isPaused: isPauseAsked(messages), stagePercent: percents.at(-1) };
  }

  async forgetStage(percent: number): Promise<void> {
    const orders = (await readMessages(this.#options.folder)).filter(({ message }) => message.type === 'stage');
    const last = orders.findLastIndex(({ message }) => message.type === 'stage' && message.percent === percent);
    for (const { done } of orders.slice(0, last + 1)) await done();
  }

  async #holdWhilePaused(): Promise<void> {
    let messages = await readMessages(this.#options.folder);
    while (isPauseAsked(messages)) {
      await systemClock.sleep(INBOX_INTERVAL_MS, this.signal).catch(() => {
        throw stopped(this.signal, 'pause');
      });
      messages = await readMessages(this.#options.folder);
    }
    for (const { message, done } of messages) if (message.type === 'pause' || message.type === 'resume') await done();
  }

  async turn(direction: Exclude<Direction, 'forward'>, reason: string): Promise<void> {
    if (this.#direction === direction) return;
    await this.#options.journal.append({ type: 'direction', direction, reason });
    this.#direction = direction;
  }

  async announce(event: MigrationEvent): Promise<void> {
    await this.#options.journal.append({ type: 'event', event: { ...event } });
  }

  async finish(outcome: Outcome): Promise<void> {
    await this.#options.journal.append({ type: 'execution-finished', outcome });
  }

  async release(): Promise<void> {
    await this.#options.journal.close();
    await this.#options.lock.release();
  }
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

/** The state a journal describes, which must have begun. */
export function replayed(journal: Journal): ReplayedState {
  const state = replay(journal.lines);
  if (state !== undefined) return state;
  throw new MigrationError('JOURNAL_DAMAGED', `${journal.path}: the journal has no beginning`, {
    hint: 'The execution never started; remove its folder and begin again.',
  });
}
