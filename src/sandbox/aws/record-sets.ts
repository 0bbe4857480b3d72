import type { RecordSet } from '../model/dns.ts';
import { compareText, sortKey, storedName } from './record-names.ts';

/** A set as Route 53 keeps it: names in stored form, an alias's target with the final dot, no absent fields. */
export function storedSet(set: RecordSet): RecordSet {
  const { name, type, alias, ...rest } = set;
  return {
    name: storedName(name),
    type: type.toUpperCase(),
    ...rest,
    ...(alias === undefined ? {} : { alias: { ...alias, dnsName: storedName(alias.dnsName) } }),
  };
}

/** A zone's sets while a batch is applied to them: by name, then by type and set identifier. */
export class RecordTable {
  readonly #names = new Map<string, Map<string, RecordSet>>();

  constructor(sets: readonly RecordSet[]) {
    for (const set of sets) this.put(set);
  }

  get(set: RecordSet): RecordSet | undefined {
    return this.#names.get(set.name)?.get(keyOf(set));
  }

  put(set: RecordSet): void {
    const sets = this.#names.get(set.name) ?? new Map<string, RecordSet>();
    this.#names.set(set.name, sets.set(keyOf(set), set));
  }

  remove(set: RecordSet): void {
    this.#names.get(set.name)?.delete(keyOf(set));
  }

  named(name: string): readonly RecordSet[] {
    return [...(this.#names.get(name)?.values() ?? [])];
  }

  /** By name with its labels reversed, then type, then set identifier (API reference, ListResourceRecordSets). */
  sorted(): readonly RecordSet[] {
    return [...this.#names]
      .map(([name, sets]) => ({ key: sortKey(name), sets: [...sets.values()].toSorted(compareSets) }))
      .toSorted((a, b) => compareText(a.key, b.key))
      .flatMap(({ sets }) => sets);
  }
}

export function compareSets(a: RecordSet, b: RecordSet): number {
  return (
    compareText(sortKey(a.name), sortKey(b.name)) ||
    compareText(a.type, b.type) ||
    compareText(a.setIdentifier ?? '', b.setIdentifier ?? '')
  );
}

/** True if a DELETE that names `given` means the set `kept`: everything alike, values in any order. */
export function sameSet(kept: RecordSet, given: RecordSet): boolean {
  return fingerprint(kept) === fingerprint(given);
}

function keyOf({ type, setIdentifier = '' }: RecordSet): string {
  return `${type} ${setIdentifier}`;
}

function fingerprint(set: RecordSet): string {
  const { values, alias, geoLocation } = set;
  return JSON.stringify([
    set.name,
    set.type,
    set.setIdentifier,
    set.weight,
    set.region,
    set.failover,
    geoLocation === undefined ? undefined : Object.entries(geoLocation).toSorted(([a], [b]) => compareText(a, b)),
    set.multiValueAnswer,
    set.healthCheckId,
    set.ttl,
    values?.toSorted(compareText),
    alias === undefined ? undefined : [alias.hostedZoneId, alias.dnsName, alias.evaluateTargetHealth],
  ]);
}
