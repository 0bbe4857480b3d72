import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAppBalancers, type AppBalancer } from '../../src/aws/app-balancers.ts';
import { findRackBalancers, getRackBalancer } from '../../src/aws/balancers.ts';
import { checkHealthPath } from '../../src/aws/check-health-path.ts';
import { createAwsClients, type AwsClients } from '../../src/aws/clients.ts';
import { applyRecordChanges } from '../../src/aws/dns/apply.ts';
import { chooseZones } from '../../src/aws/dns/choose-zones.ts';
import { waitInSync } from '../../src/aws/dns/in-sync.ts';
import { planRecordChanges } from '../../src/aws/dns/plan.ts';
import { askServers, findNameServers, waitForServers } from '../../src/aws/dns/propagation.ts';
import { readRecordSets, recordsPointingAt } from '../../src/aws/dns/records.ts';
import { dnsResolver, type DnsResolver } from '../../src/aws/dns/resolver.ts';
import { restoreRecords } from '../../src/aws/dns/restore.ts';
import { listZones, readZone } from '../../src/aws/dns/zones.ts';
import type { Network } from '../../src/aws/network.ts';
import { verifyEndpoint } from '../../src/aws/verify-endpoint.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { signal } from './support/signal.ts';

const OLDEST = '20171213132441';
const NEWEST = '20260421192651';
/** The first whose API speaks the other dialect, unknown hosts still going to it. */
const BETWEEN = '20180711032918';
const DAY_MS = 86_400_000;

describe.each([OLDEST, BETWEEN, NEWEST])('the shop on a rack of %s', (rackVersion) => {
  let sandbox: Sandbox;
  let clients: AwsClients;
  let resolver: DnsResolver;
  let network: Network;
  let old: readonly AppBalancer[];

  beforeAll(async () => {
    sandbox = await startSandbox({ rackVersion, rackParameters: { Internal: 'Yes' }, scale: 100 });
    const { world, endpoints } = sandbox;
    const { accessKeyId, secretAccessKey, region } = world.settings;
    clients = createAwsClients({
      region,
      endpoint: endpoints.awsUrl,
      credentials: { accessKeyId, secretAccessKey },
      clock: world.clock,
    });
    resolver = dnsResolver({ servers: [endpoints.publicDns] });
    network = {
      lookup: async (name, stop) => (await resolver.addresses(name, 4, stop)).map(({ address }) => address),
      port: (standard) => (standard === 443 ? endpoints.ports[443] : endpoints.ports[80]),
      ca: endpoints.caPem,
    };
    old = await listAppBalancers({ clients, stack: 'convox-shop', services: ['web', 'api'] }, signal);
  });

  afterAll(async () => {
    clients.destroy();
    await sandbox.close();
  });

  const oldOf = (service: string): AppBalancer => old.find((balancer) => balancer.service === service)!;
  const resolverFor = (address: string): DnsResolver =>
    dnsResolver({ servers: [`${address}:${sandbox.endpoints.dnsPort}`] });

  it('tells its balancers apart, the API’s among them', async () => {
    const found = await findRackBalancers({ rack: { name: 'convox' }, clients }, signal);

    const names = (['public', 'internal', 'api'] as const).map((role) => {
      const answer = found[role];
      if (!answer.found) throw answer.error;
      return answer.balancer.dnsName;
    });
    expect(new Set(names).size).toBe(3);
    expect(names[1]).toMatch(/^internal-/);
  });

  it('has records in both views that lead to its own balancers', async () => {
    const found = await recordsPointingAt({ clients, targets: old.map(({ dnsName }) => dnsName) }, signal);

    expect(
      found
        .map(({ zone, record }) => `${zone.isPrivate ? 'private' : 'public'} ${record.name} ${record.type}`)
        .toSorted(),
    ).toEqual([
      'private api.corp.example.com CNAME',
      'public shop.example.com A',
      'public shop.example.com AAAA',
      'public www.shop.example.com CNAME',
    ]);
  });

  it('serves at its old balancer, and the rack’s has no rule for it yet', async () => {
    const rack = await getRackBalancer({ rack: { name: 'convox' }, clients, role: 'public' }, signal);
    const host = 'shop.example.com';

    const before = await verifyEndpoint({ balancerDnsName: oldOf('web').dnsName, host, path: '/', network }, signal);
    const after = await verifyEndpoint({ balancerDnsName: rack.dnsName, host, path: '/', network }, signal);

    expect(before).toMatchObject({ verdict: 'serves' });
    expect(after).toMatchObject({ verdict: 'no-rule' });
  });

  it('answers its future health check at the old balancer', async () => {
    const report = await checkHealthPath(
      { balancerDnsName: oldOf('web').dnsName, port: 80, path: '/', network },
      signal,
    );

    expect(report).toMatchObject({ isStrictlyHealthy: true });
  });

  it('has a private zone that only the rack’s VPC asks', async () => {
    const rack = await getRackBalancer({ rack: { name: 'convox' }, clients, role: 'public' }, signal);

    const inside = await chooseZones({ clients, name: 'api.corp.example.com', vpcId: rack.vpcId! }, signal);
    const outside = await chooseZones({ clients, name: 'api.corp.example.com' }, signal);

    expect(inside.zones.find(({ view }) => view === 'private')?.records).toHaveLength(1);
    expect(outside.zones.map(({ view }) => view)).not.toContain('private');
  });

  it('moves to the rack’s balancer: Route 53, then its servers, then the world’s resolvers, and back', async () => {
    const { clock } = sandbox.world;
    const rack = await getRackBalancer({ rack: { name: 'convox' }, clients, role: 'public' }, signal);
    const zone = (await listZones({ clients }, signal)).find(
      ({ name, isPrivate }) => name === 'example.com' && !isPrivate,
    )!;
    const records = await readRecordSets({ clients, zoneId: zone.id }, signal);
    const { canonicalHostedZoneId = '', dnsName } = rack;
    const { batches } = planRecordChanges({
      zone,
      records,
      from: old.map((balancer) => balancer.dnsName),
      to: { dnsName, canonicalHostedZoneId },
      cnameBecomes: 'alias',
    });
    const question = { name: 'www.shop.example.com', balancerDnsName: dnsName, resolver };
    const servers = (await readZone({ clients, zoneId: zone.id }, signal)).nameServers;
    const waiting = { clock, timeoutMs: DAY_MS };

    const before = await askServers({ ...question, servers, resolverFor }, signal);
    const { changeId } = await applyRecordChanges({ clients, batch: batches[0]!, clock }, signal);
    await waitInSync({ clients, changeId: changeId!, ...waiting }, signal);
    const own = await waitForServers({ ...question, servers, resolverFor, who: 'its own servers', ...waiting }, signal);
    const world = await waitForServers(
      { ...question, servers: ['127.0.0.1'], resolverFor: () => resolver, who: 'resolvers', ...waiting },
      signal,
    );
    await restoreRecords({ clients, batches, clock }, signal);

    expect(before.map(({ agrees }) => agrees)).toEqual(servers.map(() => false));
    expect(own.map(({ agrees }) => agrees)).toEqual(servers.map(() => true));
    expect(world).toMatchObject([{ agrees: true }]);
    expect((await readRecordSets({ clients, zoneId: zone.id }, signal)).map(({ raw }) => raw)).toEqual(
      records.map(({ raw }) => raw),
    );
  });

  it('is in a zone the public world finds by itself', async () => {
    const found = await findNameServers({ name: 'www.shop.example.com', resolver }, signal);

    expect(found.zone).toBe('example.com');
    expect(found.servers).toHaveLength(4);
    await expect(findNameServers({ name: 'shop.nowhere.invalid', resolver }, signal)).rejects.toMatchObject({
      code: 'ZONE_NOT_FOUND',
    });
  });
});
