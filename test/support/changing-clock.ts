import type { Clock } from '../../src/time/clock.ts';

/** A clock whose speed can be changed while it runs: fast to the moment that matters, then slow enough to measure. */
export class ChangingClock implements Clock {
  #scale: number;
  #shownMs: number;
  #realMs = performance.now();

  constructor(startMs: number, scale: number) {
    this.#shownMs = startMs;
    this.#scale = scale;
  }

  now(): number {
    return this.#shownMs + (performance.now() - this.#realMs) * this.#scale;
  }

  monotonic(): number {
    return this.now();
  }

  /** Sleeps begun before keep the speed they began with. */
  setScale(scale: number): void {
    this.#shownMs = this.now();
    this.#realMs = performance.now();
    this.#scale = scale;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms / this.#scale);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }
}
