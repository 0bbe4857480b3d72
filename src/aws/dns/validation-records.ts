import type { Clock } from '../../time/clock.ts';
import type { ValidationRecord } from '../certificates.ts';
import type { AwsClients } from '../clients.ts';
import { applyRecordChanges, type AppliedChange } from './apply.ts';
import { getPublicZone } from './choose-zones.ts';
import type { RecordBatch } from './record-batch.ts';
import { readRecordSets } from './records.ts';
import type { DnsResolver } from './resolver.ts';
import { ZoneCatalogue } from './zones.ts';

export interface ValidationRecordsOptions {
  readonly clients: Pick<AwsClients, 'route53'>;
  readonly records: readonly ValidationRecord[];
  /** Public DNS, to tell apart zones of one name. */
  readonly resolver?: DnsResolver;
}

const TTL_SECONDS = 300;

/**
 * Plans the validation records of a certificate, one batch a zone: always the public one, ACM sees no other, even for an
 * internal service (ACM user guide, DNS validation). Records that are there already take no part, so putting these
 * batches back later removes only what we wrote.
 *
 * @throws {MigrationError} `ZONE_NOT_FOUND` if a name's DNS is elsewhere.
 */
export async function planValidationRecords(
  { clients, records, resolver }: ValidationRecordsOptions,
  signal: AbortSignal,
): Promise<readonly RecordBatch[]> {
  const catalogue = new ZoneCatalogue({ clients });
  const byZone = new Map<string, RecordBatch>();
  for (const record of records) {
    const question = { clients, name: record.name, catalogue, ...(resolver === undefined ? {} : { resolver }) };
    const zone = await getPublicZone(question, signal);
    const present = await readRecordSets({ clients, zoneId: zone.id, name: record.name }, signal);
    const existing = present.filter(({ type }) => type === 'CNAME');
    if (existing.some(({ values }) => values?.some((value) => value.replace(/\.$/, '') === record.value))) continue;
    const batch = byZone.get(zone.id) ?? { zoneId: zone.id, zoneName: zone.name, before: [], after: [] };
    byZone.set(zone.id, {
      ...batch,
      before: [...batch.before, ...existing.map(({ raw }) => raw)],
      after: [
        ...batch.after,
        { Name: `${record.name}.`, Type: 'CNAME', TTL: TTL_SECONDS, ResourceRecords: [{ Value: `${record.value}.` }] },
      ],
    });
  }
  return [...byZone.values()];
}

/** Writes planned validation records; repeatable. */
export async function writeValidationRecords(
  { clients, batches, clock }: WriteValidationRecordsOptions,
  signal: AbortSignal,
): Promise<readonly AppliedChange[]> {
  const applied: AppliedChange[] = [];
  for (const batch of batches) {
    const options = { clients, batch, comment: 'convox-gen2: proof for a certificate' };
    applied.push(await applyRecordChanges({ ...options, ...(clock === undefined ? {} : { clock }) }, signal));
  }
  return applied;
}

export interface WriteValidationRecordsOptions {
  readonly clients: Pick<AwsClients, 'route53'>;
  readonly batches: readonly RecordBatch[];
  readonly clock?: Clock;
}
