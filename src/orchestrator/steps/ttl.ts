/**
 * The TTL of the names that move: lowered early, so that caches forget the old answers while the new app is being made;
 * waited out before the records are switched; put back when the old app can no longer be returned to.
 */
import type { DomainRecord, RecordBatch } from '../ports.ts';
import { restore, submitBatches, waitForBatches } from '../record-changes.ts';
import { alreadyDone, toDo, type Step } from '../step.ts';

const MINUTE = 60_000;
/** TTL while names move: alias records to balancers have 60 s and cannot have less (Route 53 developer guide). */
export const LOW_TTL_SECONDS = 60;
/** Added to every TTL that is waited out: clocks and caches round. */
export const TTL_MARGIN_MS = 5_000;

function withHighTtl(records: readonly DomainRecord[]): readonly DomainRecord[] {
  return records.filter(({ isAlias, ttlSeconds }) => !isAlias && ttlSeconds > LOW_TTL_SECONDS);
}

function named(records: readonly DomainRecord[]): string {
  return records.map(({ name, ttlSeconds }) => `${name} (${ttlSeconds} s)`).join(', ');
}

/** Done before anything else: its time passes while the new app is made. Taken back by a rollback too. */
export const lowerTtl: Step = {
  id: 'lower-ttl',
  phase: 'prepare',
  isUndoneByRollback: true,
  title: 'Lower the TTL',
  expectedMs: 5_000,
  plan({ facts }) {
    const high = withHighTtl(facts.records);
    if (high.length === 0) return alreadyDone('no record has a TTL above 60 s');
    return toDo(
      `lower the TTL of ${named(high)} to ${LOW_TTL_SECONDS} s, so that the move is quick; put back at the end`,
    );
  },
  async run(context, signal) {
    const high = withHighTtl(context.facts.records);
    const batches = await context.once('batches', () =>
      context.ports.aws.planTtl(
        high.map((record) => ({ record, ttlSeconds: LOW_TTL_SECONDS })),
        signal,
      ),
    );
    await submitBatches(context, 'lower', batches, signal);
    return `TTL of ${high.map(({ name }) => name).join(', ')} is ${LOW_TTL_SECONDS} s`;
  },
  async undo(context, signal) {
    // Recorded before the first change, gone through JSON.
    const batches = context.recorded('batches') as readonly RecordBatch[] | undefined;
    if (batches !== undefined) await restore(context, batches, signal);
  },
};

/** From here on no server gives the old TTL any more: the old answers' time begins to run out. */
export const confirmLowTtl: Step = {
  id: 'confirm-low-ttl',
  phase: 'prepare',
  title: 'Confirm the lower TTL',
  expectedMs: MINUTE,
  plan: ({ facts }) =>
    withHighTtl(facts.records).length === 0
      ? alreadyDone('no TTL was lowered')
      : toDo('wait until every server of the zones gives the lower TTL'),
  async run(context, signal) {
    // Recorded by `lowerTtl`, gone through JSON.
    const batches = (context.recorded('batches', lowerTtl.id) ?? []) as readonly RecordBatch[];
    await waitForBatches(context, { name: 'lower', batches, step: lowerTtl.id }, signal);
    await context.once('since', () => Promise.resolve(context.ports.clock.now()));
    return 'every server gives the lower TTL';
  },
};

/** What is left of the old TTL. */
export const awaitOldTtl: Step = {
  id: 'await-old-ttl',
  phase: 'cutover',
  title: 'Wait the old TTL out',
  expectedMs: MINUTE,
  plan: ({ facts }) =>
    withHighTtl(facts.records).length === 0
      ? alreadyDone('no TTL was lowered')
      : toDo(`wait until no cache holds an answer with the old TTL: ${named(withHighTtl(facts.records))}`),
  async run(context) {
    const longestMs = 1000 * Math.max(0, ...withHighTtl(context.facts.records).map(({ ttlSeconds }) => ttlSeconds));
    const since = context.recorded('since', confirmLowTtl.id);
    const { clock } = context.ports;
    const leftMs = await context.once('left', () => {
      const passedMs = typeof since === 'number' ? clock.now() - since : 0;
      return Promise.resolve(Math.max(0, longestMs + TTL_MARGIN_MS - passedMs));
    });
    if (leftMs > 0) await context.sleep('old-ttl', leftMs, 'caches to drop answers with the old TTL');
    return 'no cache holds an answer with the old TTL';
  },
};

/** Gives the names the TTL they had before the migration: the old app is going, nobody returns to it. */
export const restoreTtl: Step = {
  id: 'restore-ttl',
  phase: 'commit',
  title: 'Put the TTL back',
  expectedMs: 5_000,
  plan({ facts }) {
    const lowered = withHighTtl(facts.records);
    if (lowered.length === 0) return alreadyDone('no TTL was lowered');
    return toDo(`give ${lowered.map(({ name, ttlSeconds }) => `${name} ${ttlSeconds} s`).join(', ')} again`);
  },
  async run(context, signal) {
    const wanted = withHighTtl(context.facts.records).map((record) => ({ record, ttlSeconds: record.ttlSeconds }));
    const batches = await context.once('batches', () => context.ports.aws.planTtl(wanted, signal));
    // Nothing that follows depends on it, so nothing waits for the zone's servers.
    await submitBatches(context, 'restore', batches, signal);
    return `TTL put back for ${wanted.map(({ record }) => record.name).join(', ')}`;
  },
};
