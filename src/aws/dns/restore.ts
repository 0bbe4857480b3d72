import { MigrationError } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import type { AwsClients } from '../clients.ts';
import { applyRecordChanges, dnsConflict, readTouched, type AppliedChange } from './apply.ts';
import { isSameState, type RecordBatch } from './record-batch.ts';
import type { RawRecordSet } from './record-set.ts';

export interface RestoreRecordsOptions {
  readonly clients: Pick<AwsClients, 'route53'>;
  /** Every batch that was planned, in order, of one zone or several, carried out or not: from the journal alone. */
  readonly batches: readonly RecordBatch[];
  readonly clock?: Clock;
}

/**
 * Puts the records of each zone back as they were before its first batch, from wherever the batches had come to.
 *
 * @throws {MigrationError} `DNS_CONFLICT` for a zone whose records are in none of the states we made: somebody else's
 * edit stays. The other zones have been put back by then.
 */
export async function restoreRecords(
  { clients, batches, clock }: RestoreRecordsOptions,
  signal: AbortSignal,
): Promise<readonly AppliedChange[]> {
  const applied: AppliedChange[] = [];
  const conflicts: MigrationError[] = [];
  for (const zoneId of new Set(batches.map((batch) => batch.zoneId))) {
    try {
      const ofZone = batches.filter((batch) => batch.zoneId === zoneId);
      applied.push(await restoreZone({ clients, batches: ofZone, ...(clock === undefined ? {} : { clock }) }, signal));
    } catch (error) {
      if (!MigrationError.is(error, 'DNS_CONFLICT')) throw error;
      conflicts.push(error);
    }
  }
  const [conflict] = conflicts;
  if (conflict !== undefined) throw conflict;
  return applied;
}

async function restoreZone(
  { clients, batches, clock }: RestoreRecordsOptions,
  signal: AbortSignal,
): Promise<AppliedChange> {
  const { zoneId = '', zoneName = '' } = batches[0] ?? {};
  const { original, states } = statesOf(batches);
  const seen = await readTouched(clients, batches, signal);
  if (isSameState(seen, original)) return { zoneId, alreadyApplied: true };
  const current = states.find((state) => isSameState(seen, state));
  if (current === undefined)
    throw dnsConflict({ zoneId, zoneName, before: states.at(-1) ?? [], after: original }, seen);
  const batch = { zoneId, zoneName, before: current, after: original };
  return applyRecordChanges(
    { clients, batch, comment: 'convox-gen2: as before', ...(clock === undefined ? {} : { clock }) },
    signal,
  );
}

/** The touched records as they were before the first of these batches of one zone. */
export function originalRecords(batches: readonly RecordBatch[]): readonly RawRecordSet[] {
  return statesOf(batches).original;
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
