import type { EventListener, MigrationEvent } from '../../../orchestrator/events.ts';
import type { Clock } from '../../../time/clock.ts';
import { waitFor, type Observation } from '../../../time/wait.ts';

type Told = MigrationEvent extends infer Event ? (Event extends MigrationEvent ? Omit<Event, 'at'> : never) : never;

export interface PersonOptions {
  readonly clock: Clock;
  /** Simulated ms from the end of one thing until the next command is typed: noticing, reading, typing. */
  readonly reactionMs: number;
  readonly listener: EventListener;
}

/** How long a person looks at something that does not end before giving up. */
const PATIENCE_MS = 60 * 60_000;

/** The person at the terminal: everything takes a moment, and what has ended is seen at the next look. */
export class Person {
  readonly clock: Clock;
  readonly events: MigrationEvent[] = [];
  /** What is done from now on belongs to this step. */
  step = '';
  readonly #options: PersonOptions;

  constructor(options: PersonOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  /** Notices that it is their turn, reads on, and does one thing. Counted as a wait for a person. */
  async does(what: string, signal: AbortSignal): Promise<void> {
    this.tell({ type: 'human-wait', step: this.step, what });
    await this.clock.sleep(this.#options.reactionMs, signal);
  }

  /** Looks every `everyMs` until it is as wanted. */
  async watches<T>(
    what: string,
    everyMs: number,
    look: (signal: AbortSignal) => Promise<Observation<T>>,
    signal: AbortSignal,
  ): Promise<T> {
    const step = this.step;
    const onPending = (saw: string, elapsedMs: number): void => {
      this.#options.listener({ type: 'waiting', step, what, saw, elapsedMs, at: this.clock.now() });
    };
    return waitFor(look, { what, intervalMs: everyMs, timeoutMs: PATIENCE_MS, clock: this.clock, onPending }, signal);
  }

  tell(event: Told): void {
    const timed = { ...event, at: this.clock.now() };
    this.events.push(timed);
    this.#options.listener(timed);
  }
}
