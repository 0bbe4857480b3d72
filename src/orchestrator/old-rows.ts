/**
 * The builds and releases a deleted app leaves behind. Their rows are keyed by its name, and their clean-up runs on in one
 * API process after the stack is gone (convox/rack@20171213132441 provider/aws/apps.go `cleanup`): whatever is made under
 * that name meanwhile may be cleaned up with them.
 */
import type { StepContext } from './step.ts';

const MINUTE = 60_000;
/**
 * The lists must be and stay without old rows for this long. The clean-up begins with the DELETE, minutes before the stack
 * is gone, and deletes row by row what it lists: once no old row is listed, nothing is left for it. Each reading may be a
 * moment old.
 */
const SETTLE_MS = 15_000;
/**
 * Rows that are still there after this long stay: that process has ended, or the bucket held more than a page of versions
 * (`cleanup` gives up then). It watches the deletion itself for ten minutes.
 */
const CLEANUP_TIMEOUT_MS = 12 * MINUTE;
/** More than any rack lists by default. */
const LISTED = 100;
/** The steps that record them: the one that deletes, or the one that makes the old app again, before it has rows itself. */
const RECORDING_STEPS = ['delete-old-app', 'create-old-app'] as const;

/** Writes down which rows are the old app's: before it is deleted, or before another of that name has any. */
export async function recordRows(context: StepContext, app: string, signal: AbortSignal): Promise<void> {
  await context.once('rows', () => rowsOf(context, app, signal));
}

/** Ids of an app's newest builds and releases. */
async function rowsOf({ ports: { rack } }: StepContext, app: string, signal: AbortSignal): Promise<readonly string[]> {
  const query = { limit: LISTED };
  const [builds, releases] = await Promise.all([
    rack.builds.list(app, query, signal),
    rack.releases.list(app, query, signal),
  ]);
  return [...builds, ...releases].map(({ id }) => id);
}

/** The old app's rows as they were before it was deleted. */
export function oldRows(context: StepContext): ReadonlySet<string> {
  // Recorded by `recordRows`, gone through JSON.
  const recorded = RECORDING_STEPS.map((step) => context.recorded('rows', step) as readonly string[] | undefined);
  return new Set(recorded.flatMap((rows) => rows ?? []));
}

/**
 * Waits until the old app's rows are gone and stay so, or will stay for ever. Gives how many stay. Rows that are not the
 * old app's are the new one's own, made before the end of the record was lost.
 */
export function waitForCleanUp(context: StepContext, app: string, signal: AbortSignal): Promise<number> {
  const { clock } = context.ports;
  const old = oldRows(context);
  const since = clock.monotonic();
  let goneSince: number | undefined;
  return context.wait<number>(
    async () => {
      const rows = await rowsOf(context, app, signal);
      // Without a record of the old app's rows any row may be one.
      const left = old.size === 0 ? rows : rows.filter((id) => old.has(id));
      if (left.length > 0) goneSince = undefined;
      else goneSince ??= clock.monotonic();
      if (goneSince !== undefined && clock.monotonic() - goneSince >= SETTLE_MS) return { state: 'ready', value: 0 };
      const isOver = old.size > 0 && clock.monotonic() - since >= CLEANUP_TIMEOUT_MS;
      if (left.length > 0 && isOver) return { state: 'ready', value: left.length };
      const saw = left.length > 0 ? `${left.length} rows of the old app are still there` : 'gone, settling';
      return { state: 'pending', saw };
    },
    { what: `rows of the old ${app} to be cleaned up`, timeoutMs: CLEANUP_TIMEOUT_MS + 3 * MINUTE, intervalMs: 2000 },
    signal,
  );
}
