import type { TrafficTarget } from './traffic-client.ts';

export interface TrafficFailure {
  /** Simulated time at which it was sent. */
  readonly atMs: number;
  /** What was under way then, as told by `RunningTraffic.mark`. */
  readonly step: string | undefined;
  readonly host: string;
  readonly scheme: 'http' | 'https';
  /** `dns`, `connect`, `reset`, `tls`, `timeout`, `status 503`, `wrong app`, … */
  readonly cause: string;
  readonly detail: string;
  readonly client: string;
}

/** Failures of one cause under one step. */
export interface FailureGroup {
  /** What was under way when they were sent; undefined = nothing. */
  readonly step: string | undefined;
  readonly cause: string;
  readonly count: number;
  /** Simulated time at which the first and the last of them were sent. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly hosts: readonly string[];
  /** What the first of them saw. */
  readonly detail: string;
}

export interface TrafficBucket {
  /** Simulated time at which it begins. */
  readonly atMs: number;
  readonly sent: number;
  readonly failed: number;
  /** Successful answers by the app that gave them (`X-App`). */
  readonly answeredBy: Readonly<Record<string, number>>;
}

export interface TrafficReport {
  /** Requests that have ended, one way or the other. */
  readonly sent: number;
  readonly failed: number;
  readonly inFlight: number;
  /** GETs repeated because a kept connection had been closed by the other side; not failures. */
  readonly repeated: number;
  /** Real ms the sending was behind its rate at most: what the machine, not the world, held up. */
  readonly lagMs: number;
  readonly byCause: Readonly<Record<string, number>>;
  /** Every failure, by step and cause, in the order of their first. */
  readonly failureGroups: readonly FailureGroup[];
  readonly byHost: Readonly<Record<string, { readonly sent: number; readonly failed: number }>>;
  readonly answeredBy: Readonly<Record<string, number>>;
  readonly buckets: readonly TrafficBucket[];
  /** The first of them, at most `MAX_KEPT_FAILURES`. */
  readonly failures: readonly TrafficFailure[];
  /** Real milliseconds from sending to the answer: the smallest bound that 50 % and 99 % of the answers keep. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const MAX_KEPT_FAILURES = 1_000;
const LATENCY_BOUNDS_MS = [
  1,
  2,
  3,
  5,
  7,
  10,
  15,
  20,
  30,
  50,
  70,
  100,
  150,
  200,
  300,
  500,
  1_000,
  2_000,
  5_000,
  Infinity,
];

interface OpenBucket {
  sent: number;
  failed: number;
  readonly answeredBy: Record<string, number>;
}

/** Counts what happens to requests. */
export class TrafficLedger {
  readonly #bucketMs: number;
  readonly #buckets = new Map<number, OpenBucket>();
  readonly #byCause: Record<string, number> = {};
  readonly #groups = new Map<string, FailureGroup>();
  readonly #byHost: Record<string, { sent: number; failed: number }> = {};
  readonly #answeredBy: Record<string, number> = {};
  readonly #failures: TrafficFailure[] = [];
  readonly #latencies = LATENCY_BOUNDS_MS.map(() => 0);
  #sent = 0;
  #failed = 0;
  #maxLatencyMs = 0;

  constructor(bucketMs: number) {
    this.#bucketMs = bucketMs;
  }

  succeeded(sentAtMs: number, target: TrafficTarget, app: string, latencyMs: number): void {
    const bucket = this.#sentOne(sentAtMs, target);
    add(bucket.answeredBy, app);
    add(this.#answeredBy, app);
    this.#maxLatencyMs = Math.max(this.#maxLatencyMs, latencyMs);
    const slot = LATENCY_BOUNDS_MS.findIndex((bound) => latencyMs <= bound);
    this.#latencies[slot] = (this.#latencies[slot] ?? 0) + 1;
  }

  failed(target: TrafficTarget, failure: TrafficFailure): void {
    const bucket = this.#sentOne(failure.atMs, target);
    bucket.failed += 1;
    this.#failed += 1;
    this.#host(target.host).failed += 1;
    add(this.#byCause, failure.cause);
    this.#group(failure);
    if (this.#failures.length < MAX_KEPT_FAILURES) this.#failures.push(failure);
  }

  report(now: Pick<TrafficReport, 'inFlight' | 'repeated' | 'lagMs'>): TrafficReport {
    return {
      ...{ sent: this.#sent, failed: this.#failed, ...now },
      byCause: { ...this.#byCause },
      failureGroups: [...this.#groups.values()].toSorted((a, b) => a.firstAtMs - b.firstAtMs),
      byHost: structuredClone(this.#byHost),
      answeredBy: { ...this.#answeredBy },
      buckets: [...this.#buckets]
        .toSorted(([a], [b]) => a - b)
        .map(([index, bucket]) => ({
          atMs: index * this.#bucketMs,
          ...{ sent: bucket.sent, failed: bucket.failed, answeredBy: { ...bucket.answeredBy } },
        })),
      failures: [...this.#failures],
      latencyMs: { p50: this.#quantile(0.5), p99: this.#quantile(0.99), max: Math.ceil(this.#maxLatencyMs) },
    };
  }

  #sentOne(sentAtMs: number, { host }: TrafficTarget): OpenBucket {
    this.#sent += 1;
    this.#host(host).sent += 1;
    const index = Math.floor(sentAtMs / this.#bucketMs);
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) this.#buckets.set(index, (bucket = { sent: 0, failed: 0, answeredBy: {} }));
    bucket.sent += 1;
    return bucket;
  }

  #group({ step, cause, atMs, host, detail }: TrafficFailure): void {
    const key = `${step ?? ''} ${cause}`;
    const known = this.#groups.get(key);
    if (known === undefined) {
      this.#groups.set(key, { step, cause, count: 1, firstAtMs: atMs, lastAtMs: atMs, hosts: [host], detail });
      return;
    }
    this.#groups.set(key, {
      ...known,
      count: known.count + 1,
      firstAtMs: Math.min(known.firstAtMs, atMs),
      lastAtMs: Math.max(known.lastAtMs, atMs),
      hosts: known.hosts.includes(host) ? known.hosts : [...known.hosts, host],
    });
  }

  #host(host: string): { sent: number; failed: number } {
    return (this.#byHost[host] ??= { sent: 0, failed: 0 });
  }

  #quantile(share: number): number {
    const total = this.#latencies.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (const [slot, count] of this.#latencies.entries()) {
      seen += count;
      if (total > 0 && seen >= total * share) {
        return Math.min(LATENCY_BOUNDS_MS[slot] ?? Infinity, Math.ceil(this.#maxLatencyMs));
      }
    }
    return 0;
  }
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
