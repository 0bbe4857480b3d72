import { applyBatches } from '../record-changes.ts';
import { alreadyDone, toDo, type Step } from '../step.ts';
import { waitForTraffic } from './confirm-traffic.ts';

const MINUTE = 60_000;

export const confirmFinalTraffic: Step = {
  id: 'confirm-final-traffic',
  phase: 'commit',
  title: 'Confirm the traffic at the final app',
  expectedMs: 4 * MINUTE,
  plan: ({ facts }) => toDo(`wait until requests arrive at ${facts.app}`),
  run: (context, signal) => waitForTraffic(context, { app: context.facts.app, old: [] }, signal),
};

/** Gives the names the TTL they had before the migration. */
export const restoreTtl: Step = {
  id: 'restore-ttl',
  phase: 'commit',
  title: 'Put the TTL back',
  expectedMs: MINUTE,
  plan({ facts }) {
    const lowered = facts.records.filter(({ isAlias, ttlSeconds }) => !isAlias && ttlSeconds > 60);
    if (lowered.length === 0) return alreadyDone('no TTL was lowered');
    return toDo(`give ${lowered.map(({ name, ttlSeconds }) => `${name} ${ttlSeconds} s`).join(', ')} again`);
  },
  async run(context, signal) {
    const wanted = context.facts.records
      .filter(({ isAlias, ttlSeconds }) => !isAlias && ttlSeconds > 60)
      .map((record) => ({ record, ttlSeconds: record.ttlSeconds }));
    const batches = await context.once('batches', () => context.ports.aws.planTtl(wanted, signal));
    await applyBatches(context, 'restore', batches, signal);
    return `TTL put back for ${wanted.map(({ record }) => record.name).join(', ')}`;
  },
};
