import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  InvalidChangeBatch,
  ListResourceRecordSetsCommand,
  type Change,
  type ListResourceRecordSetsCommandOutput,
  type ResourceRecordSet,
  type RRType,
  type Route53Client,
} from '@aws-sdk/client-route-53';
import { describe, expect } from 'vitest';
import type { HostedZone } from '../../../src/sandbox/model/dns.ts';
import type { World } from '../../../src/sandbox/world.ts';
import { test } from './aws-world.ts';

const OLD = 'old-1234567890.us-east-1.elb.amazonaws.com';

function zoneIn(world: World): HostedZone {
  return world.route53.createZone({ name: 'example.com', isPrivate: false });
}

function cname(name: string, value: string, ttl = 300): ResourceRecordSet {
  return { Name: name, Type: 'CNAME', TTL: ttl, ResourceRecords: [{ Value: value }] };
}

function address(name: string, value = '192.0.2.1', ttl = 60): ResourceRecordSet {
  return { Name: name, Type: 'A', TTL: ttl, ResourceRecords: [{ Value: value }] };
}

function aliasTo(
  name: string,
  balancer: { readonly dnsName: string; readonly canonicalHostedZoneId: string },
): ResourceRecordSet {
  return {
    Name: name,
    Type: 'A',
    AliasTarget: {
      HostedZoneId: balancer.canonicalHostedZoneId,
      DNSName: `dualstack.${balancer.dnsName}`,
      EvaluateTargetHealth: false,
    },
  };
}

async function change(route53: Route53Client, zone: HostedZone, ...changes: Change[]): Promise<string> {
  const answer = await route53.send(
    new ChangeResourceRecordSetsCommand({ HostedZoneId: zone.id, ChangeBatch: { Changes: changes } }),
  );
  return answer.ChangeInfo?.Id ?? '';
}

async function list(route53: Route53Client, zone: HostedZone): Promise<ResourceRecordSet[]> {
  const answer = await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone.id }));
  return answer.ResourceRecordSets ?? [];
}

/** The refusal's texts, as AWS lists them in brackets. */
async function refusal(answer: Promise<unknown>): Promise<string> {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidChangeBatch);
  return (error as InvalidChangeBatch).message; // just asserted
}

describe('what comes back', () => {
  test('a new zone holds its own NS and SOA records', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);

    const sets = await list(clients.route53, zone);

    expect(sets.map(({ Name, Type, TTL }) => [Name, Type, TTL])).toEqual([
      ['example.com.', 'NS', 172_800],
      ['example.com.', 'SOA', 900],
    ]);
    expect(sets[0]?.ResourceRecords?.map(({ Value }) => Value)).toEqual(zone.nameServers);
  });

  test('names come back in lower case, with the final dot and the asterisk in octal', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);

    await change(clients.route53, zone, { Action: 'CREATE', ResourceRecordSet: cname('*.Shop.Example.COM', OLD) });

    const sets = await list(clients.route53, zone);
    expect(sets.map(({ Name }) => Name)).toContain('\\052.shop.example.com.');
  });

  test('an alias has no TTL and its target has the final dot', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);
    const balancer = aws.world.balancing.createLoadBalancer({ name: 'convox-Router-ABC', scheme: 'internet-facing' });

    await change(clients.route53, zone, { Action: 'CREATE', ResourceRecordSet: aliasTo('example.com', balancer) });

    const [alias] = await list(clients.route53, zone);
    expect(alias).toEqual({
      Name: 'example.com.',
      Type: 'A',
      AliasTarget: {
        HostedZoneId: 'Z35SXDOTRQ7X7K',
        DNSName: `dualstack.${balancer.dnsName.toLowerCase()}.`,
        EvaluateTargetHealth: false,
      },
    });
  });

  test('values keep their letters, quotes, spaces and special characters', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);
    const value = '"v=spf1 <a&b> \'x\'" "  Second  "';
    const text: ResourceRecordSet = {
      Name: 'example.com',
      Type: 'TXT',
      TTL: 60,
      ResourceRecords: [{ Value: value }],
    };

    await change(clients.route53, zone, { Action: 'CREATE', ResourceRecordSet: text });

    const sets = await list(clients.route53, zone);
    expect(sets.find(({ Type }) => Type === 'TXT')?.ResourceRecords).toEqual([{ Value: value }]);
  });

  test('records are sorted by reversed labels, so that a-b follows the children of a only by its characters', async ({
    aws,
    clients,
  }) => {
    const zone = zoneIn(aws.world);
    const names = ['b.example.com', 'a.example.com', 'x.a.example.com', 'a-b.example.com', 'example.com'];

    for (const name of names) {
      aws.world.route53.change(zone.id, [
        { action: 'CREATE', recordSet: { name, type: 'A', ttl: 60, values: ['192.0.2.1'] } },
      ]);
    }

    const sets = await list(clients.route53, zone);
    expect(sets.filter(({ Type }) => Type === 'A').map(({ Name }) => Name)).toEqual([
      'example.com.',
      'a-b.example.com.',
      'a.example.com.',
      'x.a.example.com.',
      'b.example.com.',
    ]);
  });

  test('pages hold at most 300 sets and join without a gap', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);
    const names = Array.from({ length: 650 }, (_, index) => `h${String(index)}.example.com`);
    aws.world.route53.change(
      zone.id,
      names.map((name) => ({ action: 'CREATE', recordSet: { name, type: 'A', ttl: 60, values: ['192.0.2.1'] } })),
    );

    const pages: number[] = [];
    const seen = new Set<string>();
    let start: { StartRecordName?: string; StartRecordType?: RRType } | undefined = {};
    while (start !== undefined) {
      const page: ListResourceRecordSetsCommandOutput = await clients.route53.send(
        new ListResourceRecordSetsCommand({ HostedZoneId: zone.id, ...start }),
      );
      pages.push(page.ResourceRecordSets?.length ?? 0);
      for (const { Name, Type } of page.ResourceRecordSets ?? []) seen.add(`${Name ?? ''} ${Type ?? ''}`);
      start = page.IsTruncated
        ? { StartRecordName: page.NextRecordName!, StartRecordType: page.NextRecordType! }
        : undefined;
    }

    expect(pages).toEqual([300, 300, 52]);
    expect(seen.size).toBe(652);
  });

  test('a listing starts at the name and type asked for', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);
    await change(
      clients.route53,
      zone,
      { Action: 'CREATE', ResourceRecordSet: address('a.example.com') },
      { Action: 'CREATE', ResourceRecordSet: address('b.example.com') },
    );

    const answer = await clients.route53.send(
      new ListResourceRecordSetsCommand({
        HostedZoneId: zone.id,
        StartRecordName: 'A.example.com',
        StartRecordType: 'A',
        MaxItems: 1,
      }),
    );

    expect(answer.ResourceRecordSets?.map(({ Name }) => Name)).toEqual(['a.example.com.']);
    expect(answer).toMatchObject({ IsTruncated: true, NextRecordName: 'b.example.com.', NextRecordType: 'A' });
  });
});

describe('what is refused', () => {
  test('creating what exists', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);
    await change(route53, zone, { Action: 'CREATE', ResourceRecordSet: address('shop.example.com') });

    const text = await refusal(
      change(route53, zone, { Action: 'CREATE', ResourceRecordSet: address('shop.example.com', '192.0.2.9') }),
    );

    expect(text).toBe(
      "[Tried to create resource record set [name='shop.example.com.', type='A'] but it already exists]",
    );
  });

  test('deleting what is not there', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);

    const text = await refusal(
      change(route53, zone, { Action: 'DELETE', ResourceRecordSet: address('shop.example.com') }),
    );

    expect(text).toBe(
      "[Tried to delete resource record set [name='shop.example.com.', type='A'] but it was not found]",
    );
  });

  test.for([
    ['another TTL', address('shop.example.com', '192.0.2.1', 61)],
    ['another value', address('shop.example.com', '192.0.2.2')],
  ] as const)('deleting with %s than the current one', async ([, wrong], { aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);
    await change(route53, zone, { Action: 'CREATE', ResourceRecordSet: address('shop.example.com') });

    const text = await refusal(change(route53, zone, { Action: 'DELETE', ResourceRecordSet: wrong }));

    expect(text).toBe(
      "[Tried to delete resource record set [name='shop.example.com.', type='A'] but the values provided do not match the current values]",
    );
  });

  test('a CNAME beside another record', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);
    await change(route53, zone, { Action: 'CREATE', ResourceRecordSet: address('shop.example.com') });

    const text = await refusal(
      change(route53, zone, { Action: 'UPSERT', ResourceRecordSet: cname('shop.example.com', OLD) }),
    );

    expect(text).toBe(
      '[RRSet of type CNAME with DNS name shop.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.]',
    );
  });

  test('an address beside a CNAME, although the batch deletes the CNAME later', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);
    const old = cname('shop.example.com', OLD);
    await change(clients.route53, zone, { Action: 'CREATE', ResourceRecordSet: old });

    const text = await refusal(
      change(
        clients.route53,
        zone,
        { Action: 'CREATE', ResourceRecordSet: address('shop.example.com') },
        { Action: 'DELETE', ResourceRecordSet: old },
      ),
    );

    expect(text).toContain(
      'RRSet of type A with DNS name shop.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com.',
    );
    expect(await list(clients.route53, zone)).toContainEqual({ ...old, Name: 'shop.example.com.' });
  });

  test('a simple set beside weighted ones, and a weighted one beside a simple', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);
    const weighted = { ...address('w.example.com'), SetIdentifier: 'old', Weight: 100 };
    await change(
      clients.route53,
      zone,
      { Action: 'CREATE', ResourceRecordSet: weighted },
      { Action: 'CREATE', ResourceRecordSet: address('s.example.com') },
    );

    const simple = await refusal(
      change(clients.route53, zone, { Action: 'CREATE', ResourceRecordSet: address('w.example.com') }),
    );
    const beside = await refusal(
      change(clients.route53, zone, { Action: 'CREATE', ResourceRecordSet: { ...weighted, Name: 's.example.com' } }),
    );

    expect(simple).toBe(
      '[RRSet with DNS name w.example.com., type A cannot be created as other RRSets exist with the same name and type]',
    );
    expect(beside).toBe(
      '[RRSet with DNS name s.example.com., type A, SetIdentifier old cannot be created as a non-weighted set exists with the same name and type]',
    );
  });

  test('a CNAME at the apex', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);

    const text = await refusal(
      change(route53, zone, { Action: 'CREATE', ResourceRecordSet: cname('example.com', OLD) }),
    );

    expect(text).toBe('[RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.]');
  });

  test('a name that only ends like the zone', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);

    const text = await refusal(
      change(route53, zone, { Action: 'CREATE', ResourceRecordSet: address('notexample.com') }),
    );

    expect(text).toBe('[RRSet with DNS name notexample.com. is not permitted in zone example.com.]');
  });

  test('an alias to a balancer that is gone, or with the zone id of another region', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);
    const balancer = aws.world.balancing.createLoadBalancer({ name: 'router', scheme: 'internet-facing' });
    const target = `dualstack.${balancer.dnsName}.`;
    const elsewhere = aliasTo('shop.example.com', { ...balancer, canonicalHostedZoneId: 'Z32O12XQLNTSW2' });

    const wrongZone = await refusal(change(clients.route53, zone, { Action: 'CREATE', ResourceRecordSet: elsewhere }));
    aws.world.balancing.deleteLoadBalancer(balancer.arn);
    const gone = await refusal(
      change(clients.route53, zone, { Action: 'CREATE', ResourceRecordSet: aliasTo('shop.example.com', balancer) }),
    );

    expect(wrongZone).toBe(
      `[Tried to create an alias that targets ${target}, type A in zone Z32O12XQLNTSW2, but that target was not found]`,
    );
    expect(gone).toBe(
      `[Tried to create an alias that targets ${target}, type A in zone Z35SXDOTRQ7X7K, but that target was not found]`,
    );
  });

  test('deleting the records a zone cannot do without', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);
    const [ns, soa] = await list(route53, zone);

    const text = await refusal(
      change(route53, zone, { Action: 'DELETE', ResourceRecordSet: ns }, { Action: 'DELETE', ResourceRecordSet: soa }),
    );

    expect(text).toBe(
      '[A HostedZone must contain at least one NS record for the zone itself., A HostedZone must contain exactly one SOA record.]',
    );
  });

  test('more than 1000 records, an UPSERT counted twice', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);
    const upserts = Array.from({ length: 501 }, (_, index): Change => ({
      Action: 'UPSERT',
      ResourceRecordSet: address(`h${String(index)}.example.com`),
    }));

    const text = await refusal(change(route53, zone, ...upserts));

    expect(text).toBe('[Number of records limit of 1000 exceeded.]');
    await change(route53, zone, ...upserts.slice(0, 500));
  });

  test.for([
    ['an address that is none', address('a.example.com', '192.0.2.300'), 'ARRDATAIllegalIPv4Address'],
    [
      'a text without quotation marks',
      { Name: 'a.example.com', Type: 'TXT', TTL: 60, ResourceRecords: [{ Value: 'bare' }] },
      'InvalidCharacterString',
    ],
    [
      'the same value twice',
      { ...address('a.example.com'), ResourceRecords: [{ Value: '192.0.2.1' }, { Value: '192.0.2.1' }] },
      "Duplicate Resource Record: '192.0.2.1'",
    ],
  ] satisfies [string, ResourceRecordSet, string][])('%s', async ([, set, part], { aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);

    const text = await refusal(change(route53, zone, { Action: 'CREATE', ResourceRecordSet: set }));

    expect(text).toContain(part);
  });

  test('weighted sets that would end with different TTLs', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);
    const weighted = (id: string, ttl: number): ResourceRecordSet => ({
      ...address('w.example.com', '192.0.2.1', ttl),
      SetIdentifier: id,
      Weight: 1,
    });
    await change(
      route53,
      zone,
      { Action: 'CREATE', ResourceRecordSet: weighted('old', 300) },
      { Action: 'CREATE', ResourceRecordSet: weighted('new', 300) },
    );

    const text = await refusal(change(route53, zone, { Action: 'UPSERT', ResourceRecordSet: weighted('old', 60) }));
    await change(
      route53,
      zone,
      { Action: 'UPSERT', ResourceRecordSet: weighted('old', 60) },
      { Action: 'UPSERT', ResourceRecordSet: weighted('new', 60) },
    );

    expect(text).toContain('must all have the same TTL');
  });

  test.for([
    ['an alias with a TTL', { TTL: 60 }, 'found more than one in Change with [Action=CREATE, Name=a.example.com'],
    [
      'neither values nor alias',
      { AliasTarget: undefined },
      'found none in Change with [Action=CREATE, Name=a.example.com',
    ],
    ['a weight without an identifier', { Weight: 1 }, "Missing field 'SetIdentifier'"],
    ['a weight above 255', { Weight: 256, SetIdentifier: 'x' }, "Value '256' at 'weight'"],
    ['an identifier without a routing', { SetIdentifier: 'x' }, 'found none'],
  ] satisfies [string, Partial<ResourceRecordSet>, string][])(
    '%s is invalid input',
    async ([, extra, part], { aws, clients: { route53 } }) => {
      const zone = zoneIn(aws.world);
      const balancer = aws.world.balancing.createLoadBalancer({ name: 'router', scheme: 'internet-facing' });
      const set = { ...aliasTo('a.example.com', balancer), ...extra };

      await expect(change(route53, zone, { Action: 'CREATE', ResourceRecordSet: set })).rejects.toMatchObject({
        name: 'InvalidInput',
        message: expect.stringContaining(part) as string,
      });
    },
  );

  test('all wrong changes of a batch are named, and none of the right ones is applied', async ({ aws, clients }) => {
    const zone = zoneIn(aws.world);
    const before = await list(clients.route53, zone);

    const text = await refusal(
      change(
        clients.route53,
        zone,
        { Action: 'CREATE', ResourceRecordSet: address('fine.example.com') },
        { Action: 'DELETE', ResourceRecordSet: address('gone.example.com') },
        { Action: 'CREATE', ResourceRecordSet: address('elsewhere.example.net') },
      ),
    );

    expect(text).toBe(
      "[Tried to delete resource record set [name='gone.example.com.', type='A'] but it was not found, " +
        'RRSet with DNS name elsewhere.example.net. is not permitted in zone example.com.]',
    );
    expect(await list(clients.route53, zone)).toEqual(before);
  });

  test('a zone and a change that do not exist', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);

    const unknown = change(
      route53,
      { ...zone, id: 'Z0000000000000' },
      { Action: 'CREATE', ResourceRecordSet: address('a') },
    );
    await expect(unknown).rejects.toMatchObject({
      name: 'NoSuchHostedZone',
      message: 'No hosted zone found with ID: Z0000000000000',
      $metadata: { httpStatusCode: 404 },
    });
    await expect(route53.send(new GetChangeCommand({ Id: 'C0000000000000' }))).rejects.toMatchObject({
      name: 'NoSuchChange',
      $metadata: { httpStatusCode: 404 },
    });
  });
});

describe('what is done in one batch', () => {
  test('a CNAME makes way for an alias, and comes back byte for byte', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);
    const balancer = aws.world.balancing.createLoadBalancer({ name: 'router', scheme: 'internet-facing' });
    const old = cname('Shop.example.com.', 'OLD-1.us-east-1.ELB.amazonaws.com');
    await change(route53, zone, { Action: 'CREATE', ResourceRecordSet: old });
    const before = await list(route53, zone);
    const alias = aliasTo('shop.example.com', balancer);

    await change(
      route53,
      zone,
      { Action: 'DELETE', ResourceRecordSet: old },
      { Action: 'CREATE', ResourceRecordSet: alias },
      { Action: 'CREATE', ResourceRecordSet: { ...alias, Type: 'AAAA' } },
    );
    const between = await list(route53, zone);
    await change(
      route53,
      zone,
      { Action: 'DELETE', ResourceRecordSet: alias },
      { Action: 'DELETE', ResourceRecordSet: { ...alias, Type: 'AAAA' } },
      { Action: 'CREATE', ResourceRecordSet: old },
    );

    expect(between.filter(({ Name }) => Name === 'shop.example.com.').map(({ Type }) => Type)).toEqual(['A', 'AAAA']);
    expect(await list(route53, zone)).toEqual(before);
  });

  test('a simple set becomes two weighted ones', async ({ aws, clients: { route53 } }) => {
    const zone = zoneIn(aws.world);
    const simple = cname('shop.example.com', OLD, 60);
    await change(route53, zone, { Action: 'CREATE', ResourceRecordSet: simple });

    await change(
      route53,
      zone,
      { Action: 'DELETE', ResourceRecordSet: simple },
      { Action: 'CREATE', ResourceRecordSet: { ...simple, SetIdentifier: 'old', Weight: 100 } },
      { Action: 'CREATE', ResourceRecordSet: { ...simple, SetIdentifier: 'new', Weight: 0 } },
    );

    const weights = (await list(route53, zone)).flatMap(({ SetIdentifier, Weight }) =>
      SetIdentifier === undefined ? [] : [[SetIdentifier, Weight]],
    );
    expect(weights).toEqual([
      ['new', 0],
      ['old', 100],
    ]);
  });
});
