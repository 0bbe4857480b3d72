import type { RecordSet } from '../model/dns.ts';

interface Version {
  readonly recordSets: readonly RecordSet[];
  /** When each server has it, simulated ms; in the order of the zone's name servers. */
  readonly appliedAt: readonly number[];
}

/** What each of a zone's name servers answers from: an accepted change reaches them one by one. */
export class ZoneServers {
  readonly count: number;
  #versions: readonly Version[];

  constructor(count: number, recordSets: readonly RecordSet[]) {
    this.count = count;
    this.#versions = [{ recordSets, appliedAt: Array.from({ length: count }, () => Number.NEGATIVE_INFINITY) }];
  }

  /** Takes over a new version; a server never has a later one before an earlier one. Returns when the last has it. */
  publish(recordSets: readonly RecordSet[], wantedAt: readonly number[]): number {
    const last = this.#versions.at(-1)?.appliedAt ?? [];
    const appliedAt = wantedAt.map((at, index) => Math.max(at, last[index] ?? at));
    this.#versions = [...this.#versions, { recordSets, appliedAt }];
    return Math.max(...appliedAt);
  }

  /** The newest version one server has; `undefined` = the slowest server. */
  servedAt(nowMs: number, server: number | undefined): readonly RecordSet[] {
    const has = ({ appliedAt }: Version): boolean =>
      server === undefined ? appliedAt.every((at) => at <= nowMs) : (appliedAt[server] ?? Infinity) <= nowMs;
    return this.#versions.findLast(has)?.recordSets ?? [];
  }

  /** Forgets versions that no server answers from any more. */
  forget(nowMs: number): void {
    const first = this.#versions.findLastIndex(({ appliedAt }) => appliedAt.every((at) => at <= nowMs));
    if (first > 0) this.#versions = this.#versions.slice(first);
  }
}
