import type { Ports } from '../orchestrator/ports.ts';
import { waitFor } from '../time/wait.ts';

/** Route 53 says changes reach all its servers within 60 seconds; a busy day may take longer. */
const SYNC_TIMEOUT_MS = 10 * 60_000;

/** Waits until every server of Route 53 has these changes. */
export async function waitForSync(
  { aws, clock }: Pick<Ports, 'aws' | 'clock'>,
  changeIds: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const changeId of changeIds) {
    await waitFor(
      async () =>
        (await aws.isInSync(changeId, signal))
          ? { state: 'ready', value: undefined }
          : { state: 'pending', saw: 'Route 53 still distributes it' },
      { what: `change ${changeId} to be in sync`, clock, timeoutMs: SYNC_TIMEOUT_MS, intervalMs: 3_000 },
      signal,
    );
  }
}
