import { MigrationError } from '../../../errors.ts';
import { systemClock } from '../../../time/clock.ts';
import type { Execution } from '../../engine.ts';
import type { Outcome } from '../../events.ts';
import type { RecordedExecution } from '../recorded-execution.ts';
import type { Database } from './database.ts';
import type { Lease } from './lease.ts';
import type { Desk, Host, Runtime } from './runtime.ts';
import type { SharedRuntime } from './shared-runtime.ts';

/** Outcomes after which nothing can follow: the workflow is complete. After others DBOS only parks it. */
const FINAL: readonly (Outcome | undefined)[] = ['succeeded', 'aborted', 'failed'];
/** How long DBOS may take to begin a workflow here; it looks into the queue every 250 ms. Real ms. */
const OPEN_LIMIT_MS = 60_000;
/** How long letting go may take when the database does not answer; the lease then ends by itself. Real ms. */
const RELEASE_LIMIT_MS = 10_000;

export function isFinal(outcome: Outcome | undefined): boolean {
  return FINAL.includes(outcome);
}

export interface Holding {
  readonly workflow: string;
  readonly database: Database;
  readonly lease: Lease;
  readonly shared: SharedRuntime;
  readonly open: (desk: Desk, onRelease: () => Promise<void>) => Promise<RecordedExecution>;
}

/**
 * Has the workflow of an execution run in this process and gives the execution to the caller, who drives it: the
 * workflow goes on until it is released. Takes over the lease, whatever happens.
 */
export async function holdExecution(
  { workflow, database, lease, shared, open }: Holding,
  start: (runtime: Runtime, host: Host) => Promise<void>,
): Promise<Execution> {
  let held: RecordedExecution | undefined;
  let end: (outcome: string | undefined) => void = () => undefined;
  const ended = new Promise<string | undefined>((resolve) => (end = resolve));
  let released: Promise<void> | undefined;
  const letGo = async (): Promise<void> => {
    await within(RELEASE_LIMIT_MS, settle({ workflow, database, lease, outcome: held?.outcome, end }));
    await within(RELEASE_LIMIT_MS, lease.release());
    await shared.leave();
  };
  const release = (): Promise<void> => (released ??= letGo());
  const runtime = await shared.enter().catch(async (error: unknown) => {
    await lease.release();
    throw error;
  });
  const opened = new AbortController();
  try {
    held = await new Promise<RecordedExecution>((resolve, reject) => {
      const host: Host = async (openDesk) => {
        await openDesk()
          .then((desk) => open(desk, release))
          .then(resolve, reject);
        return ended;
      };
      start(runtime, host).catch(reject);
      lease.lost.addEventListener('abort', () => reject(lease.lost.reason as Error), { once: true });
      void systemClock.sleep(OPEN_LIMIT_MS, opened.signal).then(
        () => reject(notBegun(workflow)),
        () => undefined,
      );
    });
    return held;
  } catch (error) {
    await release();
    throw error;
  } finally {
    opened.abort();
  }
}

/** Completes the workflow, or parks it so that whoever resumes it can have it. Another process's is left alone. */
async function settle({
  workflow,
  database,
  lease,
  outcome,
  end,
}: {
  readonly workflow: string;
  readonly database: Database;
  readonly lease: Lease;
  readonly outcome: Outcome | undefined;
  readonly end: (outcome: string | undefined) => void;
}): Promise<void> {
  const isOurs = !lease.lost.aborted;
  if (isOurs && !isFinal(outcome)) await database.client.cancelWorkflow(workflow);
  end(outcome);
  if (isOurs && isFinal(outcome))
    await database.client.retrieveWorkflow(workflow).getResult({ pollingIntervalMs: 100 });
}

/** Waits for `done` at most so long; it may fail: what is not let go of ends with its lease. */
async function within(ms: number, done: Promise<unknown>): Promise<void> {
  const stop = new AbortController();
  const settled = done.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, systemClock.sleep(ms, stop.signal).catch(() => undefined)]);
  stop.abort();
}

function notBegun(workflow: string): MigrationError {
  return new MigrationError('TIMED_OUT', `execution ${workflow} did not begin in this process within a minute`, {
    hint: 'The database may be overloaded. Run the same command again.',
  });
}
