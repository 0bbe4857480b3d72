import { assertNotDeployedSince } from '../deployed-since.ts';
import { alreadyDone, toDo, type Step, type StepContext } from '../step.ts';
import type { SwitchPlan } from '../ports.ts';
import { formatDuration } from '../../time/wait.ts';
import { longestDrainingMs } from '../draining.ts';
import { boundsOf, describeBounds } from '../traffic/bounds.ts';
import { guarded } from '../traffic/guard.ts';
import { currentBalancers } from '../verification.ts';
import { restore } from '../record-changes.ts';
import { DEFAULT_BAKE_MS, moveInStages } from './stage-moves.ts';
import { keepCountsOfReturn } from './traffic-record.ts';
import { LOW_TTL_SECONDS, TTL_MARGIN_MS } from './ttl.ts';
import { stayHealthy } from './verify-temporary-app.ts';

const MINUTE = 60_000;

/** Moves the names to the rack's balancers: one atomic batch a zone, built from the records as read. */
export const switchRecords: Step = {
  id: 'switch-records',
  phase: 'cutover',
  title: 'Switch the records',
  expectedMs: MINUTE,
  pausesItself: true,
  plan({ facts, settings }) {
    if (facts.records.length === 0) return alreadyDone('no record of this account points at the old app');
    const stages = settings.stagePercents ?? [];
    const bake = formatDuration(settings.bakeMs ?? DEFAULT_BAKE_MS);
    const how = stages.length === 0 ? 'at once' : `in stages of ${stages.join(' %, ')} %, ${bake} each`;
    const changes = facts.dns.changes.map(({ name, type, after }) => `${name} ${type} → ${after}`).join('; ');
    return toDo(`${changes}; ${how}; put back by itself on ${describeBounds(boundsOf(settings))}`);
  },
  async run(context, signal) {
    await context.once('began-at', () => Promise.resolve(context.ports.clock.now()));
    // Once records have moved, only the way back would help.
    if (context.recorded('plan') === undefined) await assertNotDeployedSince(context, 'no record is moved', signal);
    await stayHealthy(context, signal);
    const watch = { app: context.facts.temporaryApp, old: 'probed' } as const;
    const plan = await guarded(
      context,
      watch,
      async (guard) => {
        // Both sides are asked while the records are read.
        const baseline = guard.baseline();
        baseline.catch(() => undefined); // thrown where it is awaited
        const planned = await context.once('plan', () => planNow(context, signal));
        await context.once('baseline', () => baseline);
        await moveInStages(context, planned, guard, signal);
        return planned;
      },
      signal,
    );
    return plan.changes.map(({ name, type, after }) => `${name} ${type} → ${after}`).join('; ');
  },
  async undo(context, signal) {
    // Recorded before the first change, gone through JSON.
    const plan = context.recorded('plan') as SwitchPlan | undefined;
    if (plan === undefined) return;
    await restore(context, plan.stages.flat(), signal);
    // Until no cache leads to the new app any more, it must not go away.
    const longest = LOW_TTL_SECONDS * 1000 + TTL_MARGIN_MS + longestDrainingMs(context.facts);
    const what = 'caches to drop answers that lead to the new app, and its requests to finish';
    await context.sleep('new-ttl', longest, what);
    await keepCountsOfReturn(context, signal);
  },
};

async function planNow(context: StepContext, signal: AbortSignal): Promise<SwitchPlan> {
  const { facts, settings, ports } = context;
  const targets = await currentBalancers(context, signal);
  return ports.aws.planSwitch(
    {
      records: facts.records,
      from: facts.old.balancers,
      targets,
      roleOf: (record) => facts.services.find(({ name }) => name === record.service)?.role ?? 'public',
      stagePercents: settings.stagePercents ?? [],
    },
    signal,
  );
}

/** The zone's own servers, then resolvers, then the last TTL: three waits, not one. */
export const confirmPropagation: Step = {
  id: 'confirm-propagation',
  phase: 'cutover',
  title: 'Confirm the propagation',
  expectedMs: 2 * MINUTE,
  plan: ({ facts }) =>
    facts.records.length === 0
      ? alreadyDone('no record was switched')
      : toDo('ask every authoritative server and resolvers for each name, then wait the last TTL out'),
  pausesItself: true,
  async run(context, signal) {
    const watch = { app: context.facts.temporaryApp, old: 'probed' } as const;
    await guarded(context, watch, (guard) => waitForServers(context, guard.signal), signal);
    return `every server answers with the new balancers`;
  },
};

async function waitForServers(context: StepContext, signal: AbortSignal): Promise<void> {
  const { facts, ports } = context;
  const balancers = await currentBalancers(context, signal);
  // A name may have an A and an AAAA record; servers are asked once for a name, not once for a record.
  const names = new Map(facts.records.map((record) => [`${record.zoneId} ${record.name}`, record]));
  for (const servers of ['authoritative', 'resolvers'] as const) {
    // Once no server of the zones gives the old answer, what caches have of it runs out.
    if (servers === 'resolvers') await context.once('no-old-answers-since', () => Promise.resolve(ports.clock.now()));
    for (const record of names.values()) {
      const role = facts.services.find(({ name }) => name === record.service)?.role ?? 'public';
      const balancer = balancers[role];
      if (balancer === undefined) continue;
      await context.wait(
        async () => {
          const behind = await ports.aws.behind({ record, balancer, servers }, signal);
          return behind.length === 0
            ? { state: 'ready', value: undefined }
            : { state: 'pending', saw: `not yet: ${behind.join('; ')}` };
        },
        {
          what: `${servers} to answer ${record.name} with the new balancer`,
          timeoutMs: 20 * MINUTE,
          intervalMs: 5000,
        },
        signal,
      );
    }
  }
  const since = Number(context.recorded('no-old-answers-since'));
  const leftMs = await context.once('left', () =>
    Promise.resolve(Math.max(0, since + LOW_TTL_SECONDS * 1000 + TTL_MARGIN_MS - ports.clock.now())),
  );
  await context.sleep('last-ttl', leftMs, 'caches to drop the last old answer', signal);
}
