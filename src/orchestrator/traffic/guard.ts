/**
 * Watches the new app while users are moved to it: asks both sides in each host's name about ten times a second, reads
 * target health every few seconds and CloudWatch's counts every half minute. What keeps a bound no longer ends the step
 * under way at its next safe point; the records then go back (`migrate.ts`).
 */
import type { OldBalancer, SharedBalancer, TrafficSources } from '../ports.ts';
import type { StepContext } from '../step.ts';
import { currentBalancers, servicesWithPort, type Balancers } from '../verification.ts';
import { boundsOf, judgeAnswers, judgeCounts, judgeHealth, outOfBounds, type TrafficBounds } from './bounds.ts';
import { SampleWindow, type SideFacts } from './samples.ts';
import { trafficSources } from './sources.ts';

/** Requests to each side, all hosts together. */
const CLOSE_PER_SECOND = 10;
/** While the balancers' own counts are read for traffic of others. */
const LIGHT_PER_SECOND = 2;
const HEALTH_INTERVAL_MS = 10_000;
/** While names have moved already, and light traffic of our own is what is wanted. */
const LIGHT_HEALTH_INTERVAL_MS = 30_000;
/** After a look that found too few healthy. */
const SECOND_LOOK_MS = 2_000;
/** A target that is replaced may be missing for one look. */
const UNHEALTHY_LOOKS = 2;
const COUNTS_INTERVAL_MS = 30_000;
const BASELINE_ANSWERS = 3;
/** Far more than the time limits of so many requests: each of them ends by itself. */
const BASELINE_TIMEOUT_MS = 30 * 60_000;
const SENT_KEPT = 20_000;

/** What the old app answers, by host: recorded before anybody is moved. */
export type Baseline = Readonly<Record<string, SideFacts>>;

export interface GuardOptions {
  readonly app: string;
  /** `probed`: asked side by side with the new app; else known from before, and left in peace. */
  readonly old: 'probed' | Baseline;
}

export interface Guard {
  /** Aborted when the step is stopped, or when a bound is crossed: for waits, never for changes under way. */
  readonly signal: AbortSignal;
  /** Throws when a bound has been crossed: call it before each change. */
  check(): void;
  /** Waits until both sides have answered for every host, and gives what the old app answers. */
  baseline(): Promise<Baseline>;
  /** How many requests of ours the new balancers got from `fromMs` to `toMs`. */
  sent(fromMs: number, toMs: number): number;
}

/** Runs `body` under watch. @throws {MigrationError} `TRAFFIC_OUT_OF_BOUNDS` with the bound that was crossed. */
export async function guarded<T>(
  context: StepContext,
  options: GuardOptions,
  body: (guard: Guard) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const over = new AbortController();
  const watch = new TrafficWatch(context, options, AbortSignal.any([signal, over.signal]));
  const guardSignal = AbortSignal.any([signal, watch.crossed]);
  const watching = watch.run(await currentBalancers(context, signal));
  try {
    return await body({
      signal: guardSignal,
      check: () => {
        if (watch.crossed.aborted) throw watch.crossed.reason as Error;
      },
      baseline: () => watch.baseline(guardSignal),
      sent: (fromMs, toMs) => watch.sent(fromMs, toMs),
    });
  } catch (error) {
    // A wait that the guard ended knows only that it was ended.
    if (watch.crossed.aborted && !signal.aborted) throw watch.crossed.reason as Error;
    throw error;
  } finally {
    over.abort();
    await watching;
  }
}

interface WatchedHost {
  readonly host: string;
  readonly paths: readonly string[];
  readonly fresh: SharedBalancer;
  readonly old: OldBalancer | undefined;
}

/** A name with a wildcard cannot be asked for. */
function hostsOf({ facts, settings }: StepContext, balancers: Balancers): readonly WatchedHost[] {
  return servicesWithPort(facts).flatMap(({ name, role, domains, healthPath }) => {
    const fresh = balancers[role];
    if (fresh === undefined) return [];
    const old = facts.old.balancers.find(({ service }) => service.toLowerCase() === name.toLowerCase());
    const paths = settings.probePath === undefined ? [...new Set([healthPath, '/'])] : [settings.probePath];
    return domains.filter((host) => !host.startsWith('*')).map((host) => ({ host, paths, fresh, old }));
  });
}

class TrafficWatch {
  readonly #context: StepContext;
  readonly #options: GuardOptions;
  readonly #bounds: TrafficBounds;
  readonly #signal: AbortSignal;
  readonly #crossing = new AbortController();
  readonly #windows = new Map<string, { readonly fresh: SampleWindow; readonly old: SampleWindow }>();
  readonly #sentAt: number[] = [];

  constructor(context: StepContext, options: GuardOptions, signal: AbortSignal) {
    this.#context = context;
    this.#options = options;
    this.#bounds = boundsOf(context.settings);
    this.#signal = AbortSignal.any([signal, this.#crossing.signal]);
  }

  get crossed(): AbortSignal {
    return this.#crossing.signal;
  }

  sent(fromMs: number, toMs: number): number {
    return this.#sentAt.filter((at) => at >= fromMs && at <= toMs).length;
  }

  /** Ends with the signal, or when a bound is crossed. Never rejects. */
  async run(balancers: Balancers): Promise<void> {
    const hosts = hostsOf(this.#context, balancers);
    for (const { host } of hosts) this.#windows.set(host, { fresh: new SampleWindow(), old: new SampleWindow() });
    const isClose = this.#options.old === 'probed';
    const perSecond = isClose ? CLOSE_PER_SECOND : LIGHT_PER_SECOND;
    const pauseMs = (hosts.length * 1000) / perSecond;
    const sinceMs = this.#context.ports.clock.now();
    await Promise.all([
      ...hosts.map((host) =>
        this.#repeat(
          () => pauseMs,
          (turn) => this.#ask(host, turn),
        ),
      ),
      this.#repeat(
        () => {
          const isDoubtful = [...this.#unhealthyLooks.values()].some((looks) => looks > 0);
          if (isDoubtful) return SECOND_LOOK_MS;
          return isClose ? HEALTH_INTERVAL_MS : LIGHT_HEALTH_INTERVAL_MS;
        },
        () => this.#lookAtHealth(balancers),
      ),
      ...(isClose
        ? [
            this.#repeat(
              () => COUNTS_INTERVAL_MS,
              () => this.#lookAtCounts(balancers, sinceMs),
            ),
          ]
        : []),
    ]);
  }

  async baseline(signal: AbortSignal): Promise<Baseline> {
    await this.#context.wait(
      () => {
        const few = [...this.#windows].filter(([, { fresh }]) => fresh.size < BASELINE_ANSWERS);
        return Promise.resolve(
          few.length === 0
            ? { state: 'ready', value: undefined }
            : { state: 'pending', saw: few.map(([host]) => host).join(', ') },
        );
      },
      { what: 'both apps to answer for every name', timeoutMs: BASELINE_TIMEOUT_MS, intervalMs: 500 },
      signal,
    );
    return Object.fromEntries(
      [...this.#windows.keys()].flatMap((host) => {
        const facts = this.#oldFacts(host);
        return facts === undefined ? [] : [[host, facts]];
      }),
    );
  }

  async #repeat(pauseMs: () => number, look: (turn: number) => Promise<string | undefined>): Promise<void> {
    for (let turn = 0; !this.#signal.aborted; turn += 1) {
      // A look that fails says nothing of the app; the step's own reads tell what is wrong with AWS.
      const problem = await look(turn).catch(() => undefined);
      if (problem !== undefined) this.#cross(problem);
      await this.#context.ports.clock.sleep(pauseMs(), this.#signal).catch(() => undefined);
    }
  }

  async #ask({ host, paths, fresh, old }: WatchedHost, turn: number): Promise<string | undefined> {
    const { aws, clock } = this.#context.ports;
    const windows = this.#windows.get(host);
    const path = paths[turn % paths.length] ?? '/';
    const isOldProbed = this.#options.old === 'probed' && old !== undefined;
    const atMs = clock.now();
    this.#sentAt.push(atMs);
    if (this.#sentAt.length > SENT_KEPT) this.#sentAt.splice(0, SENT_KEPT / 2);
    const [newSample, oldSample] = await Promise.all([
      aws.probe({ side: 'new', dnsName: fresh.dnsName, host, path }, this.#signal),
      isOldProbed ? aws.probe({ side: 'old', dnsName: old.dnsName, host, path }, this.#signal) : undefined,
    ]);
    if (windows === undefined || this.#signal.aborted) return undefined;
    if (oldSample !== undefined) windows.old.add({ ...oldSample, atMs, path });
    windows.fresh.add({ ...newSample, atMs, path });
    const oldFacts = this.#oldFacts(host);
    // Nobody here can reach it, on neither side: health and counts must do.
    if (oldFacts !== undefined && oldFacts.answers > 0 && oldFacts.wrong === oldFacts.answers) return undefined;
    return judgeAnswers(host, windows.fresh.facts(oldFacts, this.#accepts), oldFacts, this.#bounds);
  }

  /** Without an old app to compare with: the health path as verification wants it, anything else but a fault. */
  readonly #accepts = (status: number, path: string): boolean => {
    const { facts, settings } = this.#context;
    const isHealthPath = facts.services.some(({ healthPath }) => healthPath === path);
    return !isHealthPath || settings.healthCodes === 'rack-codes' || status === 200;
  };

  #oldFacts(host: string): SideFacts | undefined {
    if (this.#options.old !== 'probed') return this.#options.old[host];
    return this.#windows.get(host)?.old.facts(undefined, () => true);
  }

  readonly #unhealthyLooks = new Map<string, number>();

  async #lookAtHealth(balancers: Balancers): Promise<string | undefined> {
    const { aws } = this.#context.ports;
    for (const { service, targetGroupArns } of (await this.#sourcesOf(balancers)).targets) {
      const health = await aws.targetHealth(targetGroupArns, this.#signal).catch((error: unknown) => {
        this.#sources = undefined; // one that is gone may have been replaced
        throw error;
      });
      const problem = judgeHealth(service, health, this.#bounds);
      const looks = problem === undefined ? 0 : (this.#unhealthyLooks.get(service) ?? 0) + 1;
      this.#unhealthyLooks.set(service, looks);
      if (looks >= UNHEALTHY_LOOKS && (await this.#isOldHealthy(service))) return problem;
    }
    return undefined;
  }

  #sources: Promise<TrafficSources> | undefined;

  /** The new app's target groups stay the same while nothing is promoted. */
  #sourcesOf(balancers: Balancers): Promise<TrafficSources> {
    const { app } = this.#options;
    this.#sources ??= trafficSources(this.#context, { app, balancers }, this.#signal).catch((error: unknown) => {
      this.#sources = undefined;
      throw error;
    });
    return this.#sources;
  }

  /** Nobody is sent back to an app whose targets are no better. */
  async #isOldHealthy(service: string): Promise<boolean> {
    const { facts, ports } = this.#context;
    const old = facts.old.balancers.find((one) => one.service.toLowerCase() === service.toLowerCase());
    const health = old === undefined ? undefined : await ports.aws.oldBalancerHealth(old, this.#signal);
    return health === undefined || judgeHealth(service, health, this.#bounds) === undefined;
  }

  async #lookAtCounts(balancers: Balancers, sinceMs: number): Promise<string | undefined> {
    const sources = await this.#sourcesOf(balancers);
    const traffic = await this.#context.ports.aws.traffic(
      { ...sources, sinceMs, minutes: 2, figures: 'certain' },
      this.#signal,
    );
    return judgeCounts(traffic, this.#bounds);
  }

  #cross(problem: string): void {
    if (this.#signal.aborted) return;
    this.#context.warn(`bound crossed: ${problem}`);
    this.#crossing.abort(outOfBounds(problem));
  }
}
