import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import type { Stack, StackEvent } from '../../src/sandbox/model/stacks.ts';
import type { Build } from '../../src/sandbox/rack-api/rack-store.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

/** Something that had to be waited for. Times are the sandbox's, ms since 1970. */
export interface Wait {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  /** `world`: nobody could be faster. `rule`: the procedure waits longer than it must, to be sure; its own time. */
  readonly kind: 'world' | 'rule';
}

const MINUTE_MS = 60_000;
const LOW_TTL_MS = 60_000;
/** Rules of the procedure, where the code has them: ttl.ts, verify-temporary-app.ts, old-rows.ts, aws-traffic.ts. */
const TTL_MARGIN_MS = 5_000;
const STAYS_HEALTHY_MS = 30_000;
const SETTLE_MS = 15_000;
const ASSUMED_METRIC_DELAY_MS = 2 * MINUTE_MS;
/** The rack's own answers may be so old after a change (rack@20171213132441 provider/aws); slept through after a creation. */
const RACK_CACHE_MS = 6_000;

/** Watches the sandbox while a migration runs, and says afterwards what it made the migration wait for. */
export class WaitRecorder {
  readonly #sandbox: Sandbox;
  readonly #stacks = new Set<Stack>();
  readonly #builds = new Set<Build>();
  readonly #began = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  readonly #gates: Wait[] = [];
  /** When the last request came to a balancer of the old app. */
  #lastOldRequest = 0;
  #stop: () => void = () => undefined;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
    this.#look();
  }

  hear(event: MigrationEvent): void {
    if (event.type === 'step-started') this.#began.set(event.step, event.at);
    if (event.type === 'step-finished') this.#ended.set(event.step, event.at);
    if (event.type === 'gate-opened') this.#began.set(event.gate, event.at);
    if (event.type === 'gate-answered') {
      const from = this.#began.get(event.gate) ?? event.at;
      this.#gates.push({ what: `a person at ${event.gate}`, from, to: event.at, kind: 'world' });
    }
  }

  end(): readonly Wait[] {
    this.#stop();
    return [
      ...[...this.#stacks].flatMap(operations),
      ...[...this.#builds].map(({ app, startedAt, endedAt }): Wait => ({
        ...{ what: `build of ${app}`, from: startedAt, to: endedAt ?? startedAt, kind: 'world' },
      })),
      ...this.#gates,
      ...this.#certificates(),
      ...this.#recordChanges(),
      ...this.#timeToLive(),
      ...this.#traffic(),
      ...this.#others(),
    ].filter(({ from, to }) => to > from);
  }

  /** What was asked of the rack's API and of AWS so far, most first. */
  calls(): readonly (readonly [string, number])[] {
    const counted = this.#sandbox.world.counters.entries().filter(([key]) => !/^(dns|chaos) /.test(key));
    return counted.toSorted(([, a], [, b]) => b - a);
  }

  /** Things that go away are looked for while they are there. */
  #look(): void {
    const { world, rack } = this.#sandbox;
    for (const stack of world.cloudFormation.list()) if (stack.parentArn === undefined) this.#stacks.add(stack);
    for (const build of rack.store.builds.values()) this.#builds.add(build);
    const oldest = [...world.balancing.classic.values()].filter(({ name }) => name.startsWith('shop-'));
    const at = Math.floor(world.clock.now() / MINUTE_MS) * MINUTE_MS;
    for (const { name } of oldest) {
      const points = world.metrics.read(
        'AWS/ELB',
        'RequestCount',
        { LoadBalancerName: name },
        { fromMs: at - 10 * MINUTE_MS, toMs: at + MINUTE_MS, periodSeconds: 60, statistic: 'Sum' },
      );
      for (const point of points) this.#lastOldRequest = Math.max(this.#lastOldRequest, point.at);
    }
    this.#stop = world.clock.after(1_000, () => this.#look());
  }

  #certificates(): readonly Wait[] {
    const until = this.#window('await-certificates');
    return [...this.#sandbox.world.acm.certificates.values()].map(({ domainName, createdAt, issuedAt }) =>
      within(until, { what: `ACM: ${domainName}`, from: createdAt, to: issuedAt ?? createdAt, kind: 'world' }),
    );
  }

  #recordChanges(): readonly Wait[] {
    const { route53, settings } = this.#sandbox.world;
    const awaited = ['confirm-low-ttl', 'switch-records'].map((step) => this.#window(step));
    return [...route53.changes.values()].flatMap(({ submittedAt }) => {
      const to = submittedAt + settings.durations.zoneChangeMs;
      return awaited.map((window) =>
        within(window, { what: 'Route 53 until INSYNC', from: submittedAt, to, kind: 'world' }),
      );
    });
  }

  #timeToLive(): readonly Wait[] {
    const oldTtl = this.#window('await-old-ttl');
    const lastTtl = this.#window('confirm-propagation');
    return [
      { what: 'what is left of the old TTL', ...oldTtl, to: oldTtl.to - TTL_MARGIN_MS, kind: 'world' },
      { what: 'margin of the old TTL', from: oldTtl.to - TTL_MARGIN_MS, to: oldTtl.to, kind: 'rule' },
      { what: 'the last TTL', from: lastTtl.from, to: lastTtl.from + LOW_TTL_MS, kind: 'world' },
      {
        what: 'margin of the last TTL',
        from: lastTtl.from,
        to: lastTtl.from + LOW_TTL_MS + TTL_MARGIN_MS,
        kind: 'rule',
      },
    ];
  }

  /** The old side is known to be silent once a whole minute of silence can be read. */
  #traffic(): readonly Wait[] {
    const { metricDelayMs } = this.#sandbox.world.settings.durations;
    const switched = this.#window('switch-records').to;
    const old = this.#window('confirm-traffic');
    const deleted = this.#window('delete-old-app').from;
    const silentFrom = Math.max(this.#lastOldRequest + MINUTE_MS, Math.ceil(old.from / MINUTE_MS) * MINUTE_MS);
    const known = silentFrom + MINUTE_MS + metricDelayMs;
    const certain = silentFrom + MINUTE_MS + ASSUMED_METRIC_DELAY_MS;
    const final = this.#window('delete-temporary-app');
    const seen = Math.ceil(final.from / MINUTE_MS) * MINUTE_MS + MINUTE_MS + metricDelayMs;
    return [
      {
        what: 'visitors who keep old answers, and a silent minute in CloudWatch',
        from: switched,
        to: known,
        kind: 'world',
      },
      { what: 'a silent minute whose figures are 2 min old', from: deleted, to: certain, kind: 'rule' },
      { what: 'the first minute of the final app in CloudWatch', from: final.from, to: seen, kind: 'world' },
    ];
  }

  #others(): readonly Wait[] {
    const verified = this.#window('verify-temporary-app');
    const switching = this.#window('switch-records');
    const created = ['create-temporary-app', 'create-final-app'].map((step) => this.#window(step));
    const final = created[1] ?? verified;
    const creations = [...this.#stacks].flatMap(({ events }) => events.filter(isCreated)).map(({ at }) => at);
    const caches = created.map((window): Wait => {
      const from = Math.max(window.from, ...creations.filter((at) => at <= window.to));
      return within(window, { what: "the rack's caches", from, to: from + RACK_CACHE_MS, kind: 'world' });
    });
    const internalAt = this.#window('await-internal').to;
    const cached = caches.at(-1)?.to ?? final.to;
    const promoted = this.#window('promote-temporary-app');
    return [
      ...caches,
      within(promoted, {
        what: "the rack's caches, which refuse internal services",
        ...{ from: internalAt, to: internalAt + RACK_CACHE_MS, kind: 'world' },
      }),
      within(switching, {
        what: 'targets stay healthy',
        from: verified.from,
        to: verified.from + STAYS_HEALTHY_MS,
        kind: 'rule',
      }),
      {
        what: "the old app's rows stay gone",
        from: Math.max(cached, final.to - SETTLE_MS),
        to: final.to,
        kind: 'rule',
      },
    ];
  }

  #window(step: string): { readonly from: number; readonly to: number } {
    const from = this.#began.get(step) ?? 0;
    return { from, to: this.#ended.get(step) ?? from };
  }
}

/** From each beginning of a change of the stack to its end. */
function operations({ name, events }: Stack): readonly Wait[] {
  const waits: Wait[] = [];
  let begun: { readonly status: string; readonly at: number } | undefined;
  for (const { logicalId, status, at } of events.toSorted((a, b) => a.at - b.at)) {
    if (logicalId !== name) continue;
    const verb = status.split('_')[0] ?? status;
    if (status === `${verb}_IN_PROGRESS`) begun = { status: verb, at };
    else if (begun !== undefined && /^(CREATE|UPDATE|DELETE)_COMPLETE$/.test(status)) {
      waits.push({ what: `stack ${name}: ${begun.status.toLowerCase()}`, from: begun.at, to: at, kind: 'world' });
      begun = undefined;
    }
  }
  return waits;
}

function within({ from, to }: { readonly from: number; readonly to: number }, wait: Wait): Wait {
  return { ...wait, from: Math.max(from, wait.from), to: Math.min(to, wait.to) };
}

function isCreated({ logicalId, status, physicalId }: StackEvent): boolean {
  return status === 'CREATE_COMPLETE' && physicalId.includes(`stack/${logicalId}/`);
}
