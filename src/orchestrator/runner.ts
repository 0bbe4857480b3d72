import { MigrationError, stopped } from '../errors.ts';
import { formatDuration, waitFor } from '../time/wait.ts';
import type { Execution } from './engine.ts';
import type { EventListener, MigrationEvent } from './events.ts';
import type { Assessment, MigrationSettings } from './plan.ts';
import type { ExportPort, Ports } from './ports.ts';
import { isGate, type Gate, type Stage, type Step, type StepContext } from './step.ts';

export interface RunnerOptions {
  readonly execution: Execution;
  readonly facts: Assessment;
  readonly settings: MigrationSettings;
  readonly ports: Ports;
  readonly exports: ExportPort;
  readonly listener: EventListener | undefined;
}

type Told = MigrationEvent extends infer Event ? (Event extends MigrationEvent ? Omit<Event, 'at'> : never) : never;

/** A wait tells what it sees at most this often on the record (ms); a listener hears every look. */
const WAITING_RECORD_MS = 15_000;

/** What a step may need to be taken back, unless it says otherwise (ms). */
const UNDO_LIMIT_MS = 45 * 60_000;

/** A step that fails for a reason that may pass is run so often, with longer pauses each time. */
const MAX_TRIES = 5;
const RETRY_PAUSE_MS = 10_000;

/** Runs stages in order and takes them back in reverse, telling what happens. */
export class Runner {
  readonly #options: RunnerOptions;
  /** Events go on the record one after the other; a failure to write one stops the run at its next effect. */
  #recorded: Promise<void> = Promise.resolve();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Runs every stage that is not yet done. @throws the first failure, after telling it. */
  async run(stages: readonly Stage[]): Promise<void> {
    for (const stage of stages) {
      if (isGate(stage)) await this.#pass(stage);
      else await this.#runStep(stage);
    }
  }

  /**
   * Takes back every step of `stages` that was begun, last one first, each within its limit. A failed undo ends it; the
   * same call goes on there.
   *
   * @param because what made it necessary, if it was a failure; reported beside that of the undo.
   * @throws {MigrationError} `UNDO_FAILED` with both failures and what is left to be taken back.
   */
  async undo(stages: readonly Stage[], because: Error | undefined): Promise<void> {
    const { execution } = this.#options;
    // What was found done already was done by somebody else, who may need it: only what this execution began is ours.
    const begun = stages.filter(isUndoable).filter(({ id }) => execution.wasStarted(`${id}/begin`));
    const left = begun.filter(({ id }) => execution.recorded(`undo/${id}`) === undefined).toReversed();
    for (const [index, step] of left.entries()) {
      this.tell({ type: 'undo-started', step: step.id, title: step.title });
      try {
        await this.#takeBack(step);
      } catch (error) {
        const failure = asStopped(error, execution.signal, `undo ${step.title}`);
        if (MigrationError.is(failure, 'STOPPED')) throw failure;
        const code = MigrationError.is(failure) ? failure.code : 'BUG';
        this.tell({ type: 'undo-failed', step: step.id, code, message: messageOf(failure) });
        await this.#recorded.catch(() => undefined); // that it cannot be written down must not hide the failure
        throw undoFailed({ failure, because, left: left.slice(index) });
      }
      this.tell({ type: 'undo-finished', step: step.id });
    }
    await this.#recorded;
  }

  /** Ends when its time is over even if what it waits for never answers. */
  async #takeBack(step: UndoableStep): Promise<void> {
    const { execution, ports } = this.#options;
    const limitMs = step.undoLimitMs ?? UNDO_LIMIT_MS;
    const ended = new AbortController();
    const over = new AbortController();
    const limit = ports.clock.sleep(limitMs, AbortSignal.any([execution.signal, ended.signal])).then(
      () => {
        const error = new MigrationError('TIMED_OUT', `not taken back within ${formatDuration(limitMs)}`, {
          hint: 'Find out what holds it up; what was asked for may still happen.',
        });
        over.abort(error);
        throw error;
      },
      () => undefined, // ended or stopped first
    );
    const signal = AbortSignal.any([execution.signal, over.signal]);
    const context = this.context(step.id, 'undo');
    const taken = this.#repeatedly(step.id, () => step.undo(context, signal)).finally(() => ended.abort());
    await Promise.race([taken, limit.then(() => taken)]);
    await execution.step(`undo/${step.id}`, () => Promise.resolve(true), { whilePaused: 'go-on' });
  }

  async #runStep(step: Step): Promise<void> {
    const { execution } = this.#options;
    if (execution.recorded(step.id) !== undefined) return;
    const context = this.context(step.id, 'run', step.pausesItself === true ? 'go-on' : 'hold');
    const { signal } = execution;
    const { id, phase, title } = step;
    try {
      const plan = await step.plan(context, signal);
      // Once begun, only `run` knows how far it came: what looks done may be half done.
      const isDone = plan.state === 'done' && !execution.wasStarted(`${id}/begin`);
      this.tell({ type: 'step-started', step: id, phase, title, says: plan.says });
      if (!isDone) await execution.step(`${id}/begin`, () => Promise.resolve(true));
      const says = isDone ? plan.says : await this.#repeatedly(step.id, () => step.run(context, signal));
      await this.#recorded;
      await execution.step(id, () => Promise.resolve({ says, wasDone: isDone }));
      this.tell({ type: 'step-finished', step: id, phase, says, wasDone: isDone });
    } catch (error) {
      const failure = asStopped(error, signal, title);
      const told = MigrationError.is(failure) ? failure : undefined;
      this.tell({ type: 'step-failed', step: id, code: told?.code ?? 'BUG', message: messageOf(failure) });
      await this.#recorded.catch(() => undefined); // that it cannot be written down must not hide the failure
      throw failure;
    }
  }

  /** Repeats what is safe to repeat while its failure may pass by itself: a rack or AWS that is away for a moment. */
  async #repeatedly<T>(step: string, run: () => Promise<T>): Promise<T> {
    const { signal } = this.#options.execution;
    for (let tries = 1; ; tries += 1) {
      try {
        return await run();
      } catch (error) {
        if (!MigrationError.is(error) || !mayPass(error) || signal.aborted || tries >= MAX_TRIES) throw error;
        this.tell({ type: 'warning', step, message: `${error.message}; trying again` });
        await this.#options.ports.clock.sleep(tries * RETRY_PAUSE_MS, signal).catch(() => {
          throw stopped(signal, step);
        });
      }
    }
  }

  async #pass(gate: Gate): Promise<void> {
    const { execution } = this.#options;
    const id = `gate/${gate.id}`;
    if (execution.recorded(id) !== undefined) return;
    const context = this.context(gate.id, 'run', 'go-on');
    if (gate.isNeeded?.(context) === false) return;
    const shows = await gate.shows(context, execution.signal);
    this.tell({ type: 'gate-opened', gate: gate.id, title: gate.title, shows });
    const answer = await execution.gate(gate.id, { title: gate.title, shows });
    this.tell({ type: 'gate-answered', gate: gate.id, ...answer });
    await this.#recorded;
    if (!answer.approved) {
      throw new MigrationError('GATE_REJECTED', `${gate.title}: rejected by ${answer.by}`, {
        hint: 'Nothing more is changed. Take back what was done with `gen2 abort`.',
        details: { gate: gate.id },
      });
    }
    await execution.step(id, () => Promise.resolve(answer));
  }

  /**
   * What a step works with. Undoing records apart from running, so that each can be repeated. A pause holds what goes
   * forward; what is taken back is never held.
   */
  context(step: string, mode: 'run' | 'undo', whilePaused: 'hold' | 'go-on' = 'hold'): StepContext {
    const { execution, facts, settings, ports, exports } = this.#options;
    const prefix = mode === 'run' ? step : `undo/${step}`;
    const stepOptions = { whilePaused: mode === 'undo' ? 'go-on' : whilePaused } as const;
    return {
      ...{ facts, settings, ports, exports },
      execution: execution.id,
      once: (name, run) => execution.step(`${prefix}/${name}`, run, stepOptions),
      steering: () => execution.steering(),
      forgetStage: (percent) => execution.forgetStage(percent),
      recorded: (name, other) => {
        const own = other === undefined ? execution.recorded(`${prefix}/${name}`) : undefined;
        return own ?? execution.recorded(`${other ?? step}/${name}`);
      },
      sleep: (name, ms, what, signal) => this.#sleep(step, `${prefix}/${name}`, { ms, what, signal }),
      wait: (probe, wait, signal) => {
        let told: { readonly atMs: number; readonly saw: string } | undefined;
        const onPending = (saw: string, elapsedMs: number): void => {
          const { what, timeoutMs } = wait;
          const event = { type: 'waiting', step, what, saw, elapsedMs, timeoutMs, at: ports.clock.now() } as const;
          this.#options.listener?.(event);
          if (told !== undefined && (saw === told.saw || elapsedMs - told.atMs < WAITING_RECORD_MS)) return;
          told = { atMs: elapsedMs, saw };
          this.#record(event);
        };
        return waitFor(probe, { ...wait, clock: ports.clock, onPending }, signal);
      },
      say: (message) => this.tell({ type: 'said', step, message }),
      warn: (message) => this.tell({ type: 'warning', step, message }),
      log: (line) => this.tell({ type: 'log', step, line }),
      countTraffic: (app, minutes) => this.tell({ type: 'traffic', step, app, minutes }),
      askPerson: (what) => this.tell({ type: 'human-wait', step, what }),
    };
  }

  async #sleep(
    step: string,
    id: string,
    { ms, what, signal }: { readonly ms: number; readonly what: string; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    const { execution, ports } = this.#options;
    if (execution.recorded(id) === undefined) {
      const until = new Date(ports.clock.now() + ms).toISOString().slice(11, 19);
      this.tell({ type: 'waiting', step, what, saw: `until ${until} UTC`, elapsedMs: 0, timeoutMs: ms });
    }
    await execution.sleep(id, ms, signal);
  }

  tell(event: Told): void {
    const timed = { ...event, at: this.#options.ports.clock.now() };
    this.#options.listener?.(timed);
    // A build's log can be long and is kept by the rack; it is shown, not recorded.
    if (timed.type !== 'log') this.#record(timed);
  }

  /** Resolves when every event is on the record. */
  settled(): Promise<void> {
    return this.#recorded;
  }

  #record(event: MigrationEvent): void {
    this.#recorded = this.#recorded.then(() => this.#options.execution.announce(event));
    this.#recorded.catch(() => undefined); // awaited where it matters
  }
}

type UndoableStep = Step & Required<Pick<Step, 'undo'>>;

function isUndoable(stage: Stage): stage is UndoableStep {
  return !isGate(stage) && stage.undo !== undefined;
}

/** Both failures: what made the way back necessary, and what stopped it. */
function undoFailed({
  failure,
  because,
  left,
}: {
  readonly failure: unknown;
  readonly because: Error | undefined;
  /** The step whose undo failed, then those whose turn did not come. */
  readonly left: readonly Step[];
}): MigrationError {
  const steps = left.map(({ id }) => id);
  const undo = MigrationError.is(failure)
    ? { code: failure.code, message: failure.message, hint: failure.hint }
    : { code: 'BUG', message: messageOf(failure), hint: undefined };
  const first = because === undefined ? '' : `; it was to be taken back because of this: ${because.message}`;
  return new MigrationError(
    'UNDO_FAILED',
    `taking back "${left[0]?.title ?? ''}" failed: [${undo.code}] ${undo.message}${first}`,
    {
      hint: `Not yet taken back: ${steps.join(', ')}. ${undo.hint === undefined ? '' : `${undo.hint} `}Run the same command again to go on.`,
      details: { step: steps[0], left: steps, undo },
      cause: because ?? failure,
    },
  );
}

/** A write of which nobody knows whether it landed is like a crash in the middle of the step, which looks first. */
function mayPass({ retryable, details }: MigrationError): boolean {
  return retryable || details['landed'] === 'unknown';
}

function asStopped(error: unknown, signal: AbortSignal, what: string): unknown {
  return signal.aborted && !MigrationError.is(error) ? stopped(signal, what) : error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
