import { MigrationError } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import type { AwsClients } from '../clients.ts';
import { applyRecordChanges, dnsConflict, readTouched, type AppliedChange } from './apply.ts';
import { isSameState, type RecordBatch } from './record-batch.ts';
import type { RawRecordSet } from './record-set.ts';

export interface RestoreRecordsOptions {
  readonly clients: Pick<AwsClients, 'route53'>;
  /** Every batch of one zone that was planned, in order, whether or not it was carried out: from the journal alone. */
  readonly batches: readonly RecordBatch[];
  readonly clock?: Clock;
}

/**
 * Puts the records of a zone back as they were before the first batch, from wherever the batches had come to.
 *
 * @throws {MigrationError} `DNS_CONFLICT` if they are in none of the states we made: somebody else's edit stays.
 */
export async function restoreRecords(
  { clients, batches, clock }: RestoreRecordsOptions,
  signal: AbortSignal,
): Promise<AppliedChange> {
  const [first] = batches;
  if (first === undefined) throw new MigrationError('USAGE', 'no saved records to put back');
  if (batches.some(({ zoneId }) => zoneId !== first.zoneId)) {
    throw new MigrationError('USAGE', 'records of several zones cannot be put back as one: call once a zone');
  }
  const { original, states } = statesOf(batches);
  const seen = await readTouched(clients, batches, signal);
  if (isSameState(seen, original)) return { zoneId: first.zoneId, alreadyApplied: true };
  const current = states.find((state) => isSameState(seen, state));
  if (current === undefined) throw dnsConflict({ ...first, after: original }, seen);
  const batch = { zoneId: first.zoneId, zoneName: first.zoneName, before: current, after: original };
  return applyRecordChanges(
    { clients, batch, comment: 'convox-gen2: as before', ...(clock === undefined ? {} : { clock }) },
    signal,
  );
}

/**
 * All states the touched records can be in if only we changed them. A batch may touch fewer records than another (a TTL
 * step leaves aliases alone), so each state is the one before with that batch carried out.
 */
function statesOf(batches: readonly RecordBatch[]): {
  readonly original: readonly RawRecordSet[];
  readonly states: readonly (readonly RawRecordSet[])[];
} {
  // Walking backwards from the last batch, then forwards: what no earlier batch touched was there from the start.
  const original = batches
    .toReversed()
    .reduce<readonly RawRecordSet[]>(
      (state, { before, after }) => [...without(state, after), ...before],
      batches.at(-1)?.after ?? [],
    );
  const states: (readonly RawRecordSet[])[] = [original];
  for (const { before, after } of batches) states.push([...without(states.at(-1) ?? [], before), ...after]);
  return { original, states };
}

function without(state: readonly RawRecordSet[], removed: readonly RawRecordSet[]): readonly RawRecordSet[] {
  return state.filter((record) => !removed.some((other) => isSameState([record], [other])));
}
