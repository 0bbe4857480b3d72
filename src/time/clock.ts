import { onAbort } from './on-abort.ts';

/** Time as the library sees it: injected, so that waits can be scaled (sandbox) or driven by hand (tests). */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. Jumps when somebody sets the clock: for dates, not for durations. */
  now(): number;
  /** Milliseconds since a moment of its own, in this process; never jumps: for how long something takes. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds of this clock; rejects with `signal.reason` as soon as it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Sleeps `ms` real milliseconds; rejects with the signal's reason, leaving neither a timer nor a listener behind. */
function sleepReal(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
    const forget = onAbort(signal, stop);
  });
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: sleepReal,
};

export interface ScaledClockOptions {
  /** How many milliseconds pass on this clock in one real millisecond. */
  readonly scale: number;
  /** What this clock shows (ms since 1970) at `realStartMs`. */
  readonly startMs: number;
  /** Real time (ms since 1970) at which this clock showed `startMs`; two processes with equal options agree. */
  readonly realStartMs: number;
  /** Moments at which somebody sets this clock; sleeps are not touched, as on a real machine. */
  readonly jumps?: readonly ClockJump[] | undefined;
}

export interface ClockJump {
  /** Milliseconds after `startMs`, not counting the jumps themselves. */
  readonly afterMs: number;
  /** How far it is set forwards, or (negative) backwards, in ms. */
  readonly byMs: number;
}

/** A clock that runs `scale` times as fast as the machine's. */
export function scaledClock({ scale, startMs, realStartMs, jumps = [] }: ScaledClockOptions): Clock {
  return {
    now: () => {
      const passedMs = (Date.now() - realStartMs) * scale;
      const jumpedMs = jumps.reduce((sum, { afterMs, byMs }) => (afterMs <= passedMs ? sum + byMs : sum), 0);
      return startMs + passedMs + jumpedMs;
    },
    monotonic: () => performance.now() * scale,
    sleep: (ms, signal) => sleepReal(ms / scale, signal),
  };
}

/** A clock that only moves when told to, for tests: `advance` wakes every sleeper whose time has come. */
export class ManualClock implements Clock {
  #nowMs: number;
  #jumpedMs = 0;
  readonly #sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs + this.#jumpedMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** Sets the clock by `ms` forwards or backwards; nobody is woken. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** How many sleeps are under way. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const stop = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason as Error);
      };
      const sleeper = {
        atMs: this.#nowMs + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          forget();
          resolve();
        },
      };
      const forget = onAbort(signal, stop);
      this.#sleepers.add(sleeper);
    });
  }

  /** Moves time forward in order of the sleepers, letting each woken task run before the next is woken. */
  async advance(ms: number): Promise<void> {
    const target = this.#nowMs + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = [...this.#sleepers].filter((s) => s.atMs <= target).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
    this.#nowMs = target;
  }
}
