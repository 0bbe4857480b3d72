import {
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListHostedZonesByNameCommand,
  ListHostedZonesByVPCCommand,
  ListHostedZonesCommand,
  paginateListHostedZones,
} from '@aws-sdk/client-route-53';
import { describe, expect } from 'vitest';
import { startAwsEndpoint } from '../../../src/sandbox/aws/endpoint.ts';
import { ZoneServers } from '../../../src/sandbox/aws/zone-servers.ts';
import type { RecordSet } from '../../../src/sandbox/model/dns.ts';
import { makeAwsWorld, makeClients, test } from './aws-world.ts';

const SHOP: RecordSet = { name: 'shop.example.com.', type: 'A', ttl: 60, values: ['192.0.2.1'] };

describe('finding zones', () => {
  test('ids carry their prefix, and public zones four name servers in four domains', async ({ aws, clients }) => {
    const zone = aws.world.route53.createZone({ name: 'Example.com', isPrivate: false, comment: 'the shop' });

    const answer = await clients.route53.send(new GetHostedZoneCommand({ Id: `/hostedzone/${zone.id}` }));

    expect(answer.HostedZone).toMatchObject({
      Id: `/hostedzone/${zone.id}`,
      Name: 'example.com.',
      Config: { PrivateZone: false, Comment: 'the shop' },
      ResourceRecordSetCount: 2,
    });
    expect(answer.DelegationSet?.NameServers?.map((name) => name.replace(/^ns-\d+\.awsdns-\d\d\./, ''))).toEqual([
      'com',
      'net',
      'org',
      'co.uk',
    ]);
  });

  test('a private zone names its VPC instead of servers', async ({ aws, clients }) => {
    const { vpcId, region } = aws.world.settings;
    const zone = aws.world.route53.createZone({ name: 'convox', isPrivate: true, vpcIds: [vpcId] });

    const answer = await clients.route53.send(new GetHostedZoneCommand({ Id: zone.id }));
    const ofVpc = await clients.route53.send(new ListHostedZonesByVPCCommand({ VPCId: vpcId, VPCRegion: 'us-east-1' }));
    const ofOther = await clients.route53.send(
      new ListHostedZonesByVPCCommand({ VPCId: 'vpc-0', VPCRegion: 'us-east-1' }),
    );

    expect(answer.VPCs).toEqual([{ VPCId: vpcId, VPCRegion: region }]);
    expect(answer.DelegationSet).toBeUndefined();
    expect(ofVpc.HostedZoneSummaries).toMatchObject([{ HostedZoneId: zone.id, Name: 'convox.' }]);
    expect(ofOther.HostedZoneSummaries).toEqual([]);
  });

  test('DNSName is where the list by name starts, not what it is filtered by', async ({ aws, clients }) => {
    for (const name of ['example.org', 'shop.example.com', 'example.com', 'a.net']) {
      aws.world.route53.createZone({ name, isPrivate: false });
    }

    const all = await clients.route53.send(new ListHostedZonesByNameCommand({}));
    const from = await clients.route53.send(new ListHostedZonesByNameCommand({ DNSName: 'b.example.com' }));

    expect(all.HostedZones?.map(({ Name }) => Name)).toEqual([
      'example.com.',
      'shop.example.com.',
      'a.net.',
      'example.org.',
    ]);
    expect(from.HostedZones?.map(({ Name }) => Name)).toEqual(['shop.example.com.', 'a.net.', 'example.org.']);
  });

  test('zones come in pages of 100', async () => {
    // Unlimited: at this scale the account's five requests a second are never met.
    const { world } = makeAwsWorld({ scale: 10_000 });
    const endpoint = await startAwsEndpoint(world);
    const { route53 } = makeClients(endpoint.url);
    for (let index = 0; index < 230; index += 1) {
      world.route53.createZone({ name: `z${String(index)}.example`, isPrivate: false });
    }

    const sizes: number[] = [];
    const ids = new Set<string | undefined>();
    for await (const page of paginateListHostedZones({ client: route53 }, {})) {
      sizes.push(page.HostedZones?.length ?? 0);
      for (const { Id } of page.HostedZones ?? []) ids.add(Id);
    }
    await endpoint.close();
    world.clock.close();

    expect(sizes).toEqual([100, 100, 30]);
    expect(ids.size).toBe(230);
  });

  test('a zone can be made over the network, public or private', async ({ aws, clients }) => {
    const made = await clients.route53.send(
      new CreateHostedZoneCommand({
        Name: 'inside.example.com',
        CallerReference: 'once',
        HostedZoneConfig: { PrivateZone: true },
        VPC: { VPCId: aws.world.settings.vpcId, VPCRegion: 'us-east-1' },
      }),
    );

    expect(made.HostedZone).toMatchObject({ Name: 'inside.example.com.', Config: { PrivateZone: true } });
    expect([...aws.world.route53.zones.values()]).toMatchObject([{ vpcIds: [aws.world.settings.vpcId] }]);
  });

  test('the sixth request within a second is throttled', async () => {
    const { world } = makeAwsWorld({ scale: 1 });
    const endpoint = await startAwsEndpoint(world);
    const { route53 } = makeClients(endpoint.url);

    // Thirty at once are through long before the five seconds that would let them all pass.
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, () => route53.send(new ListHostedZonesCommand({}))),
    );
    await endpoint.close();
    world.clock.close();

    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.reason).toMatchObject({ name: 'Throttling', message: 'Rate exceeded' });
  });
});

describe('changes on their way', () => {
  test('a change is PENDING when accepted and INSYNC when every server has it', async ({ aws, clients }) => {
    const { route53, settings, clock } = aws.world;
    const zone = route53.createZone({ name: 'example.com', isPrivate: false });

    const accepted = await clients.route53.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone.id,
        ChangeBatch: {
          Comment: 'cutover',
          Changes: [
            {
              Action: 'CREATE',
              ResourceRecordSet: {
                Name: 'shop.example.com',
                Type: 'A',
                TTL: 60,
                ResourceRecords: [{ Value: '192.0.2.1' }],
              },
            },
          ],
        },
      }),
    );
    const inSync = new Promise<string>((resolve) => {
      route53.onInSync(resolve);
    });
    const zoneId = await inSync;
    const later = await clients.route53.send(new GetChangeCommand({ Id: accepted.ChangeInfo?.Id ?? '' }));

    expect(accepted.ChangeInfo).toMatchObject({ Status: 'PENDING', Comment: 'cutover' });
    expect(accepted.ChangeInfo?.Id).toMatch(/^\/change\/C[A-Z]{13}$/);
    expect(zoneId).toBe(zone.id);
    expect(later.ChangeInfo).toMatchObject({ Status: 'INSYNC', Comment: 'cutover' });
    expect(clock.now() - (accepted.ChangeInfo?.SubmittedAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(
      settings.durations.zoneChangeMs - settings.scale,
    );
  });

  test('the API shows a change at once, the name servers later, all of them by INSYNC', async () => {
    const { world } = makeAwsWorld({ scale: 100 });
    const zone = world.route53.createZone({ name: 'example.com', isPrivate: false });
    const has = (sets: readonly RecordSet[]): boolean => sets.some(({ name }) => name === SHOP.name);
    const byServer = (): boolean[] => zone.nameServers.map((server) => has(world.route53.servedBy(zone.id, server)));
    const inSync = new Promise<string>((resolve) => {
      world.route53.onInSync(resolve);
    });

    const change = world.route53.change(zone.id, [{ action: 'CREATE', recordSet: SHOP }]);
    const atOnce = { shown: has(zone.recordSets), served: byServer(), status: change.status };
    await inSync;
    const atLast = {
      served: byServer(),
      slowest: has(world.route53.servedBy(zone.id, undefined)),
      status: change.status,
    };
    world.clock.close();

    expect(atOnce).toEqual({ shown: true, served: [false, false, false, false], status: 'PENDING' });
    expect(atLast).toEqual({ served: [true, true, true, true], slowest: true, status: 'INSYNC' });
  });

  test('a server that is not one of the zone is not asked', ({ aws }) => {
    const zone = aws.world.route53.createZone({ name: 'example.com', isPrivate: false });

    expect(() => aws.world.route53.servedBy(zone.id, 'ns-1.example.net')).toThrow('is no name server of example.com.');
  });
});

describe('servers of a zone', () => {
  const versions = [1, 2, 3].map((ttl): RecordSet[] => [{ ...SHOP, ttl }]);
  const ttlAt = (servers: ZoneServers, at: number, server: number | undefined): number | undefined =>
    servers.servedAt(at, server)[0]?.ttl;

  test('each has a change at its own moment, and the slowest decides for nobody in particular', () => {
    const servers = new ZoneServers(2, []);

    servers.publish(versions[0]!, [100, 200]);

    expect(
      [0, 100, 200].map((at) => [ttlAt(servers, at, 0), ttlAt(servers, at, 1), ttlAt(servers, at, undefined)]),
    ).toEqual([
      [undefined, undefined, undefined],
      [1, undefined, undefined],
      [1, 1, 1],
    ]);
  });

  test('a later change never overtakes an earlier one', () => {
    const servers = new ZoneServers(1, []);

    servers.publish(versions[0]!, [500]);
    const lastAt = servers.publish(versions[1]!, [300]);

    expect(lastAt).toBe(500);
    expect([ttlAt(servers, 400, 0), ttlAt(servers, 500, 0)]).toEqual([undefined, 2]);
  });

  test('what every server has left behind is forgotten, what one still answers from is not', () => {
    const servers = new ZoneServers(2, []);
    servers.publish(versions[0]!, [100, 100]);
    servers.publish(versions[1]!, [200, 900]);

    servers.forget(300);

    expect([ttlAt(servers, 300, 0), ttlAt(servers, 300, 1), ttlAt(servers, 300, undefined)]).toEqual([2, 1, 1]);
    expect(ttlAt(servers, 900, undefined)).toBe(2);
  });
});
