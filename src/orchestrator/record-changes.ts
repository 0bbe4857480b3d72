/** Changing record sets, each change written down with what it replaced before it is made. */
import { growingPace } from '../time/wait.ts';
import type { RecordBatch } from './ports.ts';
import type { StepContext } from './step.ts';

const MINUTE = 60_000;
/** Normally within 60 s (Route 53 API reference, GetChange). */
const IN_SYNC_TIMEOUT_MS = 15 * MINUTE;
const IN_SYNC_PACE = growingPace({ firstMs: 15_000, everyMs: 2_000 });

/**
 * Applies batches that are on the record already, and waits until all of Route 53's servers have them. `waits` may end
 * the waits earlier than `signal` the changes.
 */
export async function applyBatches(
  context: StepContext,
  name: string,
  batches: readonly RecordBatch[],
  signal: AbortSignal,
  waits: AbortSignal = signal,
): Promise<void> {
  await submitBatches(context, name, batches, signal);
  await waitForBatches(context, { name, batches }, waits);
}

/** Applies batches that are on the record already; Route 53's servers will have them in a while. */
export async function submitBatches(
  context: StepContext,
  name: string,
  batches: readonly RecordBatch[],
  signal: AbortSignal,
): Promise<void> {
  for (const [index, batch] of batches.entries()) {
    await context.once(`${name}-${index}`, async () => {
      const applied = await context.ports.aws.applyBatch(batch, signal);
      return { changeId: applied.changeId ?? null };
    });
  }
}

/** Waits until all of Route 53's servers have what was submitted under `name`, by this step or another one. */
export async function waitForBatches(
  context: StepContext,
  { name, batches, step }: { readonly name: string; readonly batches: readonly RecordBatch[]; readonly step?: string },
  signal: AbortSignal,
): Promise<void> {
  const changes = batches.flatMap((_, index) => {
    // Recorded by `submitBatches`, gone through JSON.
    const submitted = context.recorded(`${name}-${index}`, step) as { readonly changeId: string | null } | undefined;
    return typeof submitted?.changeId === 'string' ? [submitted.changeId] : [];
  });
  const zones = [...new Set(batches.map(({ zoneName }) => zoneName))];
  await waitInSync(context, changes, zones.join(', '), signal);
}

/** Puts back what the batches replaced, from the batches alone. */
export async function restore(
  context: StepContext,
  batches: readonly RecordBatch[],
  signal: AbortSignal,
): Promise<void> {
  const changes = await context.once('restore', () => context.ports.aws.restoreBatches(batches, signal));
  await waitInSync(context, changes, 'the restored records', signal);
}

async function waitInSync(
  context: StepContext,
  changes: readonly string[],
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const pending = [...changes];
  await context.wait(
    async () => {
      for (let change = pending[0]; change !== undefined; change = pending[0]) {
        if (!(await context.ports.aws.isInSync(change, signal))) return { state: 'pending', saw: 'PENDING' };
        pending.shift();
      }
      return { state: 'ready', value: undefined };
    },
    { what: `Route 53 to have ${what} in sync`, timeoutMs: IN_SYNC_TIMEOUT_MS, intervalMs: IN_SYNC_PACE },
    signal,
  );
}
