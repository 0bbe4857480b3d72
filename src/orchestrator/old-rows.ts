/**
 * The builds and releases a deleted app leaves behind. Their rows are keyed by its name, and their clean-up runs on in one
 * API process after the stack is gone (convox/rack@20171213132441 provider/aws/apps.go `cleanup`): whatever is made under
 * that name meanwhile may be cleaned up with them.
 */
import { MigrationError, throwIfStopped } from '../errors.ts';
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
/**
 * Each deletion that is asked for cleans up anew, also one whose rows went with an earlier try: it is given this long,
 * since there is nothing to see go.
 */
const CLEANUP_MS = MINUTE;
const LOOK_INTERVAL_MS = 10_000;
/** When the rows were first seen to be gone, as `watchCleanUp` records it. */
const GONE_AT = 'rows-gone-at';
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

/** Those of the old app's rows that are still listed; without a record of them any row may be one. */
async function rowsLeft(context: StepContext, app: string, signal: AbortSignal): Promise<readonly string[]> {
  const rows = await rowsOf(context, app, signal);
  const old = oldRows(context);
  return old.size === 0 ? rows : rows.filter((id) => old.has(id));
}

/**
 * Gives a look for while the old app's stack is being deleted, which takes longer than the clean-up as a rule: what has
 * been gone for a while by the time the app is made again need not be waited for then.
 */
export function watchCleanUp(context: StepContext, app: string, signal: AbortSignal): () => Promise<void> {
  const { clock } = context.ports;
  let lookedAt = clock.monotonic();
  let isGone = false;
  return async () => {
    if (isGone || clock.monotonic() - lookedAt < LOOK_INTERVAL_MS) return;
    lookedAt = clock.monotonic();
    try {
      isGone = (await rowsLeft(context, app, signal)).length === 0;
    } catch (error) {
      throwIfStopped(signal, `rows of ${app}`);
      if (!MigrationError.is(error)) throw error; // a rack that does not answer for an app that is going is asked later
    }
    if (isGone) await context.once(GONE_AT, () => Promise.resolve(clock.now()));
  };
}

/** When the old app's deletion was asked for the last time, ms since 1970; undefined if it never was, or is not known. */
function lastDeletion(context: StepContext): number | undefined {
  const asked = (turn: number): unknown => context.recorded(`delete-${turn}`, 'delete-old-app');
  let turn = 1;
  while (asked(turn + 1) !== undefined) turn += 1;
  // Recorded by `deleteApp`, gone through JSON; journals of earlier versions have `true` here.
  return (asked(turn) as { readonly askedAt?: number } | undefined)?.askedAt;
}

/**
 * Waits until the old app's rows are gone and stay so, or will stay for ever. Gives how many stay. Rows that are not the
 * old app's are the new one's own, made before the end of the record was lost.
 */
export function waitForCleanUp(context: StepContext, app: string, signal: AbortSignal): Promise<number> {
  const { clock } = context.ports;
  const old = oldRows(context);
  const since = clock.monotonic();
  const askedAt = lastDeletion(context) ?? Number.NEGATIVE_INFINITY;
  const cleanUpLeftMs = Math.min(CLEANUP_MS, askedAt + CLEANUP_MS - clock.now());
  const recordedAt = context.recorded(GONE_AT, 'delete-old-app');
  const seenGoneAt = typeof recordedAt === 'number' && recordedAt >= askedAt ? recordedAt : undefined;
  let goneBeforeMs = seenGoneAt === undefined ? 0 : Math.max(0, clock.now() - seenGoneAt);
  let goneSince: number | undefined;
  return context.wait<number>(
    async () => {
      const left = await rowsLeft(context, app, signal);
      if (left.length > 0) [goneSince, goneBeforeMs] = [undefined, 0];
      else goneSince ??= clock.monotonic();
      const isSettled = goneSince !== undefined && goneBeforeMs + clock.monotonic() - goneSince >= SETTLE_MS;
      if (isSettled && clock.monotonic() - since >= cleanUpLeftMs) return { state: 'ready', value: 0 };
      const isOver = old.size > 0 && clock.monotonic() - since >= CLEANUP_TIMEOUT_MS;
      if (left.length > 0 && isOver) return { state: 'ready', value: left.length };
      const saw = left.length > 0 ? `${left.length} rows of the old app are still there` : 'gone, settling';
      return { state: 'pending', saw };
    },
    { what: `rows of the old ${app} to be cleaned up`, timeoutMs: CLEANUP_TIMEOUT_MS + 3 * MINUTE, intervalMs: 4000 },
    signal,
  );
}
