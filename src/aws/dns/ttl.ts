import { dnsName } from './names.ts';
import { changedRecord, isSameState, type RecordBatch } from './record-batch.ts';
import type { RecordSet } from './record-set.ts';
import type { HostedZone } from './zones.ts';

/** What Route 53 answers for an alias to a balancer, whatever its zone says (Route 53 developer guide, alias records). */
export const ALIAS_TTL_SECONDS = 60;

export interface PlanTtlOptions {
  readonly zone: HostedZone;
  readonly records: readonly RecordSet[];
  /** The names whose CNAMEs get another TTL. */
  readonly names: readonly string[];
  /** The new TTL of a set in seconds; returning its own leaves it alone. */
  readonly ttlSeconds: (record: RecordSet) => number;
}

/** Plans a change of TTLs alone; `undefined` when none changes. Aliases have none. */
export function planTtl({ zone, records, names, ttlSeconds }: PlanTtlOptions): RecordBatch | undefined {
  const wanted = new Set(names.map(dnsName));
  const concerned = records.filter(
    ({ name, type, ttlSeconds: ttl }) =>
      wanted.has(name) && ttl !== undefined && (type === 'CNAME' || type === 'A' || type === 'AAAA'),
  );
  const before = concerned.map(({ raw }) => raw);
  const after = concerned.map((record) => changedRecord(record.raw, { TTL: ttlSeconds(record) }));
  return isSameState(before, after) ? undefined : { zoneId: zone.id, zoneName: zone.name, before, after };
}

/** How long resolvers may still answer with these sets after they change, in seconds. */
export function longestTtlSeconds(records: readonly RecordSet[]): number {
  return Math.max(
    0,
    ...records.map(({ alias, ttlSeconds = 0 }) => (alias === undefined ? ttlSeconds : ALIAS_TTL_SECONDS)),
  );
}
