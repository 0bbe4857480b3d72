import { afterEach, describe, expect, it } from 'vitest';
import { chooseZones, getPublicZone, type ChooseZonesOptions } from '../../../src/aws/dns/choose-zones.ts';
import type { RawRecordSet } from '../../../src/aws/dns/record-set.ts';
import { planValidationRecords, writeValidationRecords } from '../../../src/aws/dns/validation-records.ts';
import { fakeResolver } from '../support/fake-resolver.ts';
import { cname, OLD, record } from '../support/records.ts';
import { accepted, listed } from '../support/route53-script.ts';
import { startScriptedAws, type ScriptedAws } from '../support/scripted-aws.ts';
import { signal } from '../support/signal.ts';

interface FakeZone {
  readonly id: string;
  readonly name: string;
  readonly isPrivate?: boolean;
  readonly nameServers?: readonly string[];
  readonly vpcs?: readonly string[];
  readonly records?: readonly RawRecordSet[];
}

let aws: ScriptedAws | undefined;
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

async function route53(zones: readonly FakeZone[]) {
  const facts = ({ id, name, isPrivate = false }: FakeZone) => ({
    Id: `/hostedzone/${id}`,
    Name: `${name}.`,
    CallerReference: id,
    Config: { PrivateZone: isPrivate },
    ResourceRecordSetCount: 2,
  });
  const zoneOf = (path: unknown): FakeZone => zones.find(({ id }) => String(path).split('/')[3] === id)!;
  aws = await startScriptedAws({
    ListHostedZones: () => ({
      HostedZones: { HostedZone: zones.map(facts) },
      IsTruncated: false,
      MaxItems: 100,
      Marker: '',
    }),
    GetHostedZone: ({ path }) => {
      const zone = zoneOf(path);
      return {
        HostedZone: facts(zone),
        DelegationSet: { NameServers: { NameServer: zone.nameServers ?? [] } },
        VPCs: { VPC: (zone.vpcs ?? []).map((VPCId) => ({ VPCRegion: 'us-east-1', VPCId })) },
      };
    },
    ListResourceRecordSets: ({ path, name }) => {
      const wanted = typeof name === 'string' ? `${name}.` : undefined;
      const all = zoneOf(path).records ?? [];
      return listed(wanted === undefined ? all : all.filter(({ Name }) => Name === wanted));
    },
    ChangeResourceRecordSets: () => accepted,
  });
  return aws.clients();
}

async function choose(name: string, zones: readonly FakeZone[], more: Partial<ChooseZonesOptions> = {}) {
  const choice = await chooseZones({ clients: await route53(zones), name, ...more }, signal);
  return { ...choice, ids: choice.zones.map(({ zone, view }) => `${zone.id} ${view}`) };
}

const shop = cname('shop.example.com', OLD).raw;

describe('chooseZones', () => {
  it('takes the longest zone on a label boundary', async () => {
    const zones = [
      { id: 'Z1', name: 'example.com' },
      { id: 'Z2', name: 'shop.example.com' },
      { id: 'Z3', name: 'hop.example.com' },
      { id: 'Z4', name: 'notexample.com' },
    ];

    expect((await choose('a.shop.example.com', zones)).ids).toEqual(['Z2 public']);
  });

  it('leaves out a zone that hands the name on to other servers: its record is dead', async () => {
    const ns = record({
      Name: 'shop.example.com.',
      Type: 'NS',
      TTL: 60,
      ResourceRecords: [{ Value: 'ns.elsewhere.net' }],
    }).raw;

    const choice = await choose('www.shop.example.com', [{ id: 'Z1', name: 'example.com', records: [ns] }]);

    expect(choice.ids).toEqual([]);
    expect(choice.warnings.join()).toContain('delegates shop.example.com');
  });

  it('takes of several zones of one name the one the world asks', async () => {
    const zones = [
      { id: 'Z1', name: 'example.com', nameServers: ['ns-1.awsdns.com'] },
      { id: 'Z2', name: 'example.com', nameServers: ['ns-2.awsdns.com'] },
    ];
    const resolver = fakeResolver({ ns: { 'example.com': ['ns-2.awsdns.com'] } });

    const choice = await choose('shop.example.com', zones, { resolver });

    expect(choice.ids).toEqual(['Z2 public']);
    expect(choice.zones[0]!.isDelegated).toBe(true);
  });

  it('takes none the world does not ask', async () => {
    const resolver = fakeResolver({ ns: { 'example.com': ['ns.registrar.net'] } });

    const choice = await choose('shop.example.com', [{ id: 'Z1', name: 'example.com', nameServers: ['ns-1'] }], {
      resolver,
    });

    expect(choice.ids).toEqual([]);
    expect(choice.warnings.join()).toContain('ns.registrar.net');
  });

  it('warns of several zones of one name when it may not ask the world', async () => {
    const zones = ['Z1', 'Z2'].map((id) => ({ id, name: 'example.com' }));

    const choice = await choose('shop.example.com', zones);

    expect(choice.ids).toEqual(['Z1 public', 'Z2 public']);
    expect(choice.warnings).toHaveLength(1);
  });

  it('takes with a split horizon both zones, the private one only of the rack’s VPC', async () => {
    const zones = [
      { id: 'Z1', name: 'example.com', records: [shop] },
      { id: 'Z2', name: 'example.com', isPrivate: true, vpcs: ['vpc-1'], records: [shop] },
      { id: 'Z3', name: 'example.com', isPrivate: true, vpcs: ['vpc-2'], records: [shop] },
    ];

    expect((await choose('shop.example.com', zones, { vpcId: 'vpc-1' })).ids).toEqual(['Z1 public', 'Z2 private']);
    await aws!.close();
    expect((await choose('shop.example.com', zones)).ids).toEqual(['Z1 public']);
  });

  it('warns of a private zone that hides a public name inside the VPC', async () => {
    const zones = [
      { id: 'Z1', name: 'example.com', records: [shop] },
      { id: 'Z2', name: 'example.com', isPrivate: true, vpcs: ['vpc-1'] },
    ];

    const choice = await choose('shop.example.com', zones, { vpcId: 'vpc-1' });

    expect(choice.warnings.join()).toContain('private zone example.com has no record');
  });

  it('says that DNS is elsewhere when no zone of the account is the name’s', async () => {
    expect(await choose('shop.example.org', [{ id: 'Z1', name: 'example.com' }])).toMatchObject({
      zones: [],
      warnings: [expect.stringContaining('DNS is elsewhere')],
    });
  });
});

describe('validation records', () => {
  const records = [{ name: '_x.shop.example.com', type: 'CNAME' as const, value: '_y.acm-validations.aws' }];

  it('go into the public zone, even when a private one hides it', async () => {
    const clients = await route53([
      { id: 'Z2', name: 'example.com', isPrivate: true, vpcs: ['vpc-1'] },
      { id: 'Z1', name: 'example.com' },
    ]);

    const batches = await planValidationRecords({ clients, records }, signal);

    expect(batches).toMatchObject([{ zoneId: 'Z1', before: [], after: [{ Name: '_x.shop.example.com.', TTL: 300 }] }]);
    expect(await writeValidationRecords({ clients, batches }, signal)).toMatchObject([{ changeId: 'C1' }]);
  });

  it('that are there already are neither written nor, later, taken away', async () => {
    const present = cname('_x.shop.example.com', '_y.acm-validations.aws.').raw;
    const clients = await route53([{ id: 'Z1', name: 'example.com', records: [present] }]);

    expect(await planValidationRecords({ clients, records }, signal)).toEqual([]);
  });

  it('of a name whose DNS is elsewhere are named', async () => {
    const clients = await route53([]);

    await expect(planValidationRecords({ clients, records }, signal)).rejects.toMatchObject({ code: 'ZONE_NOT_FOUND' });
    await expect(getPublicZone({ clients, name: 'x.y' }, signal)).rejects.toMatchObject({ code: 'ZONE_NOT_FOUND' });
  });
});
