/** Answers older than this are forgotten: nothing lags further behind. Simulated ms. */
const KEPT_MS = 30_000;
const SWEEP_ABOVE = 200;

/** What the sandbox answered to reads lately, so that a copy of the data that lags behind can answer again. */
export class PastAnswers {
  readonly #answers = new Map<string, { readonly at: number; readonly answer: unknown }[]>();

  /** Answers as at `asOfMs` if the same was asked shortly before then, else by `read`; remembers what `read` gave. */
  async answer<T>(
    key: string,
    { nowMs, asOfMs }: { readonly nowMs: number; readonly asOfMs: number | undefined },
    read: () => Promise<T> | T,
  ): Promise<T> {
    const kept = (this.#answers.get(key) ?? []).filter(({ at }) => nowMs - at <= KEPT_MS);
    const old = asOfMs === undefined ? undefined : kept.findLast(({ at }) => at <= asOfMs);
    // Under one key lie answers to one question, which `read` gave.
    if (old !== undefined) return old.answer as T;
    const answer = await read();
    this.#answers.set(key, [...kept, { at: nowMs, answer }]);
    if (this.#answers.size > SWEEP_ABOVE) this.#sweep(nowMs);
    return answer;
  }

  #sweep(nowMs: number): void {
    for (const [key, answers] of this.#answers)
      if (answers.every(({ at }) => nowMs - at > KEPT_MS)) this.#answers.delete(key);
  }
}
