import type { AwsClients } from '../clients.ts';
import { readTouched } from './apply.ts';
import { dnsName } from './names.ts';
import { changedRecord, isSameState, type RecordBatch } from './record-batch.ts';
import type { RawRecordSet } from './record-set.ts';
import { originalRecords } from './restore.ts';

export interface PlanRepointOptions {
  readonly clients: Pick<AwsClients, 'route53'>;
  /** Changes of one zone, in the order they were made. */
  readonly batches: readonly RecordBatch[];
  /** DNS name of a balancer that is gone → the one that took its place. */
  readonly replaced: ReadonlyMap<string, string>;
  /** DNS names of all balancers that are gone. */
  readonly gone: readonly string[];
}

export interface RepointPlan {
  /** `before`: the records as they were before the batches, balancers replaced; `after`: what stands there now. */
  readonly batch: RecordBatch | undefined;
  /** Names that led to a balancer without a replacement: they are left as they are. */
  readonly lost: readonly string[];
}

/**
 * Plans to lead records back to where they led before some changes, although those balancers are gone: each DNS name is
 * replaced by its successor's. The canonical zone of an alias stays, since it is one for all balancers of a kind and region.
 */
export async function planRepoint(
  { clients, batches, replaced, gone }: PlanRepointOptions,
  signal: AbortSignal,
): Promise<RepointPlan> {
  const { zoneId = '', zoneName = '' } = batches[0] ?? {};
  const originals = originalRecords(batches);
  const now = await readTouched(clients, batches, signal);
  const lost = originals.filter((record) => gone.some((name) => leadsTo(record, name) && !replaced.has(name)));
  const wanted = originals.filter((record) => !lost.includes(record)).map((record) => repointed(record, replaced));
  // Where a record is lost its name is left alone, whatever stands there now.
  const lostNames = new Set(lost.map(({ Name }) => dnsName(Name)));
  const before = wanted.filter(({ Name }) => !lostNames.has(dnsName(Name)));
  const after = now.filter(({ Name }) => !lostNames.has(dnsName(Name)));
  const batch = isSameState(before, after) ? undefined : { zoneId, zoneName, before, after };
  return { batch, lost: [...lostNames] };
}

function leadsTo({ AliasTarget, ResourceRecords = [] }: RawRecordSet, balancer: string): boolean {
  const targets = [AliasTarget?.DNSName, ...ResourceRecords.map(({ Value }) => Value)];
  return targets.some((target) => target !== undefined && splitTarget(target, balancer) !== undefined);
}

function repointed(record: RawRecordSet, replaced: ReadonlyMap<string, string>): RawRecordSet {
  const { AliasTarget, ResourceRecords } = record;
  return changedRecord(record, {
    ...(AliasTarget === undefined
      ? {}
      : { AliasTarget: { ...AliasTarget, DNSName: newTarget(AliasTarget.DNSName, replaced) } }),
    ...(ResourceRecords === undefined
      ? {}
      : { ResourceRecords: ResourceRecords.map((value) => ({ ...value, Value: newTarget(value.Value, replaced) })) }),
  });
}

function newTarget(target: string, replaced: ReadonlyMap<string, string>): string {
  for (const [old, now] of replaced) {
    const prefix = splitTarget(target, old);
    if (prefix !== undefined) return `${prefix}${now}${target.endsWith('.') ? '.' : ''}`;
  }
  return target;
}

/** `dualstack.` or nothing before the balancer's name; undefined for another name. */
function splitTarget(target: string, balancer: string): string | undefined {
  const [name, wanted] = [dnsName(target), dnsName(balancer)];
  if (name === wanted) return '';
  return name === `dualstack.${wanted}` ? 'dualstack.' : undefined;
}
