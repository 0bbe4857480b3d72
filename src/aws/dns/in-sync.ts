import { GetChangeCommand } from '@aws-sdk/client-route-53';
import type { Clock } from '../../time/clock.ts';
import { DEFAULT_INTERVAL_MS, waitFor } from '../../time/wait.ts';
import { ask } from '../aws-error.ts';
import type { AwsClients } from '../clients.ts';

export interface WaitInSyncOptions {
  readonly clients: Pick<AwsClients, 'route53'>;
  readonly changeId: string;
  readonly clock: Clock;
  /** Default 10 minutes; normally 60 s are enough (Route 53 API reference, GetChange). */
  readonly timeoutMs?: number;
  /** Default 1500. */
  readonly intervalMs?: number;
  readonly onPending?: (saw: string, elapsedMs: number) => void;
}

/** The first of three waits: until all of Route 53's own servers have a change. */
export async function waitInSync(
  { clients, changeId, clock, timeoutMs = 600_000, intervalMs = DEFAULT_INTERVAL_MS, onPending }: WaitInSyncOptions,
  signal: AbortSignal,
): Promise<void> {
  await waitFor(
    async () => {
      const inSync = await isInSync({ clients, changeId }, signal);
      return inSync ? { state: 'ready', value: undefined } : { state: 'pending', saw: 'PENDING' };
    },
    {
      what: "Route 53's servers to have the change",
      clock,
      timeoutMs,
      intervalMs,
      hint: 'Route 53 is slower than usual; the change itself is made.',
      ...(onPending === undefined ? {} : { onPending }),
    },
    signal,
  );
}

/** True if all of Route 53's own servers have a change. */
export async function isInSync(
  { clients, changeId }: Pick<WaitInSyncOptions, 'clients' | 'changeId'>,
  signal: AbortSignal,
): Promise<boolean> {
  const answer = await ask(
    'read the state of a DNS change',
    'route53:GetChange',
    (options) => clients.route53.send(new GetChangeCommand({ Id: changeId }), options),
    signal,
  );
  return answer.ChangeInfo?.Status === 'INSYNC';
}

/** Route 53 writes ids as `/change/C…`. */
export function bareChangeId(id: string): string {
  return id.replace(/^\/change\//, '');
}
