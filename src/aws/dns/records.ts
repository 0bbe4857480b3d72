import { ListResourceRecordSetsCommand, type ListResourceRecordSetsCommandOutput } from '@aws-sdk/client-route-53';
import { ask } from '../aws-error.ts';
import type { AwsClients } from '../clients.ts';
import { balancerKey } from '../rack-facts.ts';
import { dnsName } from './names.ts';
import { rawFromSdk, recordSet, type RecordSet } from './record-set.ts';
import { listZones, type HostedZone } from './zones.ts';

type Clients = Pick<AwsClients, 'route53'>;

export interface ReadRecordSetsOptions {
  readonly clients: Clients;
  readonly zoneId: string;
  /** Only the sets of this name; default: all of the zone. */
  readonly name?: string;
}

/** Reads a zone's record sets, in Route 53's order (labels reversed). */
export async function readRecordSets(
  { clients, zoneId, name }: ReadRecordSetsOptions,
  signal: AbortSignal,
): Promise<readonly RecordSet[]> {
  const wanted = name === undefined ? undefined : dnsName(name);
  const sets: RecordSet[] = [];
  let from: Start | undefined = wanted === undefined ? {} : { StartRecordName: wanted };
  while (from !== undefined) {
    const start: Start = from;
    const page: ListResourceRecordSetsCommandOutput = await ask(
      `read the records of zone ${zoneId}`,
      'route53:ListResourceRecordSets',
      (options) => clients.route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, ...start }), options),
      signal,
    );
    const read = (page.ResourceRecordSets ?? []).map((set) => recordSet(zoneId, rawFromSdk(set)));
    sets.push(...read.filter((set) => wanted === undefined || set.name === wanted));
    // A start name is a position in the order, not a filter: what follows belongs to other names.
    const isPast = wanted !== undefined && read.some((set) => set.name !== wanted);
    from = isPast ? undefined : nextStart(page);
  }
  return sets;
}

type Start = Pick<
  ConstructorParameters<typeof ListResourceRecordSetsCommand>[0],
  'StartRecordName' | 'StartRecordType' | 'StartRecordIdentifier'
>;

function nextStart(page: ListResourceRecordSetsCommandOutput): Start | undefined {
  if (page.IsTruncated !== true || page.NextRecordName === undefined) return undefined;
  return {
    StartRecordName: page.NextRecordName,
    ...(page.NextRecordType === undefined ? {} : { StartRecordType: page.NextRecordType }),
    ...(page.NextRecordIdentifier === undefined ? {} : { StartRecordIdentifier: page.NextRecordIdentifier }),
  };
}

/** A record set whose answers lead to one of the balancers asked for. */
export interface PointingRecord {
  readonly zone: HostedZone;
  readonly record: RecordSet;
  /** The balancer's DNS name, as it was asked for. */
  readonly target: string;
  /** Names of the same zone passed on the way; empty when the set itself names the balancer. */
  readonly via: readonly string[];
}

export interface RecordsPointingAtOptions {
  readonly clients: Clients;
  /** DNS names of balancers, in any letter case, with or without `dualstack.`. */
  readonly targets: readonly string[];
  /** Zones to look into; default: all of the account. */
  readonly zones?: readonly HostedZone[];
}

/** Finds every record set, in every zone, that leads to one of the balancers, directly or through names of the same zone. */
export async function recordsPointingAt(
  { clients, targets, zones }: RecordsPointingAtOptions,
  signal: AbortSignal,
): Promise<readonly PointingRecord[]> {
  const found: PointingRecord[] = [];
  for (const zone of zones ?? (await listZones({ clients }, signal))) {
    const records = await readRecordSets({ clients, zoneId: zone.id }, signal);
    found.push(...pointingIn(zone, records, targets));
  }
  return found;
}

/** The pure part: which of a zone's sets lead to which of the balancers. */
export function pointingIn(
  zone: HostedZone,
  records: readonly RecordSet[],
  targets: readonly string[],
): readonly PointingRecord[] {
  const byKey = new Map(targets.map((target) => [balancerKey(target), target]));
  const follow = (record: RecordSet, via: readonly string[]): readonly PointingRecord[] => {
    const next = targetsOf(record);
    const direct = next.map((name) => byKey.get(name)).filter((target) => target !== undefined);
    if (direct[0] !== undefined) return [{ zone, record, target: direct[0], via }];
    // A loop of names ends where it began.
    const [step] = next.filter((name) => !via.includes(name) && name !== record.name);
    if (step === undefined) return [];
    const [end] = records.filter(({ name }) => name === step).flatMap((inner) => follow(inner, [...via, step]));
    return end === undefined ? [] : [{ zone, record, target: end.target, via: end.via }];
  };
  return records.flatMap((record) => follow(record, []));
}

/** The names a set's answers lead on to. */
export function targetsOf(record: RecordSet): readonly string[] {
  if (record.alias !== undefined) return [balancerKey(record.alias.dnsName)];
  return record.type === 'CNAME' ? (record.values ?? []).map(balancerKey) : [];
}
