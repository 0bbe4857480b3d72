import type { World } from '../../world.ts';

/** How often (simulated ms) counts are handed to CloudWatch. */
const FLUSH_MS = 5_000;
/** Response times handed on per flush and dimension; the others are only counted. */
const SAMPLES = 10;

type Dimensions = Readonly<Record<string, string>>;

interface Count {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Dimensions;
  value: number;
}

/** Collects the counts of many requests and hands them to CloudWatch together, so that a request costs next to nothing. */
export class TrafficMetrics {
  readonly #world: World;
  readonly #counts = new Map<string, Count>();
  readonly #times = new Map<string, { readonly count: Count; readonly seconds: number[] }>();
  #scheduled = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** `key` identifies namespace, name and dimensions together; cheap to make and unique per series. */
  count(key: string, series: () => Omit<Count, 'value'>, value = 1): void {
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { ...series(), value });
    else known.value += value;
    this.#flushSoon();
  }

  time(key: string, series: () => Omit<Count, 'value'>, seconds: number): void {
    const known = this.#times.get(key);
    if (known === undefined) this.#times.set(key, { count: { ...series(), value: 0 }, seconds: [seconds] });
    else if (known.seconds.length < SAMPLES) known.seconds.push(seconds);
    this.#flushSoon();
  }

  flush(): void {
    for (const count of this.#counts.values()) {
      if (count.value === 0) continue;
      this.#world.metrics.add(count.namespace, count.name, count.dimensions, count.value);
      count.value = 0;
    }
    for (const { count, seconds } of this.#times.values()) {
      for (const value of seconds.splice(0)) {
        this.#world.metrics.add(count.namespace, count.name, count.dimensions, value);
      }
    }
  }

  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#world.clock.after(FLUSH_MS, () => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
