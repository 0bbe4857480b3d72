import type { Clock } from '../../../time/clock.ts';
import { Random } from '../../random.ts';
import { causeOfAnswer, causeOfError, type FailureCause } from './failure-cause.ts';
import { TrafficClient, type TrafficEndpoints, type TrafficTarget } from './traffic-client.ts';
import { TrafficLedger, type TrafficReport } from './traffic-report.ts';

export interface ClientMix {
  /** How many visitors there are, each with a DNS cache and connections of its own. Default 24. */
  readonly count: number;
  /** Share of visitors that keep connections, 0 to 1. Default 0.7. */
  readonly keepAliveShare: number;
  /** Simulated ms after which a visitor gives kept connections up, ± 50 %. Default 2 minutes. */
  readonly keepAliveMaxAgeMs: number;
  /** Share of visitors that keep DNS answers too long, and how many times too long. Default 0.1 and 3. */
  readonly ignoresTtlShare: number;
  readonly ttlFactor: number;
}

/** Visitors who come again at fixed times, and keep no connection in between. */
export interface Regulars {
  readonly count: number;
  readonly target: TrafficTarget;
  /** Simulated ms from one visit to the next; the first ones come in the first minute, one after another. */
  readonly everyMs: number;
}

export interface TrafficOptions {
  readonly endpoints: TrafficEndpoints;
  /** Simulated time. */
  readonly clock: Clock;
  /** Real requests per second, all targets together; sent whether or not earlier ones were answered. */
  readonly ratePerSecond: number;
  readonly targets: readonly TrafficTarget[];
  readonly clients?: Partial<ClientMix>;
  /** Besides what comes at the rate. */
  readonly regulars?: Regulars;
  readonly seed?: number;
  /** Real ms until a request counts as failed. Default 5,000. */
  readonly timeoutMs?: number;
  /**
   * Requests under way at most. When there are more, the machine is too slow for the rate (or the app very slow): what
   * is due then waits instead of making everything else late, and the report's `lagMs` says so. Default 100.
   */
  readonly maxInFlight?: number;
  /** Width of the report's buckets in simulated ms. Default 60,000. */
  readonly bucketMs?: number;
}

export interface RunningTraffic {
  snapshot(): TrafficReport;
  /** Names what is under way, so that failures can be told by step; undefined = nothing. */
  mark(step: string | undefined): void;
  /** Sends no more, waits for what is under way, and closes everything. */
  stop(): Promise<TrafficReport>;
}

const DEFAULT_CLIENT_MIX: ClientMix = {
  count: 24,
  keepAliveShare: 0.7,
  keepAliveMaxAgeMs: 120_000,
  ignoresTtlShare: 0.1,
  ttlFactor: 3,
};
const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_BUCKET_MS = 60_000;
const TICK_MS = 5;
const MINUTE_MS = 60_000;
const DEFAULT_MAX_IN_FLIGHT = 100;

interface Visitor {
  readonly client: TrafficClient;
  /** What it does, for the report: `keep-alive`, `new connections`, with `, ignores TTL`. */
  readonly kind: string;
}

/** Sends traffic at a fixed rate until stopped: names resolved over the sandbox's DNS, real connections, checked answers. */
export function startTraffic(options: TrafficOptions): RunningTraffic {
  return new OpenLoop(options);
}

class OpenLoop implements RunningTraffic {
  readonly #options: TrafficOptions;
  readonly #random: Random;
  readonly #visitors: readonly Visitor[];
  readonly #regulars: readonly Visitor[];
  readonly #ledger: TrafficLedger;
  readonly #timer: NodeJS.Timeout;
  readonly #stopped = new AbortController();
  readonly #startedAt = performance.now();
  #begun = 0;
  #inFlight = 0;
  #lagMs = 0;
  #step: string | undefined;
  #idle: (() => void) | undefined;

  constructor(options: TrafficOptions) {
    if (options.targets.length === 0) throw new Error('traffic needs at least one target');
    this.#options = options;
    this.#random = new Random(options.seed ?? 1);
    this.#ledger = new TrafficLedger(options.bucketMs ?? DEFAULT_BUCKET_MS);
    this.#visitors = this.#makeVisitors({ ...DEFAULT_CLIENT_MIX, ...options.clients });
    this.#regulars = options.regulars === undefined ? [] : this.#startRegulars(options.regulars);
    this.#timer = setInterval(() => this.#sendWhatIsDue(), TICK_MS);
  }

  snapshot(): TrafficReport {
    const repeated = this.#everybody().reduce((sum, { client }) => sum + client.repeated, 0);
    return this.#ledger.report({ inFlight: this.#inFlight, repeated, lagMs: Math.round(this.#lagMs) });
  }

  mark(step: string | undefined): void {
    this.#step = step;
  }

  async stop(): Promise<TrafficReport> {
    clearInterval(this.#timer);
    this.#stopped.abort();
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    for (const { client } of this.#everybody()) client.close();
    return this.snapshot();
  }

  #everybody(): readonly Visitor[] {
    return [...this.#visitors, ...this.#regulars];
  }

  #makeVisitors(mix: ClientMix): readonly Visitor[] {
    const { endpoints, clock, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    return Array.from({ length: mix.count }, (_, index) => {
      // Spread by position, so that small numbers keep the shares too; the two properties are independent.
      const keepsAlive = (index + 0.5) / mix.count < mix.keepAliveShare;
      const ignoresTtl = ((index * 7) % mix.count) / mix.count < mix.ignoresTtlShare;
      const client = new TrafficClient({
        ...{ endpoints, clock, timeoutMs, keepsAlive },
        keepAliveMaxAgeMs: this.#random.around(mix.keepAliveMaxAgeMs, 0.5),
        ttlFactor: ignoresTtl ? mix.ttlFactor : 1,
      });
      return { client, kind: `${keepsAlive ? 'keep-alive' : 'new connections'}${ignoresTtl ? ', ignores TTL' : ''}` };
    });
  }

  #sendWhatIsDue(): void {
    const elapsedMs = performance.now() - this.#startedAt;
    const due = Math.floor((elapsedMs / 1000) * this.#options.ratePerSecond);
    const lagMs = elapsedMs - (1000 * this.#begun) / this.#options.ratePerSecond;
    this.#lagMs = Math.max(this.#lagMs, lagMs);
    const mostInFlight = this.#options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT;
    while (this.#begun < due && this.#inFlight < mostInFlight) {
      this.#begun += 1;
      this.#sendOne();
    }
  }

  #startRegulars({ count, target, everyMs }: Regulars): readonly Visitor[] {
    const visitors = this.#makeVisitors({ ...DEFAULT_CLIENT_MIX, count, keepAliveShare: 0, ignoresTtlShare: 0 });
    for (const [index, visitor] of visitors.entries()) {
      // Ends with the traffic.
      void this.#visit(visitor, { target, everyMs, firstMs: (MINUTE_MS * index) / count }).catch(() => undefined);
    }
    return visitors;
  }

  async #visit(
    visitor: Visitor,
    {
      target,
      everyMs,
      firstMs,
    }: { readonly target: TrafficTarget; readonly everyMs: number; readonly firstMs: number },
  ): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(firstMs, this.#stopped.signal);
    for (;;) {
      void this.#send(visitor, target);
      await clock.sleep(everyMs, this.#stopped.signal);
    }
  }

  #sendOne(): void {
    const visitor = this.#visitors[this.#random.integer(0, this.#visitors.length - 1)];
    const target = this.#options.targets[this.#begun % this.#options.targets.length];
    if (visitor !== undefined && target !== undefined) void this.#send(visitor, target);
  }

  async #send(visitor: Visitor, target: TrafficTarget): Promise<void> {
    const atMs = this.#options.clock.now();
    const step = this.#step;
    const startedAt = performance.now();
    this.#inFlight += 1;
    const failure = await this.#attempt(visitor, target, (app) => {
      this.#ledger.succeeded(atMs, target, app, performance.now() - startedAt);
    });
    if (failure !== undefined) {
      const { host, scheme } = target;
      this.#ledger.failed(target, { atMs, step, host, scheme, ...failure, client: visitor.kind });
    }
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#idle?.();
  }

  async #attempt(
    { client }: Visitor,
    target: TrafficTarget,
    succeeded: (app: string) => void,
  ): Promise<FailureCause | undefined> {
    try {
      const answer = await client.get(target);
      const failure = causeOfAnswer(answer, target.app);
      if (failure === undefined) succeeded(answer.app ?? '');
      return failure;
    } catch (error) {
      return causeOfError(error);
    }
  }
}
