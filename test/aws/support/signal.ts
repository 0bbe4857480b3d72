/** A signal nobody aborts. */
export const signal = new AbortController().signal;

/** An instant clock for waits: every sleep only moves its time. */
export class SteppingClock {
  #nowMs: number;
  readonly sleeps: number[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    signal.throwIfAborted();
    this.sleeps.push(ms);
    this.#nowMs += ms;
  }
}
