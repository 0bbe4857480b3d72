import type { Pause } from '../report.ts';

export interface TimeScaleOptions {
  readonly startedAt: number;
  readonly endedAt: number;
  /** Stretches that are drawn short, however long they were. */
  readonly pauses: readonly Pause[];
}

/** A stretch of time and where it is drawn, 0 to 1. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly left: number;
  readonly right: number;
}

/** Share of the time at work that a pause gets at most. */
const PAUSE_SHARE = 0.06;

/** Time on the horizontal axis. A gate that was open for two days must not press everything else into one pixel. */
export class TimeScale {
  readonly #stretches: readonly Stretch[];

  constructor({ startedAt, endedAt, pauses }: TimeScaleOptions) {
    const end = Math.max(endedAt, startedAt + 1, ...pauses.map(({ to }) => to));
    const cuts = [startedAt, ...pauses.flatMap(({ from, to }) => [from, to]), end];
    const spans = cuts.slice(1).map((to, index) => ({ from: cuts[index] ?? to, to, isPause: index % 2 === 1 }));
    const atWork = spans.filter(({ isPause }) => !isPause).reduce((sum, { from, to }) => sum + to - from, 0);
    const widthOf = ({ from, to, isPause }: (typeof spans)[number]): number =>
      isPause ? Math.min(to - from, Math.max(1, atWork) * PAUSE_SHARE) : to - from;
    const total = spans.reduce((sum, span) => sum + widthOf(span), 0);
    let left = 0;
    this.#stretches = spans.map((span) => {
      const right = left + widthOf(span) / total;
      const stretch = { from: span.from, to: span.to, left, right };
      left = right;
      return stretch;
    });
  }

  /** Where a moment is drawn, 0 to 1; what lies outside is at the edge. */
  x(at: number): number {
    const stretch = this.#stretches.find(({ to }) => at <= to) ?? this.#stretches.at(-1);
    if (stretch === undefined) return 0;
    const { from, to, left, right } = stretch;
    const share = to === from ? 0 : Math.min(1, Math.max(0, (at - from) / (to - from)));
    return left + share * (right - left);
  }

  /** The moment that is drawn there. */
  at(x: number): number {
    const stretch = this.#stretches.find(({ right }) => x <= right) ?? this.#stretches.at(-1);
    if (stretch === undefined) return 0;
    const { from, to, left, right } = stretch;
    return right === left ? from : from + ((x - left) / (right - left)) * (to - from);
  }
}
