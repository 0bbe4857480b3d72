import { balancerKey } from '../rack-facts.ts';
import { changedRecord } from './record-batch.ts';
import type { RawRecordSet, RecordSet } from './record-set.ts';

/** The balancer records shall point at. */
export interface NewTarget {
  readonly dnsName: string;
  /** Needed for aliases; default: by the region in the name. */
  readonly canonicalHostedZoneId?: string;
}

/** Identifiers of the two halves of a set that is shared out by weight. */
const OLD_HALF = 'convox-gen2-old';
const NEW_HALF = 'convox-gen2-new';

/** The set pointing at `target`, else as it was. */
export function moveRecord(record: RecordSet, target: NewTarget, cnameBecomes: 'cname' | 'alias'): RawRecordSet {
  if (record.alias !== undefined) {
    return changedRecord(record.raw, {
      AliasTarget: aliasTo(target, { isDualstack: /^dualstack\./i.test(record.alias.dnsName) }),
    });
  }
  // One of several sets keeps the type of the others: a CNAME cannot stand beside an alias.
  if (cnameBecomes === 'alias' && record.routing.kind === 'simple') {
    const AliasTarget = aliasTo(target, { isDualstack: true });
    return changedRecord(record.raw, { Type: 'A', TTL: undefined, ResourceRecords: undefined, AliasTarget });
  }
  return changedRecord(record.raw, { ResourceRecords: [{ Value: balancerKey(target.dnsName) }] });
}

/**
 * The set as two, sharing its answers by weight. Both have the type, and without alias the TTL, of the one there was:
 * sets of one name and type must agree in these (Route 53 developer guide, weighted routing). Only a simple set can
 * become weighted; any other stays as it is.
 */
export function weightedPair(record: RecordSet, target: NewTarget, newPercent: number): readonly RawRecordSet[] {
  if (record.routing.kind !== 'simple') return [record.raw];
  return [
    changedRecord(record.raw, { SetIdentifier: OLD_HALF, Weight: 100 - newPercent }),
    changedRecord(moveRecord(record, target, 'cname'), { SetIdentifier: NEW_HALF, Weight: newPercent }),
  ];
}

/** What a person should know before this set is moved. */
export function noticesOf(record: RecordSet, isStaged: boolean): readonly string[] {
  const label = `${record.name} ${record.type}${record.setIdentifier === undefined ? '' : ` (${record.setIdentifier})`}`;
  const notices: string[] = [];
  if (record.routing.kind !== 'simple') {
    notices.push(`${label} is one of several sets (${record.routing.kind}); only this one moves, its routing stays`);
    if (isStaged) notices.push(`${label} cannot be shared out by weight: it moves with the last stage`);
  }
  if (record.alias?.evaluateTargetHealth === true) {
    notices.push(
      `${label} no longer follows its target's health: on a balancer shared by apps one app's fault would take all down`,
    );
  }
  if (record.healthCheckId !== undefined) {
    notices.push(`${label} keeps health check ${record.healthCheckId}: see that it does not probe the old balancer`);
  }
  return notices;
}

/**
 * `EvaluateTargetHealth` is false: with true an ALB counts as unhealthy as soon as one target group, of any app, has no
 * healthy target (Route 53 API reference, AliasTarget).
 */
function aliasTo(target: NewTarget, { isDualstack }: { readonly isDualstack: boolean }) {
  const bare = balancerKey(target.dnsName);
  return {
    HostedZoneId: target.canonicalHostedZoneId,
    DNSName: `${isDualstack ? 'dualstack.' : ''}${bare}.`,
    EvaluateTargetHealth: false,
  };
}
