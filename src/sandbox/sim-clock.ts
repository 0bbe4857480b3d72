import { scaledClock, type Clock } from '../time/clock.ts';

export interface SimClockOptions {
  /** Simulated milliseconds per real millisecond. */
  readonly scale: number;
  /** Simulated time at start, ms since 1970. */
  readonly startMs: number;
}

/** The sandbox's time: runs `scale` times as fast as the machine's, and can schedule things that will happen. */
export class SimClock implements Clock {
  readonly scale: number;
  readonly startMs: number;
  /** Real time at which this clock showed `startMs`; with scale and startMs, all another process needs to agree. */
  readonly realStartMs: number;
  readonly #clock: Clock;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** While the world stands still: what fell due. */
  #due: Set<() => void> | undefined;
  #closed = false;

  constructor({ scale, startMs }: SimClockOptions) {
    this.scale = scale;
    this.startMs = startMs;
    this.realStartMs = Date.now();
    this.#clock = scaledClock({ scale, startMs, realStartMs: this.realStartMs });
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  date(): Date {
    return new Date(this.now());
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  /** Runs `task` after `ms` simulated milliseconds; returns a function that cancels it. Nothing runs after `close`. */
  after(ms: number, task: () => void): () => void {
    if (this.#closed) return () => undefined;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#closed) return;
      if (this.#due === undefined) task();
      else this.#due.add(task);
    }, ms / this.scale);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
      this.#due?.delete(task);
    };
  }

  /**
   * A switch: time goes on and requests are answered, but nothing that was begun gets on (stacks, builds, changes on
   * their way to name servers) until the returned function is called; what fell due meanwhile happens then.
   */
  standStill(): () => void {
    const due = new Set<() => void>();
    this.#due = due;
    return () => {
      if (this.#due === due) this.#due = undefined;
      for (const task of due) if (!this.#closed) task();
    };
  }

  /** Resolves after `ms` simulated milliseconds; never, once closed. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** Forgets everything that was scheduled. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
