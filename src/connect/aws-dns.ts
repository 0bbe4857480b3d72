import { applyRecordChanges } from '../aws/dns/apply.ts';
import { describeChanges, describeRecordSet } from '../aws/dns/describe-changes.ts';
import { planRecordChanges, sharesOnTheWay, type RecordPlan } from '../aws/dns/plan.ts';
import { askServers } from '../aws/dns/propagation.ts';
import { parseRecordBatches, type RecordBatch } from '../aws/dns/record-batch.ts';
import { readRecordSets, recordsPointingAt } from '../aws/dns/records.ts';
import { planRepoint } from '../aws/dns/repoint.ts';
import { restoreRecords } from '../aws/dns/restore.ts';
import { ALIAS_TTL_SECONDS, planTtl } from '../aws/dns/ttl.ts';
import { listZones, readZone, type HostedZone } from '../aws/dns/zones.ts';
import { isInSync } from '../aws/dns/in-sync.ts';
import { dnsName } from '../aws/dns/names.ts';
import { findOwnershipMarks } from '../aws/dns/ownership.ts';
import { MigrationError } from '../errors.ts';
import type { AwsPort, BalancerRole, DomainRecord, ReturnPlan, SwitchPlan } from '../orchestrator/ports.ts';
import type { AwsContext } from './aws-context.ts';

type DnsPort = Pick<
  AwsPort,
  'domainRecords' | 'planSwitch' | 'planReturn' | 'planTtl' | 'applyBatch' | 'restoreBatches' | 'isInSync' | 'behind'
>;

/** Zones, record sets and their way through the world's caches. */
export function dnsPort(context: AwsContext): DnsPort {
  const { clients, clock } = context;
  return {
    async domainRecords(balancers, _rack, signal) {
      const targets = balancers.map(({ dnsName: name }) => name);
      if (targets.length === 0) return [];
      const found = await recordsPointingAt({ clients, targets }, signal);
      return found.map(({ zone, record, target }): DomainRecord => ({
        ...{ name: record.name, type: record.type, zoneId: zone.id, zoneName: zone.name },
        view: zone.isPrivate ? 'private' : 'public',
        service: balancers.find((balancer) => balancer.dnsName === target)?.service ?? '',
        ttlSeconds: record.ttlSeconds ?? ALIAS_TTL_SECONDS,
        isAlias: record.alias !== undefined,
        says: describeRecordSet(record.raw),
      }));
    },

    planSwitch: (request, signal) => planSwitch(context, request, signal),

    planReturn: (request, signal) => planReturn(context, request, signal),

    async planTtl(wanted, signal) {
      const batches: RecordBatch[] = [];
      for (const [zone, records] of await byZone(context, wanted, ({ record }) => record.zoneId, signal)) {
        const present = await readRecordSets({ clients, zoneId: zone.id }, signal);
        const ttlOf = (name: string, type: string): number | undefined =>
          records.find(({ record }) => record.name === name && record.type === type)?.ttlSeconds;
        const batch = planTtl({
          zone,
          records: present,
          names: records.map(({ record }) => record.name),
          ttlSeconds: (record) => ttlOf(record.name, record.type) ?? record.ttlSeconds ?? ALIAS_TTL_SECONDS,
        });
        if (batch !== undefined) batches.push(batch);
      }
      return batches;
    },

    async applyBatch(batch, signal) {
      const { changeId } = await applyRecordChanges({ clients, clock, batch: asBatch(batch) }, signal);
      return { changeId };
    },

    async restoreBatches(batches, signal) {
      const zones = new Map<string, RecordBatch[]>();
      for (const batch of batches.map(asBatch)) zones.set(batch.zoneId, [...(zones.get(batch.zoneId) ?? []), batch]);
      const changes: string[] = [];
      for (const ofZone of zones.values()) {
        for (const chain of independentChains(ofZone)) {
          const applied = await restoreRecords({ clients, clock, batches: chain }, signal);
          changes.push(...applied.flatMap(({ changeId }) => (changeId === undefined ? [] : [changeId])));
        }
      }
      return changes;
    },

    isInSync: (changeId, signal) => isInSync({ clients, changeId }, signal),

    async behind({ record, balancer, servers }, signal) {
      // A private zone answers inside its VPC only; that Route 53 is in sync is all that can be seen from outside.
      if (record.view === 'private') return [];
      const asked = servers === 'resolvers' ? context.publicResolvers : await authoritative(context, record, signal);
      const { resolver, resolverFor } = context;
      const answers = await askServers(
        { name: record.name, balancerDnsName: balancer.dnsName, servers: asked, resolver, resolverFor },
        signal,
      );
      return answers.filter(({ agrees }) => !agrees).map(({ server, saw }) => `${server}: ${saw}`);
    },
  };
}

async function authoritative(
  { clients }: AwsContext,
  record: DomainRecord,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return (await readZone({ clients, zoneId: record.zoneId }, signal)).nameServers;
}

async function planSwitch(
  context: AwsContext,
  { records, from, targets, roleOf, stagePercents }: Parameters<AwsPort['planSwitch']>[0],
  signal: AbortSignal,
): Promise<SwitchPlan> {
  const plans: RecordPlan[] = [];
  const later: SwitchPlan['changes'][number][] = [];
  const marks: SwitchPlan['marks'][number][] = [];
  for (const [zone, ofZone] of await byZone(context, records, ({ zoneId }) => zoneId, signal)) {
    const present = await readRecordSets({ clients: context.clients, zoneId: zone.id }, signal);
    const names = [...new Set(ofZone.map(({ name }) => name))];
    marks.push(...findOwnershipMarks(present, names).map(({ name, says }) => ({ name, says })));
    for (const role of ['public', 'internal'] as const satisfies readonly BalancerRole[]) {
      const moving = ofZone.filter((record) => roleOf(record) === role);
      const to = targets[role];
      if (moving.length === 0) continue;
      if (to === undefined) {
        const after = `the rack's ${role} balancer, made by this migration`;
        later.push(...moving.map(({ name, type, says: before }) => ({ name, type, before, after })));
        continue;
      }
      const { dnsName: target, canonicalHostedZoneId } = to;
      plans.push(
        planRecordChanges({
          ...{ zone, records: present, stages: [...stagePercents] },
          names: [...new Set(moving.map(({ name }) => name))],
          from: from.map(({ dnsName: name }) => name),
          to: { dnsName: target, ...(canonicalHostedZoneId === undefined ? {} : { canonicalHostedZoneId }) },
        }),
      );
    }
  }
  const percents = plans.some(({ batches }) => batches.length > 0) ? [...sharesOnTheWay(stagePercents), 100] : [];
  return {
    stages: percents.map((_, at) => plans.flatMap(({ stages }) => stages[at] ?? [])),
    changes: [...plans.flatMap(({ batches }) => describeChanges(batches)), ...later],
    refused: plans.flatMap(({ refused }) => refused.map(({ name, reason }) => ({ name, reason }))),
    notices: plans.flatMap(({ notices }) => notices),
    marks,
  };
}

async function planReturn(
  { clients }: AwsContext,
  { batches, gone }: Parameters<AwsPort['planReturn']>[0],
  signal: AbortSignal,
): Promise<ReturnPlan> {
  const parsed = batches.map(asBatch);
  const found: RecordBatch[] = [];
  const notices: string[] = [];
  for (const zoneId of new Set(parsed.map((batch) => batch.zoneId))) {
    const { batch, lost } = await planRepoint(
      {
        clients,
        batches: parsed.filter((one) => one.zoneId === zoneId),
        replaced: new Map(
          gone.flatMap(({ before, now }) => (now === undefined ? [] : [[before.dnsName, now.dnsName]])),
        ),
        gone: gone.map(({ before }) => before.dnsName),
      },
      signal,
    );
    if (batch !== undefined) found.push(batch);
    notices.push(...lost.map((name) => `${name} led to a balancer that nothing has taken the place of`));
  }
  const turned = found.map((batch) => ({ ...batch, before: batch.after, after: batch.before }));
  return { batches: found, changes: turned.flatMap((batch) => describeChanges([batch])), notices };
}

async function byZone<T>(
  { clients }: AwsContext,
  items: readonly T[],
  zoneOf: (item: T) => string,
  signal: AbortSignal,
): Promise<readonly (readonly [HostedZone, readonly T[]])[]> {
  if (items.length === 0) return [];
  const zones = await listZones({ clients }, signal);
  return [...new Set(items.map(zoneOf))].map((id) => {
    const zone = zones.find((candidate) => candidate.id === id);
    if (zone === undefined) {
      throw new MigrationError('ZONE_NOT_FOUND', `hosted zone ${id} does not exist any more`, {
        hint: 'Plan again: the names it held are answered elsewhere now.',
      });
    }
    return [zone, items.filter((item) => zoneOf(item) === id)] as const;
  });
}

/** A batch read back from a journal. @throws {MigrationError} `JOURNAL_DAMAGED`. */
function asBatch(batch: unknown): RecordBatch {
  const [parsed] = parseRecordBatches([batch]);
  if (parsed === undefined) throw new MigrationError('JOURNAL_DAMAGED', 'a saved record change is missing');
  return parsed;
}

/** Batches of one zone that touch the same names follow on each other; others stand alone. */
function independentChains(batches: readonly RecordBatch[]): readonly (readonly RecordBatch[])[] {
  const chains: RecordBatch[][] = [];
  const namesOf = (chain: readonly RecordBatch[]): ReadonlySet<string> =>
    new Set(chain.flatMap(({ before, after }) => [...before, ...after]).map(({ Name }) => dnsName(Name)));
  for (const batch of batches) {
    const names = namesOf([batch]);
    const chain = chains.find((candidate) => [...namesOf(candidate)].some((name) => names.has(name)));
    if (chain === undefined) chains.push([batch]);
    else chain.push(batch);
  }
  return chains;
}
