import { dnsName } from './names.ts';
import type { RecordBatch } from './record-batch.ts';
import type { RawRecordSet } from './record-set.ts';

/** What becomes of a record set, for people. */
export interface DescribedChange {
  readonly name: string;
  readonly type: string;
  readonly before: string;
  readonly after: string;
}

/** What batches of one zone make of each set that was there, from the first one's state to the last one's. */
export function describeChanges(batches: readonly RecordBatch[]): readonly DescribedChange[] {
  const after = batches.at(-1)?.after ?? [];
  return (batches[0]?.before ?? []).map((before) => {
    const { Name, Type } = before;
    const found = after.find((record) => record.Name === Name && record.Type === Type);
    return {
      name: dnsName(Name),
      type: Type,
      before: describeRecordSet(before),
      after: found === undefined ? 'none' : describeRecordSet(found),
    };
  });
}

/** `alias …`, or its values with their TTL. */
export function describeRecordSet(record: RawRecordSet): string {
  if (record.AliasTarget !== undefined) return `alias ${dnsName(record.AliasTarget.DNSName)}`;
  const values = (record.ResourceRecords ?? []).map(({ Value }) => dnsName(Value)).join(', ');
  return `${values} (TTL ${record.TTL ?? 0} s)`;
}
