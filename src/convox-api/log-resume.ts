import { createHash } from 'node:crypto';

/** Decides, after a reconnection, which lines have been handed on before. */
export interface Resume {
  /** The lines to hand on when `line` arrives: none if it is a repetition. */
  accept(line: string): readonly string[];
  /** A new connection begins. */
  reconnected(): void;
}

function fingerprint(line: string): number {
  return createHash('sha1').update(line).digest().readUIntBE(0, 6);
}

// So many lines may look like the beginning of a replay before it is believed to be one.
const COINCIDENCE = 16;

/**
 * For streams that begin anew with the first line at each connection (build logs). If a connection turns out not to be
 * a replay, because the rack goes on where it was, its lines are handed on.
 */
export class ReplayResume implements Resume {
  readonly #seen: number[] = [];
  #matched = 0;
  #held: string[] = [];
  #isReplaying = false;

  accept(line: string): readonly string[] {
    const mark = fingerprint(line);
    if (this.#isReplaying && this.#matched < this.#seen.length && this.#seen[this.#matched] === mark) {
      this.#matched++;
      if (this.#matched <= COINCIDENCE) this.#held.push(line);
      return [];
    }
    const isNoReplay = this.#isReplaying && this.#matched < Math.min(this.#seen.length, COINCIDENCE);
    const lines = isNoReplay ? [...this.#held, line] : [line];
    this.#isReplaying = false;
    this.#held = [];
    for (const text of lines) this.#seen.push(fingerprint(text));
    return lines;
  }

  reconnected(): void {
    this.#isReplaying = true;
    this.#matched = 0;
    this.#held = [];
  }
}

/** Lines of one moment can arrive in any order, and a little late. */
const OVERLAP_MS = 10_000;

/**
 * For streams asked for from a moment on (app and rack logs): after a reconnection the overlap is asked for again, and
 * of each line in it as many are dropped as have been handed on.
 */
export class SinceResume implements Resume {
  readonly #counts = new Map<number, { readonly atMs: number; seen: number; toSkip: number }>();
  #newestMs = -Infinity;
  #windowStartMs = -Infinity;
  #prunedAtMs = -Infinity;

  /** Time of the newest line, or -Infinity. */
  get newestMs(): number {
    return this.#newestMs;
  }

  /** How far back to ask for, in ms before `nowMs`; `undefined` when nothing has been seen yet. */
  sinceMs(nowMs: number): number | undefined {
    if (this.#newestMs === -Infinity) return undefined;
    // The server counts back from its own clock, which may be a little ahead of ours.
    return Math.max(0, nowMs - this.#newestMs) + OVERLAP_MS + 30_000;
  }

  accept(line: string): readonly string[] {
    const atMs = timeOf(line);
    if (atMs === undefined) return [line]; // part of no line we could find again
    if (atMs < this.#windowStartMs) return [];
    const mark = fingerprint(line);
    const count = this.#counts.get(mark);
    if (count !== undefined && count.toSkip > 0) {
      count.toSkip--;
      return [];
    }
    if (count === undefined) this.#counts.set(mark, { atMs, seen: 1, toSkip: 0 });
    else count.seen++;
    if (atMs > this.#newestMs) this.#newestMs = atMs;
    this.#prune();
    return [line];
  }

  reconnected(): void {
    this.#windowStartMs = this.#newestMs - OVERLAP_MS;
    this.#prunedAtMs = -Infinity;
    this.#prune();
    for (const count of this.#counts.values()) count.toSkip = count.seen;
  }

  #prune(): void {
    const startMs = this.#newestMs - OVERLAP_MS;
    if (startMs < this.#prunedAtMs + OVERLAP_MS / 2) return;
    this.#prunedAtMs = startMs;
    for (const [mark, { atMs }] of this.#counts) if (atMs < startMs) this.#counts.delete(mark);
  }
}

function timeOf(line: string): number | undefined {
  const atMs = Date.parse(/^\d{4}-\d{2}-\d{2}T[0-9:.]+Z/.exec(line)?.[0] ?? '');
  return Number.isNaN(atMs) ? undefined : atMs;
}
