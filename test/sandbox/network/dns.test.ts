import { Resolver } from 'node:dns/promises';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { decode, encode, streamDecode, streamEncode, type Packet } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostedZone, RecordSet } from '../../../src/sandbox/model/dns.ts';
import {
  alias,
  makeAlb,
  makeClassic,
  type Alb,
  makeGroup,
  putRecords,
  route,
  runApp,
  startNetworkWorld,
  stopNetworkWorld,
  until,
  type NetworkWorld,
} from './network-world.ts';

let world: NetworkWorld;
let zone: HostedZone;

beforeEach(async () => {
  world = await startNetworkWorld();
  zone = world.route53.createZone({ name: 'example.com', isPrivate: false });
});

afterEach(() => stopNetworkWorld(world));

function resolver(server = world.dns.publicDns): Resolver {
  const made = new Resolver({ timeout: 2_000, tries: 2 });
  made.setServers([server]);
  return made;
}

/** One question from one socket: so the same cache of the public resolver answers each time. */
async function query(type: 'A' | 'CNAME' | 'SOA', name: string, from = createSocket('udp4')): Promise<Packet> {
  const [address, port] = world.dns.publicDns.split(':');
  from.send(encode({ type: 'query', id: 7, flags: 256, questions: [{ type, name }] }), Number(port), address);
  const [message] = (await once(from, 'message')) as [Buffer];
  return decode(message);
}

describe('DNS', () => {
  it('answers an alias with the addresses of the balancer and a TTL of 60', async () => {
    const { balancer } = await makeAlb(world);
    await putRecords(world, zone.id, [alias('shop.example.com.', balancer)]);

    const answers = await resolver().resolve4('SHOP.example.com', { ttl: true });
    const noAddress = resolver().resolve6('shop.example.com');

    expect(answers.map(({ address }) => address).toSorted()).toEqual(balancer.addresses.toSorted());
    expect(answers[0]?.ttl).toBe(60);
    await expect(noAddress).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('follows a CNAME to a balancer name in other letter case, and takes its values away when the balancer is', async () => {
    const balancer = await makeClassic(world, 'shop-web');
    const values = [balancer.dnsName.toUpperCase()];
    await putRecords(world, zone.id, [{ name: 'www.example.com.', type: 'CNAME', ttl: 300, values }]);

    const addresses = await resolver().resolve4('www.example.com');
    const cname = await resolver().resolveCname('www.example.com');
    world.balancing.deleteClassic(balancer.name);

    expect(addresses.toSorted()).toEqual(balancer.addresses.toSorted());
    expect(cname[0]?.toLowerCase()).toBe(balancer.dnsName.toLowerCase());
    await until(() =>
      resolver()
        .resolve4('www.example.com')
        .then(
          () => false,
          () => true,
        ),
    );
  });

  it('serves mail, text, authority and name server records as they are', async () => {
    await putRecords(world, zone.id, [
      { name: 'example.com.', type: 'MX', ttl: 300, values: ['10 mail.example.com.'] },
      { name: 'example.com.', type: 'TXT', ttl: 300, values: ['"v=spf1 -all"', '"one \\"two\\"" "three"'] },
      { name: 'example.com.', type: 'CAA', ttl: 300, values: ['0 issue "amazon.com"'] },
    ]);
    const asked = resolver();

    expect(await asked.resolveMx('example.com')).toEqual([{ exchange: 'mail.example.com', priority: 10 }]);
    expect((await asked.resolveTxt('example.com')).toSorted()).toEqual([['one "two"', 'three'], ['v=spf1 -all']]);
    expect(await asked.resolveCaa('example.com')).toEqual([{ critical: 0, issue: 'amazon.com' }]);
    expect((await asked.resolveNs('example.com')).toSorted()).toEqual(
      zone.nameServers.map((n) => n.slice(0, -1)).toSorted(),
    );
    expect(await asked.resolveSoa('example.com')).toMatchObject({ minttl: 86_400 });
  });

  it('lets a wildcard stand for names that do not exist, and only for those', async () => {
    await putRecords(world, zone.id, [
      { name: '\\052.example.com.', type: 'A', ttl: 60, values: ['192.0.2.1'] },
      { name: 'deep.real.example.com.', type: 'A', ttl: 60, values: ['192.0.2.2'] },
    ]);
    const asked = resolver();

    expect(await asked.resolve4('any.example.com')).toEqual(['192.0.2.1']);
    expect(await asked.resolve4('x.y.example.com')).toEqual(['192.0.2.1']);
    await expect(asked.resolve4('real.example.com')).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(asked.resolve4('other.real.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('keeps what it answered until the TTL is over, though the record has changed', async () => {
    await putRecords(world, zone.id, [{ name: 'a.example.com.', type: 'A', ttl: 120, values: ['192.0.2.1'] }]);
    const client = createSocket('udp4');
    const first = await query('A', 'a.example.com', client);
    const askedAt = world.clock.now();

    world.route53.change(zone.id, [
      { action: 'UPSERT', recordSet: { name: 'a.example.com.', type: 'A', ttl: 120, values: ['192.0.2.9'] } },
    ]);
    let changedAt = 0;
    const ttls: number[] = [];
    await until(async () => {
      const [answer] = (await query('A', 'a.example.com', client)).answers ?? [];
      if (answer?.type !== 'A') return false;
      if (answer.data === '192.0.2.1') ttls.push(answer.ttl ?? 0);
      changedAt = world.clock.now();
      return answer.data === '192.0.2.9';
    });
    client.close();

    expect(first.answers?.[0]).toMatchObject({ data: '192.0.2.1', ttl: 120 });
    expect(changedAt - askedAt).toBeGreaterThanOrEqual(119_000);
    expect(Math.min(...ttls)).toBeLessThan(100);
  });

  it('remembers for the SOA minimum that a name does not exist', async () => {
    const client = createSocket('udp4');
    const before = await query('A', 'new.example.com', client);

    await putRecords(world, zone.id, [{ name: 'new.example.com.', type: 'A', ttl: 60, values: ['192.0.2.1'] }]);
    const after = await query('A', 'new.example.com', client);
    client.close();

    expect(before).toMatchObject({ rcode: 'NXDOMAIN', authorities: [{ type: 'SOA', ttl: 900 }] });
    expect(after).toMatchObject({ rcode: 'NXDOMAIN', answers: [] });
  });

  it('draws members of a weighted set by their weights, and never one of weight 0', async () => {
    const member = (id: string, weight: number, address: string) => {
      const common = { name: 'w.example.com.', type: 'A', ttl: 1, setIdentifier: id };
      return { ...common, weight, values: [address] };
    };
    await putRecords(world, zone.id, [
      member('old', 75, '192.0.2.1'),
      member('new', 25, '192.0.2.2'),
      member('none', 0, '192.0.2.3'),
    ]);
    const authority = resolver(`${world.dns.nameServerAddresses[0]!}:${world.dns.dnsPort}`);
    const counts: Record<string, number> = {};

    for (let i = 0; i < 400; i += 1) {
      const [address] = await authority.resolve4('w.example.com');
      counts[address ?? ''] = (counts[address ?? ''] ?? 0) + 1;
    }

    expect(counts['192.0.2.3']).toBeUndefined();
    expect(counts['192.0.2.2']! / 400).toBeGreaterThan(0.15);
    expect(counts['192.0.2.2']! / 400).toBeLessThan(0.35);
  });

  it('leaves an unhealthy balancer out of a weighted set only when the alias asks for it', async () => {
    const [sick, well] = [await makeAlb(world, 'sick'), await makeAlb(world, 'well')];
    for (const alb of [sick, well])
      route(world, alb, ['shop.example.com'], makeGroup(world, `${alb.balancer.name}-web`));
    const [, wellGroup] = [...world.balancing.targetGroups.values()];
    runApp(world, { groups: [wellGroup!] });
    const member = ({ balancer }: Alb, weight: number, evaluateTargetHealth: boolean): RecordSet => ({
      ...{ name: 'w.example.com.', type: 'A', setIdentifier: balancer.name, weight },
      alias: { hostedZoneId: balancer.canonicalHostedZoneId, dnsName: balancer.dnsName, evaluateTargetHealth },
    });
    const answered = async (): Promise<string[]> => {
      const authority = resolver(`${world.dns.nameServerAddresses[0]!}:${world.dns.dnsPort}`);
      return (await authority.resolve4('w.example.com')).toSorted();
    };

    await putRecords(world, zone.id, [member(sick, 255, true), member(well, 1, true)]);
    const evaluated = await answered();
    await putRecords(world, zone.id, [member(sick, 255, false), member(well, 0, false)]);
    const blind = await answered();

    expect(evaluated).toEqual(well.balancer.addresses.toSorted());
    expect(blind).toEqual(sick.balancer.addresses.toSorted());
  });

  it('follows an alias to another record of the zone', async () => {
    const { balancer } = await makeAlb(world);
    const inZone = { hostedZoneId: zone.id, dnsName: 'shop.example.com.', evaluateTargetHealth: false };
    await putRecords(world, zone.id, [alias('shop.example.com.', balancer)]);
    await putRecords(world, zone.id, [{ name: 'example.com.', type: 'A', alias: inZone }]);

    const addresses = await resolver().resolve4('example.com');

    expect(addresses.toSorted()).toEqual(balancer.addresses.toSorted());
  });

  it('shows a change at each name server at its own moment, and everywhere once it is INSYNC', async () => {
    await putRecords(world, zone.id, [{ name: 'a.example.com.', type: 'A', ttl: 60, values: ['192.0.2.1'] }]);
    const servers = await Promise.all(zone.nameServers.map((name) => resolver().resolve4(name)));
    const ask = () =>
      Promise.all(servers.map(([address]) => resolver(`${address!}:${world.dns.dnsPort}`).resolve4('a.example.com')));

    const change = world.route53.change(zone.id, [
      { action: 'UPSERT', recordSet: { name: 'a.example.com.', type: 'A', ttl: 60, values: ['192.0.2.9'] } },
    ]);
    const seen = new Set<number>();
    await until(async () => {
      const isDone = world.route53.changes.get(change.id)?.status === 'INSYNC';
      seen.add((await ask()).flat().filter((address) => address === '192.0.2.9').length);
      return isDone;
    });

    expect(new Set(servers.flat()).size).toBe(4);
    expect((await ask()).flat()).toEqual(Array(4).fill('192.0.2.9'));
    expect([...seen].some((count) => count > 0 && count < 4)).toBe(true);
  });

  it('refuses at a name server what is in none of its zones', async () => {
    const authority = resolver(`${world.dns.nameServerAddresses[0]!}:${world.dns.dnsPort}`);

    await expect(authority.resolve4('www.example.org')).rejects.toMatchObject({ code: 'EREFUSED' });
  });

  it('answers inside the VPC from the private zone alone, outside from the public one', async () => {
    const inside = world.route53.createZone({ name: 'example.com', isPrivate: true, vpcIds: [world.settings.vpcId] });
    await putRecords(world, zone.id, [
      { name: 'a.example.com.', type: 'A', ttl: 60, values: ['192.0.2.1'] },
      { name: 'b.example.com.', type: 'A', ttl: 60, values: ['192.0.2.2'] },
    ]);
    await putRecords(world, inside.id, [{ name: 'a.example.com.', type: 'A', ttl: 60, values: ['10.0.0.1'] }]);
    const [outside, vpc] = [resolver(), resolver(world.dns.vpcDns)];

    expect(await outside.resolve4('a.example.com')).toEqual(['192.0.2.1']);
    expect(await vpc.resolve4('a.example.com')).toEqual(['10.0.0.1']);
    expect(await outside.resolve4('b.example.com')).toEqual(['192.0.2.2']);
    await expect(vpc.resolve4('b.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('leads convox.site names to the balancer of their label, and .convox names to the one with a rule, inside only', async () => {
    const alb = await makeAlb(world);
    route(world, alb, ['web.shop.convox.convox'], makeGroup(world, 'web'));
    const host = `shop-web.${alb.balancer.dnsName.split('.')[0]!.toLowerCase()}.us-east-1.convox.site`;

    expect((await resolver().resolve4(host)).toSorted()).toEqual(alb.balancer.addresses.toSorted());
    expect(await resolver(world.dns.vpcDns).resolve4('web.shop.convox.convox')).toHaveLength(2);
    await expect(resolver().resolve4('web.shop.convox.convox')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect((await resolver().resolve4(`dualstack.${alb.balancer.dnsName}`)).toSorted()).toEqual(
      alb.balancer.addresses.toSorted(),
    );
  });

  it('answers over TCP what does not fit into a datagram', async () => {
    const long = Array.from({ length: 12 }, (_, i) => `"${'x'.repeat(60)}${i}"`);
    await putRecords(world, zone.id, [{ name: 'long.example.com.', type: 'TXT', ttl: 60, values: long }]);
    const question: Packet = {
      type: 'query',
      id: 9,
      flags: 256,
      questions: [{ type: 'TXT', name: 'long.example.com' }],
    };

    const viaResolver = await resolver().resolveTxt('long.example.com');
    const [address, port] = world.dns.publicDns.split(':');
    const connection = connect(Number(port), address);
    connection.write(streamEncode(question));
    const [message] = (await once(connection, 'data')) as [Buffer];
    connection.destroy();

    expect(viaResolver).toHaveLength(12);
    expect(streamDecode(message).answers).toHaveLength(12);
  });
});
