import { systemClock, type Clock } from '../time/clock.ts';

export interface TokenBucketOptions {
  /** Requests a second in the long run. */
  readonly perSecond: number;
  /** Requests that may go out at once after a pause. */
  readonly burst: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** Decides when a request may go out. */
export interface RateLimit {
  /** Resolves when a request may go out; rejects with the signal's reason when aborted. */
  take(signal: AbortSignal): Promise<void>;
}

/** Lets requests through at a steady rate, in the order they came; one bucket is shared by all who use one limit. */
export class TokenBucket implements RateLimit {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #countedAtMs: number;

  constructor({ perSecond, burst, clock = systemClock }: TokenBucketOptions) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#countedAtMs = clock.monotonic();
  }

  async take(signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#countedAtMs) * this.#perMs);
    this.#countedAtMs = now;
    // Below zero it is a queue: whoever comes later waits for those before him too.
    this.#tokens -= 1;
    if (this.#tokens < 0) await this.#clock.sleep(-this.#tokens / this.#perMs, signal);
  }
}
