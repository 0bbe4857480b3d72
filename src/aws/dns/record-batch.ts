import * as z from 'zod';
import { MigrationError } from '../../errors.ts';
import { parseRaw, rawRecordSetSchema, recordFingerprint, type RawRecordSet } from './record-set.ts';

/** One atomic change of one zone: the sets as they were read, and as they shall be. Plain JSON, fit for a journal. */
export interface RecordBatch {
  readonly zoneId: string;
  readonly zoneName: string;
  /** Removed, each exactly as read: if one was changed meanwhile, Route 53 refuses the whole batch. */
  readonly before: readonly RawRecordSet[];
  readonly after: readonly RawRecordSet[];
}

/** Batches as they are saved. */
export const recordBatchesSchema = z.array(
  z.object({
    zoneId: z.string(),
    zoneName: z.string(),
    before: z.array(rawRecordSetSchema),
    after: z.array(rawRecordSetSchema),
  }),
);

/** Reads batches from saved data. @throws {MigrationError} `JOURNAL_DAMAGED`. */
export function parseRecordBatches(data: unknown): readonly RecordBatch[] {
  const parsed = recordBatchesSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new MigrationError('JOURNAL_DAMAGED', `not a list of record changes: ${z.prettifyError(parsed.error)}`, {
    hint: 'The file with the saved records was changed or cut off; without it they must be put back by hand.',
  });
}

/** One step of a batch, in the order Route 53 has to see them. */
export interface RecordChange {
  readonly action: 'DELETE' | 'CREATE';
  readonly record: RawRecordSet;
}

/**
 * The changes of a batch: first every DELETE, then every CREATE, since a CREATE is checked against what the changes
 * before it left (cookpad/roadworker#89). Sets that stay as they are take no part.
 */
export function recordChanges({ before, after }: RecordBatch): readonly RecordChange[] {
  const kept = new Set(before.map(recordFingerprint));
  const wanted = new Set(after.map(recordFingerprint));
  return [
    ...before
      .filter((record) => !wanted.has(recordFingerprint(record)))
      .map((record) => ({ action: 'DELETE' as const, record })),
    ...after
      .filter((record) => !kept.has(recordFingerprint(record)))
      .map((record) => ({ action: 'CREATE' as const, record })),
  ];
}

/** The batch that puts things back. */
export function inverseBatch({ zoneId, zoneName, before, after }: RecordBatch): RecordBatch {
  return { zoneId, zoneName, before: after, after: before };
}

/** True if both lists hold the same sets, in any order. */
export function isSameState(a: readonly RawRecordSet[], b: readonly RawRecordSet[]): boolean {
  const [left, right] = [a.map(recordFingerprint).toSorted(), b.map(recordFingerprint).toSorted()];
  return left.length === right.length && left.every((text, at) => text === right[at]);
}

/** A copy of a set with other fields; fields given as `undefined` are taken out. */
export function changedRecord(raw: RawRecordSet, fields: Readonly<Record<string, unknown>>): RawRecordSet {
  const merged = Object.entries({ ...raw, ...fields }).filter(([, value]) => value !== undefined);
  return parseRaw(Object.fromEntries(merged));
}
