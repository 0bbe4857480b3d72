import { describe, expect, it } from 'vitest';
import { planRecordChanges, type PlanRecordChangesOptions } from '../../../src/aws/dns/plan.ts';
import { recordChanges } from '../../../src/aws/dns/record-batch.ts';
import { alias, cname, ELB_ZONE, NEW, OLD, record, zone } from '../support/records.ts';
import type { RecordSet } from '../../../src/aws/dns/record-set.ts';

const plan = (records: readonly RecordSet[], more: Partial<PlanRecordChangesOptions> = {}) =>
  planRecordChanges({ zone, records, from: [OLD], to: { dnsName: NEW }, ...more });

const key = (name: string): string => name.toLowerCase();

describe('planRecordChanges', () => {
  it('moves a CNAME as a CNAME with its TTL, by deleting exactly what was read', () => {
    const shop = cname('shop.example.com', OLD);

    const { batches, refused } = plan([shop]);

    expect(refused).toEqual([]);
    expect(recordChanges(batches[0]!)).toEqual([
      { action: 'DELETE', record: shop.raw },
      { action: 'CREATE', record: { ...shop.raw, ResourceRecords: [{ Value: key(NEW) }] } },
    ]);
  });

  it('recognises the balancer in other letter case, with a final dot and with dualstack', () => {
    const records = [
      cname('a.example.com', `${OLD.toUpperCase()}.`),
      alias('b.example.com', `dualstack.${OLD}`),
      cname('c.example.com', 'elsewhere.example.net'),
    ];

    const { batches } = plan(records);

    expect(batches[0]!.before.map(({ Name }) => Name)).toEqual(['a.example.com.', 'b.example.com.']);
  });

  it('moves an alias A and AAAA, never evaluating the target’s health, and keeps dualstack', () => {
    const AliasTarget = { HostedZoneId: ELB_ZONE, DNSName: `dualstack.${OLD}.`, EvaluateTargetHealth: true };
    const records = ['A', 'AAAA'].map((Type) => record({ Name: 'example.com.', Type, AliasTarget }));

    const { batches, notices } = plan(records);

    const wanted = { HostedZoneId: ELB_ZONE, DNSName: `dualstack.${key(NEW)}.`, EvaluateTargetHealth: false };
    expect(batches[0]!.after).toEqual([
      { Name: 'example.com.', Type: 'A', AliasTarget: wanted },
      { Name: 'example.com.', Type: 'AAAA', AliasTarget: wanted },
    ]);
    expect(notices[0]).toContain('no longer follows');
  });

  it('turns a CNAME into an alias in one batch, the DELETE first, when asked to', () => {
    const { batches } = plan([cname('shop.example.com', OLD)], { cnameBecomes: 'alias' });

    const changes = recordChanges(batches[0]!);

    expect(changes.map(({ action, record: { Type } }) => `${action} ${Type}`)).toEqual(['DELETE CNAME', 'CREATE A']);
    expect(changes[1]!.record).not.toHaveProperty('TTL');
    expect(changes[1]!.record).not.toHaveProperty('ResourceRecords');
  });

  it.each([
    ['weighted', { SetIdentifier: 'one', Weight: 50 }],
    ['latency', { SetIdentifier: 'one', Region: 'us-east-1' }],
    ['geolocation', { SetIdentifier: 'one', GeoLocation: { CountryCode: 'US' } }],
    ['failover', { SetIdentifier: 'one', Failover: 'PRIMARY', HealthCheckId: 'check-1' }],
    ['geoproximity', { SetIdentifier: 'one', GeoProximityLocation: { AWSRegion: 'us-east-1' } }],
    ['cidr', { SetIdentifier: 'one', CidrRoutingConfig: { CollectionId: 'c', LocationName: 'l' } }],
  ])('keeps the routing of a %s set and says so', (kind, routing) => {
    const moved = cname('shop.example.com', OLD, routing);
    const other = cname('shop.example.com', 'elsewhere.example.net', { ...routing, SetIdentifier: 'two' });

    const { batches, notices } = plan([moved, other]);

    expect(batches[0]!.after).toEqual([{ ...moved.raw, ResourceRecords: [{ Value: key(NEW) }] }]);
    expect(notices.join()).toContain(kind);
  });

  it.each([
    ['traffic-policy', { TrafficPolicyInstanceId: 'policy-1' }],
    ['multivalue', { SetIdentifier: 'one', MultiValueAnswer: true }],
    [
      'failover-without-check',
      {
        SetIdentifier: 'one',
        Failover: 'PRIMARY',
        AliasTarget: { HostedZoneId: ELB_ZONE, DNSName: `${OLD}.`, EvaluateTargetHealth: true },
      },
    ],
  ])('refuses a set it cannot move safely: %s', (reason, fields) => {
    const { batches, refused } = plan([alias('shop.example.com', OLD, fields)]);

    expect(batches).toEqual([]);
    expect(refused).toMatchObject([{ name: 'shop.example.com', reason }]);
  });

  it('refuses an alias when the new balancer’s zone id is not known', () => {
    const { refused } = plan([alias('shop.example.com', OLD)], { to: { dnsName: 'lb.mars-east-1.elb.amazonaws.com' } });

    expect(refused).toMatchObject([{ reason: 'zone-id-unknown' }]);
  });

  it('refuses names that are not the old balancer’s: fixed addresses, another target, nothing', () => {
    const records = [
      record({ Name: 'cdn.example.com.', Type: 'A', TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] }),
      cname('blog.example.com', 'blog.example.net'),
    ];

    const { refused } = plan(records, { names: ['cdn.example.com', 'blog.example.com', 'none.example.com'] });

    expect(refused.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      'cdn.example.com fixed-addresses',
      'blog.example.com points-elsewhere',
      'none.example.com absent',
    ]);
    expect(refused[0]!.says).toContain('192.0.2.1');
  });

  it('changes only what names the balancer itself: a name leading there through another follows by itself', () => {
    const records = [cname('www.example.com', 'shop.example.com'), cname('shop.example.com', OLD)];

    const { batches, refused } = plan(records, { names: ['www.example.com', 'shop.example.com'] });

    expect(batches[0]!.before).toEqual([records[1]!.raw]);
    expect(refused).toEqual([]);
  });

  it('plans nothing for names that point at the new balancer already', () => {
    expect(plan([cname('shop.example.com', NEW)], { names: ['shop.example.com'] })).toEqual({
      batches: [],
      stages: [undefined],
      refused: [],
      notices: [],
    });
  });

  it('shares answers out by weight in stages, each batch beginning where the one before ended', () => {
    const shop = cname('shop.example.com', OLD);

    const { batches } = plan([shop], { stages: [10, 50] });

    expect(batches.map(({ after }) => after.map(({ Weight, SetIdentifier }) => [SetIdentifier, Weight]))).toEqual([
      [
        ['convox-gen2-old', 90],
        ['convox-gen2-new', 10],
      ],
      [
        ['convox-gen2-old', 50],
        ['convox-gen2-new', 50],
      ],
      [[undefined, undefined]],
    ]);
    expect(batches[1]!.before).toEqual(batches[0]!.after);
    expect(batches[2]!.before).toEqual(batches[1]!.after);
    expect(batches[0]!.after.map(({ TTL }) => TTL)).toEqual([300, 300]);
  });

  it.each([[[0]], [[100, 100]], [[50, 10]], [[10.5]]])(
    'refuses stages that are not rising percentages: %o',
    (stages) => {
      expect(() => plan([cname('shop.example.com', OLD)], { stages })).toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      );
    },
  );

  it('moves a routed set only with the last stage', () => {
    const weighted = cname('shop.example.com', OLD, { SetIdentifier: 'mine', Weight: 7 });

    const { batches, notices } = plan([weighted], { stages: [10] });

    expect(batches).toHaveLength(1);
    expect(notices.join()).toContain('last stage');
  });

  it('takes 100 as the last stage, and keeps a set that cannot be shared out for that one', () => {
    const simple = cname('www.example.com', OLD);
    const weighted = cname('shop.example.com', OLD, { SetIdentifier: 'mine', Weight: 7 });

    expect(plan([simple], { stages: [10, 100] })).toEqual(plan([simple], { stages: [10] }));
    expect(plan([weighted], { stages: [10, 50, 100] }).stages.map((batch) => batch !== undefined)).toEqual([
      false,
      false,
      true,
    ]);
  });
});
