/** Answers of one side for one host, and what they say together. */
import type { ProbeSample } from '../ports.ts';

export interface Sample extends ProbeSample {
  readonly atMs: number;
  readonly path: string;
}

/** What a side's answers come to; plain data, so that the old app's can be written down. */
export interface SideFacts {
  readonly answers: number;
  /** No answer, the wrong certificate, no rule, 5xx, or a status the other side does not give. */
  readonly wrong: number;
  readonly lastWrong: string | undefined;
  /** Answers whose time counts. */
  readonly timed: number;
  /** Four of five of the last answers came within so many real ms. */
  readonly usualMs: number | undefined;
  /** Statuses below 500 by path. */
  readonly statuses: Readonly<Record<string, readonly number[]>>;
}

/** How far back answers are looked at together. */
const WINDOW_MS = 60_000;
/** So many are kept however old: an app that answers slowly is judged too. */
const FEWEST_ANSWERS = 20;
/** By count, not by age: slow answers are few in any window. */
const TIMED_ANSWERS = 50;

/** The answers of the last minute, or the last few. */
export class SampleWindow {
  readonly #samples: Sample[] = [];
  readonly #times: number[] = [];

  get size(): number {
    return this.#samples.length;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    this.#times.push(sample.tookMs);
    if (this.#times.length > TIMED_ANSWERS) this.#times.shift();
    const from = sample.atMs - WINDOW_MS;
    while (this.#samples.length > FEWEST_ANSWERS && (this.#samples[0]?.atMs ?? from) < from) this.#samples.shift();
  }

  /**
   * @param usual What the other side answers; undefined for the side that sets the measure.
   * @param accepts Whether a status is right for a path the other side gave no answer for.
   */
  facts(usual: SideFacts | undefined, accepts: (status: number, path: string) => boolean): SideFacts {
    const isWrong = ({ status, problem, path }: Sample): boolean => {
      if (problem !== undefined || status === undefined || status >= 500) return true;
      const known = usual?.statuses[path];
      return known === undefined ? !accepts(status, path) : !known.includes(status);
    };
    const wrong = this.#samples.filter(isWrong);
    const times = this.#times.toSorted((a, b) => a - b);
    const statuses: Record<string, number[]> = {};
    for (const { path, status, problem } of this.#samples) {
      if (problem !== undefined || status === undefined || status >= 500) continue;
      const seen = (statuses[path] ??= []);
      if (!seen.includes(status)) seen.push(status);
    }
    return {
      answers: this.#samples.length,
      wrong: wrong.length,
      lastWrong: wrong.at(-1)?.says,
      timed: times.length,
      usualMs: times[Math.ceil(times.length * 0.8) - 1],
      statuses,
    };
  }
}
