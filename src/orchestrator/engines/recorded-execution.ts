import { MigrationError, stopped, throwIfStopped } from '../../errors.ts';
import { systemClock, type Clock } from '../../time/clock.ts';
import type { Execution, GateAnswer, GateRequest, Steering, StepOptions } from '../engine.ts';
import type { Direction, MigrationEvent, Outcome } from '../events.ts';
import type { JournalEntry } from './local/journal-entry.ts';
import type { ReplayedState } from './local/replay.ts';

/** Answers gates in this process; undefined leaves the gate to other terminals. */
export type Approver = (gate: string, request: GateRequest, signal: AbortSignal) => Promise<GateAnswer | undefined>;

/** `wait` for an answer, or `exit` with `GATE_PENDING` and be resumed later. */
export type GatePolicy = 'wait' | 'exit';

/** Where an execution is written down, and where others leave word for it: what tells one engine from another. */
export interface Recorder extends Pick<Execution, 'steering' | 'forgetStage' | 'release'> {
  /** How often others' word is looked for while a gate is open or the execution is paused. Real ms: people are real. */
  readonly lookIntervalMs: number;
  /** Runs `act` and writes down what it gives, on record when it resolves. `name` is for people. */
  write(name: string, act: () => Promise<JournalEntry>): Promise<void>;
  /** Somebody's answer to a gate, on record when it resolves; undefined while there is none. */
  takeAnswer(gate: string): Promise<GateAnswer | undefined>;
  /** Has `takeAnswer` find an answer that was given in this process, unless another was given before. */
  giveAnswer(gate: string, answer: GateAnswer): Promise<void>;
  /** Whether it was asked to hold and not yet to go on. */
  isPaused(): Promise<boolean>;
}

export interface RecordedExecutionOptions {
  readonly recorder: Recorder;
  readonly state: ReplayedState;
  readonly clock: Clock;
  readonly approver: Approver | undefined;
  readonly gatePolicy: GatePolicy;
  /** Aborted when the run is asked to stop, or may not go on. */
  readonly signal: AbortSignal;
}

/** An execution that goes on where its record ends. */
export class RecordedExecution implements Execution {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly #options: RecordedExecutionOptions;
  readonly #recorder: Recorder;
  readonly #started: Set<string>;
  readonly #results: Map<string, unknown>;
  readonly #wakeTimes: ReadonlyMap<string, number>;
  readonly #answers: Map<string, GateAnswer>;
  #direction: Direction;
  #outcome: Outcome | undefined;

  constructor(options: RecordedExecutionOptions) {
    const { state, recorder, signal } = options;
    this.#options = options;
    this.#recorder = recorder;
    this.id = state.id;
    this.signal = signal;
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
    await this.#recorder.write(id, async () => {
      try {
        const result = await run(this.signal);
        // A run that went through JSON gives the same to those who resume as to those who never stopped.
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
    if (until > clock.now()) {
      await clock.sleep(until - clock.now(), signal).catch(() => {
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
      .then((answer) => (answer === undefined ? undefined : this.#recorder.giveAnswer(id, answer)))
      .catch((error: unknown) => (failure = { error }));
    try {
      for (let looks = 0; ; looks += 1) {
        const answer = await this.#recorder.takeAnswer(id);
        if (answer !== undefined) return answer;
        if (failure !== undefined && !this.signal.aborted) throw failure.error;
        if (gatePolicy === 'exit' && looks > 0) throw pending(id, request);
        await this.#untilNextLook(`gate ${id}`);
      }
    } finally {
      asked.abort();
    }
  }

  async #holdWhilePaused(): Promise<void> {
    while (await this.#recorder.isPaused()) await this.#untilNextLook('pause');
  }

  async #untilNextLook(what: string): Promise<void> {
    await systemClock.sleep(this.#recorder.lookIntervalMs, this.signal).catch(() => {
      throw stopped(this.signal, what);
    });
  }

  steering(): Promise<Steering> {
    return this.#recorder.steering();
  }

  forgetStage(percent: number): Promise<void> {
    return this.#recorder.forgetStage(percent);
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
    return this.#recorder.release();
  }

  #append(name: string, entry: JournalEntry): Promise<void> {
    return this.#recorder.write(name, () => Promise.resolve(entry));
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
