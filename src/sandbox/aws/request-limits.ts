import type { SimClock } from '../sim-clock.ts';
import { AwsRefusal } from '../world.ts';

/** Requests a second and account (Route 53 Developer Guide, "Quotas"); the other services' limits are never met here. */
const PER_SECOND: Readonly<Record<string, number>> = { route53: 5 };

interface Bucket {
  tokens: number;
  at: number;
}

/** A token bucket for each service that has a limit, filled in simulated time. */
export class RequestLimits {
  readonly #clock: SimClock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  /** Throws `Throttling: Rate exceeded` when the service's bucket is empty. */
  take(service: string): void {
    const rate = PER_SECOND[service];
    if (rate === undefined) return;
    const now = this.#clock.now();
    const bucket = this.#buckets.get(service) ?? { tokens: rate, at: now };
    const tokens = Math.min(rate, bucket.tokens + ((now - bucket.at) / 1000) * rate);
    if (tokens < 1) {
      this.#buckets.set(service, { tokens, at: now });
      throw new AwsRefusal('Throttling', 'Rate exceeded');
    }
    this.#buckets.set(service, { tokens: tokens - 1, at: now });
  }
}
