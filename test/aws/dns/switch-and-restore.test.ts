import { ChangeResourceRecordSetsCommand } from '@aws-sdk/client-route-53';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwsClients, type AwsClients } from '../../../src/aws/clients.ts';
import { applyRecordChanges } from '../../../src/aws/dns/apply.ts';
import { bareChangeId } from '../../../src/aws/dns/in-sync.ts';
import { planRecordChanges, type RecordPlan } from '../../../src/aws/dns/plan.ts';
import { parseRecordBatches } from '../../../src/aws/dns/record-batch.ts';
import { rawToSdk, type RawRecordSet } from '../../../src/aws/dns/record-set.ts';
import { readRecordSets } from '../../../src/aws/dns/records.ts';
import { restoreRecords } from '../../../src/aws/dns/restore.ts';
import type { HostedZone } from '../../../src/aws/dns/zones.ts';
import { TokenBucket } from '../../../src/aws/token-bucket.ts';
import { MigrationError } from '../../../src/errors.ts';
import { startAwsEndpoint, type AwsEndpoint } from '../../../src/sandbox/aws/endpoint.ts';
import type { RecordSet } from '../../../src/sandbox/model/dns.ts';
import { makeAwsWorld } from '../../sandbox/aws/aws-world.ts';
import { randomRecords, type Balancers } from '../support/random-zones.ts';
import { signal } from '../support/signal.ts';

// Fast enough that five requests a second are never the limit here.
const { world } = makeAwsWorld({ scale: 10_000 });
const ZONE = 'example.com';
let endpoint: AwsEndpoint;
let clients: AwsClients;
let balancers: Balancers;
let router: string;

beforeAll(async () => {
  endpoint = await startAwsEndpoint(world);
  const { accessKeyId, secretAccessKey, region } = world.settings;
  clients = createAwsClients({
    region,
    endpoint: endpoint.url,
    credentials: { accessKeyId, secretAccessKey },
    dnsLimit: new TokenBucket({ perSecond: 1e6, burst: 1e6 }),
  });
  const create = (name: string, scheme: 'internet-facing' | 'internal'): string =>
    world.balancing.createLoadBalancer({ name, scheme }).dnsName;
  balancers = {
    old: create('shop-web-1A2B3C4', 'internet-facing'),
    oldInternal: create('shop-api-9Z8Y7X6-i', 'internal'),
    elsewhere: create('blog-web-7777777', 'internet-facing'),
  };
  router = create('convo-Route-UACTD9OG6B40', 'internet-facing');
});

afterAll(async () => {
  clients.destroy();
  await endpoint.close();
  world.clock.close();
});

/** A new zone that holds these records, known to all its servers. */
async function makeZone(records: readonly RawRecordSet[], isPrivate: boolean): Promise<HostedZone> {
  const { id } = world.route53.createZone({ name: ZONE, isPrivate, vpcIds: isPrivate ? ['vpc-1'] : [] });
  const Changes = records.map((raw) => ({ Action: 'CREATE' as const, ResourceRecordSet: rawToSdk(raw) }));
  const command = new ChangeResourceRecordSetsCommand({ HostedZoneId: id, ChangeBatch: { Changes } });
  const seeded = world.route53.changes.get(bareChangeId((await clients.route53.send(command)).ChangeInfo!.Id!));
  while (seeded!.status === 'PENDING') await world.clock.delay(5000);
  return { id, name: ZONE, isPrivate, recordCount: 0 };
}

/** All a zone holds, to the letter. */
function contentOf({ id }: HostedZone): string {
  return JSON.stringify(world.route53.zones.get(id)!.recordSets);
}

async function planFor(
  zone: HostedZone,
  stages: readonly number[],
  cnameBecomes: 'cname' | 'alias',
): Promise<RecordPlan> {
  const records = await readRecordSets({ clients, zoneId: zone.id }, signal);
  const from = [balancers.old, balancers.oldInternal];
  return planRecordChanges({ zone, records, from, to: { dnsName: router }, stages, cnameBecomes });
}

/** The names and kinds of sets that answer for addresses, whatever with. */
function answering(sets: readonly RecordSet[]): string {
  const leading = sets.filter(({ type }) => type === 'A' || type === 'CNAME');
  return [...new Set(leading.map(({ name }) => name))].toSorted().join();
}

/** What the API shows and each of the zone's servers, some of which have a change later than others. */
function answersNow(zoneId: string): readonly string[] {
  const { recordSets, nameServers } = world.route53.zones.get(zoneId)!;
  const served = (nameServers.length === 0 ? [undefined] : nameServers).map((server) =>
    world.route53.servedBy(zoneId, server),
  );
  return [recordSets, ...served].map(answering);
}

const choices = () =>
  fc.record({
    records: randomRecords(ZONE, balancers),
    isPrivate: fc.boolean(),
    stages: fc.constantFrom([], [50], [10, 50]),
    cnameBecomes: fc.constantFrom('cname' as const, 'alias' as const),
  });

describe('a switch of random zones', () => {
  it('and its restoring leave every zone byte-equal, and every name answered all the time', async () => {
    await fc.assert(
      fc.asyncProperty(choices(), fc.nat(), async ({ records, isPrivate, stages, cnameBecomes }, stop) => {
        const zone = await makeZone(records, isPrivate);
        const before = contentOf(zone);
        const names = answering(world.route53.zones.get(zone.id)!.recordSets);

        const { batches } = await planFor(zone, stages, cnameBecomes);
        const applied = batches.length === 0 ? 0 : stop % (batches.length + 1);
        for (const batch of batches.slice(0, applied)) {
          await applyRecordChanges({ clients, batch }, signal);
          for (const answer of answersNow(zone.id)) expect(answer).toBe(names);
        }
        const moved = contentOf(zone);
        // From the journal alone: JSON, and nothing else.
        const saved = parseRecordBatches(JSON.parse(JSON.stringify(batches)));
        await restoreRecords({ clients, batches: saved }, signal);

        expect(contentOf(zone)).toBe(before);
        if (applied > 0) expect(moved).not.toBe(before);
        if (applied === batches.length) expect(pointsAtOld(moved, records)).toBe(0);
      }),
      { numRuns: 200 },
    );
  }, 300_000);

  it('never overwrites what somebody else writes at any moment between', async () => {
    let overwritten = 0;
    await fc.assert(
      fc.asyncProperty(
        choices(),
        fc.nat(30),
        fc.nat(),
        async ({ records, isPrivate, stages, cnameBecomes }, at, which) => {
          const zone = await makeZone(records, isPrivate);
          const { batches } = await planFor(zone, stages, cnameBecomes);
          fc.pre(batches.length > 0);
          const foreign = foreignEdit(zone.id, batches[0]!.before, which, at);

          try {
            for (const batch of batches) await applyRecordChanges({ clients, batch }, signal);
            await restoreRecords({ clients, batches }, signal);
          } catch (error) {
            if (!MigrationError.is(error, 'DNS_CONFLICT', 'DNS_REFUSED')) throw error;
          } finally {
            foreign.stop();
          }

          const content = contentOf(zone);
          const written = foreign.written();
          if (written === undefined) return;
          overwritten += 1;
          expect(content).toContain(`"${written}"`);
        },
      ),
      { numRuns: 100 },
    );
    // Proves that the foreign edits came: nearly all runs are long enough.
    expect(overwritten).toBeGreaterThan(20);
  }, 300_000);
});

describe('a switch on a bad line', () => {
  it('ends as planned, and byte-equal when put back, however many answers are lost', async () => {
    let lost = 0;
    const faults = fc.array(fc.constantFrom('done', 'undone', 'none'), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(choices(), faults, async ({ records, isPrivate, stages, cnameBecomes }, plannedFaults) => {
        const zone = await makeZone(records, isPrivate);
        const before = contentOf(zone);
        const { batches } = await planFor(zone, stages, cnameBecomes);
        const queue = [...plannedFaults];
        let running = 0;
        const stop = world.faults.add(({ mutates }) => {
          if (!mutates) return undefined;
          const fault = queue.shift();
          // Not more often in a row than we try.
          running = fault === 'undone' ? running + 1 : 0;
          if (fault === undefined || fault === 'none' || running > 2) return undefined;
          lost += 1;
          return { type: 'reset', applied: fault === 'done' };
        });

        try {
          const options = { clients, clock: world.clock };
          for (const batch of batches) await applyRecordChanges({ ...options, batch }, signal);
          if (batches.length > 0) expect(contentOf(zone)).not.toBe(before);
          await restoreRecords({ ...options, batches }, signal);
        } finally {
          stop();
        }

        expect(contentOf(zone)).toBe(before);
      }),
      { numRuns: 50 },
    );
    expect(lost).toBeGreaterThan(20);
  }, 300_000);
});

/** How many sets that can be moved still name an old balancer. */
function pointsAtOld(content: string, records: readonly RawRecordSet[]): number {
  const hasRefused = records.some(
    ({ MultiValueAnswer, Failover, AliasTarget }) => MultiValueAnswer ?? (Failover && AliasTarget),
  );
  if (hasRefused) return 0;
  const lower = content.toLowerCase();
  return [balancers.old, balancers.oldInternal].filter((name) => lower.includes(name.toLowerCase())).length;
}

/** Before the `at`-th request from now, gives one of the records another content, as somebody else would. */
function foreignEdit(zoneId: string, touched: readonly RawRecordSet[], which: number, at: number) {
  const victim = touched[which % touched.length]!;
  const marker = `foreign-${zoneId.toLowerCase()}.example.net`;
  let requests = 0;
  let written: string | undefined;
  const stop = world.faults.add(() => {
    requests += 1;
    if (requests !== at + 1) return undefined;
    const sets = world.route53.zones.get(zoneId)!.recordSets;
    const name = sets.find((set) => set.name === victim.Name.toLowerCase() && set.type !== 'TXT')?.name;
    const present = sets.filter((set) => set.name === name && ['A', 'AAAA', 'CNAME'].includes(set.type));
    const isApex = victim.Name.toLowerCase() === `${ZONE}.`;
    // An apex takes no CNAME: there a TXT value beside fixed addresses carries the mark.
    const replacement: RecordSet[] = isApex
      ? [{ name: victim.Name, type: 'A', ttl: 60, values: ['203.0.113.99'] }]
      : [{ name: victim.Name, type: 'CNAME', ttl: 60, values: [marker] }];
    try {
      world.route53.change(zoneId, [
        ...present.map((recordSet) => ({ action: 'DELETE' as const, recordSet })),
        ...replacement.map((recordSet) => ({ action: 'CREATE' as const, recordSet })),
      ]);
      written = isApex ? '203.0.113.99' : marker;
    } catch {
      // Other records of the name keep it from being one: then nobody has written anything.
    }
    return undefined;
  });
  return { stop, written: () => written };
}
