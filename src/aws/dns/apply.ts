import { ChangeResourceRecordSetsCommand } from '@aws-sdk/client-route-53';
import { MigrationError, throwIfStopped } from '../../errors.ts';
import { systemClock, type Clock } from '../../time/clock.ts';
import { awsError, isUnclearOutcome } from '../aws-error.ts';
import { sendWrite } from '../client-middleware.ts';
import type { AwsClients } from '../clients.ts';
import { bareChangeId } from './in-sync.ts';
import { dnsName } from './names.ts';
import { isSameState, recordChanges, type RecordBatch } from './record-batch.ts';
import { rawToSdk, type RawRecordSet } from './record-set.ts';
import { readRecordSets } from './records.ts';

type Clients = Pick<AwsClients, 'route53'>;

export interface ApplyRecordChangesOptions {
  readonly clients: Clients;
  readonly batch: RecordBatch;
  /** Shown with the change in Route 53; default names this tool. */
  readonly comment?: string;
  /** For the pause after an unclear outcome; default: the machine's. */
  readonly clock?: Clock;
}

export interface AppliedChange {
  readonly zoneId: string;
  /** To wait for with `waitInSync`; absent when the records were found as wanted already. */
  readonly changeId?: string;
  readonly alreadyApplied: boolean;
}

/** Limit of one request (Route 53 developer guide, quotas). */
const MAX_CHANGES = 1000;
const MAX_TRIES = 4;
const PAUSE_AFTER_UNCLEAR_MS = 2000;
/** Up to so many names are read one by one; more cost fewer requests as a whole zone, 300 sets a page. */
const NAMES_READ_ALONE = 4;

/**
 * Carries out one batch, all or nothing, if the records are still as planned; does nothing if they are already as
 * wanted, so it may run again after a crash.
 *
 * @throws {MigrationError} `DNS_CONFLICT` if somebody else changed the records (nothing is overwritten), `DNS_REFUSED`
 * with Route 53's own reasons.
 */
export async function applyRecordChanges(
  { clients, batch, comment = 'convox-gen2', clock = systemClock }: ApplyRecordChangesOptions,
  signal: AbortSignal,
): Promise<AppliedChange> {
  const { zoneId, zoneName } = batch;
  const what = `change records of zone ${zoneName}`;
  const changes = recordChanges(batch);
  if (changes.length === 0) return { zoneId, alreadyApplied: true };
  if (changes.length > MAX_CHANGES) {
    throw new MigrationError(
      'DNS_REFUSED',
      `${what}: ${changes.length} changes, Route 53 takes ${MAX_CHANGES} at once`,
      {
        hint: 'Move fewer names at a time.',
      },
    );
  }
  for (let tries = 1; ; tries += 1) {
    if (await isApplied(clients, batch, signal)) return { zoneId, alreadyApplied: true };
    // Made anew for each try: a command keeps what was hung on it.
    const command = new ChangeResourceRecordSetsCommand({
      HostedZoneId: zoneId,
      ChangeBatch: {
        Comment: comment,
        Changes: changes.map(({ action, record }) => ({ Action: action, ResourceRecordSet: rawToSdk(record) })),
      },
    });
    try {
      const answer = await sendWrite(command, () => clients.route53.send(command, { abortSignal: signal }));
      const id = answer.ChangeInfo?.Id;
      return { zoneId, ...(id === undefined ? {} : { changeId: bareChangeId(id) }), alreadyApplied: false };
    } catch (error) {
      throwIfStopped(signal, what);
      const failure = awsError(what, 'route53:ChangeResourceRecordSets', error, signal);
      const messages = refusalMessages(error);
      if (messages !== undefined) {
        // The exact DELETE met something else: either ours, done by a request whose answer was lost, or a foreign edit.
        if (await isApplied(clients, batch, signal)) return { zoneId, alreadyApplied: true };
        throw refused(batch, messages);
      }
      if (!isUnclearOutcome(error) || tries >= MAX_TRIES) throw failure;
      await clock.sleep(PAUSE_AFTER_UNCLEAR_MS, signal).catch(() => {
        throwIfStopped(signal, what);
      });
    }
  }
}

/** True if the records are as wanted, false if as planned. @throws {MigrationError} `DNS_CONFLICT` if neither. */
async function isApplied(clients: Clients, batch: RecordBatch, signal: AbortSignal): Promise<boolean> {
  const seen = await readTouched(clients, [batch], signal);
  if (isSameState(seen, batch.after)) return true;
  if (isSameState(seen, batch.before)) return false;
  throw dnsConflict(batch, seen);
}

/** The sets that stand, as they are now, exactly where the batches touch something. */
export async function readTouched(
  clients: Clients,
  batches: readonly RecordBatch[],
  signal: AbortSignal,
): Promise<readonly RawRecordSet[]> {
  const touched = new Set(batches.flatMap(({ before, after }) => [...before, ...after]).map(placeOf));
  const names = [...new Set([...touched].map((place) => place.split(' ')[0] ?? ''))];
  const zoneId = batches[0]?.zoneId ?? '';
  const lists =
    names.length > NAMES_READ_ALONE
      ? [await readRecordSets({ clients, zoneId }, signal)]
      : await Promise.all(names.map((name) => readRecordSets({ clients, zoneId, name }, signal)));
  return lists
    .flat()
    .map(({ raw }) => raw)
    .filter((raw) => touched.has(placeOf(raw)));
}

/** Where a set stands: what others keep at another type of the name, or as another of several sets, is not our concern. */
function placeOf({ Name, Type, SetIdentifier = '' }: RawRecordSet): string {
  return `${dnsName(Name)} ${Type} ${SetIdentifier}`;
}

/** The error for records that are neither as they were planned nor as they shall be. */
export function dnsConflict(batch: RecordBatch, seen: readonly RawRecordSet[]): MigrationError {
  const names = [...new Set([...batch.before, ...batch.after].map(({ Name }) => dnsName(Name)))];
  return new MigrationError(
    'DNS_CONFLICT',
    `zone ${batch.zoneName}: somebody else changed the records of ${names.join(', ')}; they are left alone`,
    {
      hint: 'Find out who did (external-dns, Terraform, a colleague), then plan again from the records as they are now.',
      details: { zoneId: batch.zoneId, planned: batch.before, wanted: batch.after, seen },
    },
  );
}

function refused(batch: RecordBatch, messages: readonly string[]): MigrationError {
  return new MigrationError(
    'DNS_REFUSED',
    `zone ${batch.zoneName}: Route 53 refuses the change: ${messages.join('; ')}`,
    {
      hint: 'Nothing was changed: a batch is carried out whole or not at all.',
      details: { zoneId: batch.zoneId, messages, before: batch.before, after: batch.after },
    },
  );
}

/**
 * What Route 53 says of a batch it does not take; `undefined` for any other error. Two wire forms have been seen, of
 * which the SDK knows only the one with a code.
 */
function refusalMessages(error: unknown): readonly string[] | undefined {
  if (!(error instanceof Error)) return undefined;
  const bare: unknown = 'Messages' in error ? error.Messages : undefined;
  if (typeof bare === 'object' && bare !== null && 'Message' in bare) {
    const { Message: messages }: { Message: unknown } = bare;
    return (Array.isArray(messages) ? (messages as unknown[]) : [messages]).map(String);
  }
  return error.name === 'InvalidChangeBatch' ? [error.message.replace(/^\[|\]$/g, '')] : undefined;
}
