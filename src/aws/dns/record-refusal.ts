import type { RecordSet } from './record-set.ts';

/** Why a record cannot be moved by us. */
export type RefusalReason =
  | 'traffic-policy'
  | 'multivalue'
  | 'failover-without-check'
  | 'zone-id-unknown'
  | 'fixed-addresses'
  | 'points-elsewhere'
  | 'absent';

/** A name whose record is left as it is, and why; `says` is for people. */
export interface RecordRefusal {
  readonly name: string;
  readonly type?: string;
  readonly setIdentifier?: string;
  readonly reason: RefusalReason;
  readonly says: string;
}

/** Why a set that points at an old balancer cannot be pointed at the new one; `undefined` if it can. */
export function refusalOfRecord(record: RecordSet, newZoneId: string | undefined): RecordRefusal | undefined {
  const refuse = (reason: RefusalReason, says: string): RecordRefusal => ({
    name: record.name,
    type: record.type,
    ...(record.setIdentifier === undefined ? {} : { setIdentifier: record.setIdentifier }),
    reason,
    says: `${record.name} ${record.type}: ${says}`,
  });
  if (record.trafficPolicyInstanceId !== undefined) {
    return refuse('traffic-policy', 'belongs to a traffic policy; change the policy instead');
  }
  if (record.routing.kind === 'multivalue') {
    return refuse('multivalue', 'is a multivalue answer set, which cannot point at a balancer');
  }
  if (record.routing.kind === 'failover' && record.alias?.evaluateTargetHealth && !record.healthCheckId) {
    // Evaluated on a rack's shared balancer, one app's unhealthy group fails over all of them; not evaluated, nothing does.
    return refuse(
      'failover-without-check',
      'fails over by its target’s health; give it a health check of its own first',
    );
  }
  if (record.alias !== undefined && newZoneId === undefined) {
    return refuse('zone-id-unknown', 'is an alias, and the hosted zone id of the new balancer is not known');
  }
  return undefined;
}

/** Why a name none of whose sets leads to an old balancer is not ours to move. */
export function refusalOfName(name: string, sets: readonly RecordSet[]): RecordRefusal {
  const addresses = sets.filter(({ type, values }) => (type === 'A' || type === 'AAAA') && values !== undefined);
  if (addresses.length > 0) {
    const says = `${name} has fixed addresses (${addresses.flatMap(({ values = [] }) => values).join(', ')}): a proxy or CDN, to be changed there`;
    return { name, type: addresses[0]?.type ?? 'A', reason: 'fixed-addresses', says };
  }
  const leading = sets.filter(({ type }) => ['A', 'AAAA', 'CNAME'].includes(type));
  if (leading.length > 0) {
    const where = leading.map(({ alias, values = [] }) => alias?.dnsName ?? values.join(', '));
    return {
      name,
      reason: 'points-elsewhere',
      says: `${name} points at ${where.join(' and ')}, not at the app's balancer`,
    };
  }
  return { name, reason: 'absent', says: `${name} has no address record in this zone` };
}
