import { describe, expect, it } from 'vitest';
import { dnsName, isInZone, parentsOf } from '../../../src/aws/dns/names.ts';
import { findOwnershipMarks } from '../../../src/aws/dns/ownership.ts';
import { changedRecord, inverseBatch, isSameState, parseRecordBatches } from '../../../src/aws/dns/record-batch.ts';
import { parseRaw, rawFromSdk, recordSet } from '../../../src/aws/dns/record-set.ts';
import { pointingIn } from '../../../src/aws/dns/records.ts';
import { longestTtlSeconds, planTtl } from '../../../src/aws/dns/ttl.ts';
import { renderZoneFile } from '../../../src/aws/dns/zone-file.ts';
import { alias, cname, NEW, OLD, record, zone } from '../support/records.ts';

describe('names', () => {
  it('reads Route 53’s escaped star, letter case and final dot', () => {
    expect(dnsName('\\052.Example.COM.')).toBe('*.example.com');
  });

  it('keeps label boundaries: notexample.com is not in example.com', () => {
    expect(isInZone('notexample.com', 'example.com')).toBe(false);
    expect(isInZone('a.Example.com.', 'example.com')).toBe(true);
    expect(isInZone('example.com', 'example.com')).toBe(true);
  });

  it('lists parents down to two labels', () => {
    expect(parentsOf('a.b.example.com', 2)).toEqual(['a.b.example.com', 'b.example.com', 'example.com']);
  });
});

describe('record sets', () => {
  it('leaves out of an alias the TTL and empty lists that Route 53 would not take back', () => {
    const AliasTarget = { HostedZoneId: 'Z', DNSName: 'x.', EvaluateTargetHealth: false };

    const raw = rawFromSdk({ Name: 'a.', Type: 'A', TTL: 0, ResourceRecords: [], AliasTarget });

    expect(raw).toEqual({ Name: 'a.', Type: 'A', AliasTarget });
  });

  it('keeps fields it does not know, so that a DELETE stays exact', () => {
    expect(parseRaw({ Name: 'a.', Type: 'A', NewField: { x: 1 } })).toEqual({
      Name: 'a.',
      Type: 'A',
      NewField: { x: 1 },
    });
  });

  it('names damaged saved data', () => {
    expect(() => parseRaw({ Name: 'a.' })).toThrow(expect.objectContaining({ code: 'JOURNAL_DAMAGED' }));
    expect(() => parseRecordBatches([{ zoneId: 'Z' }])).toThrow(expect.objectContaining({ code: 'JOURNAL_DAMAGED' }));
  });

  it('reads batches back from JSON unchanged', () => {
    const batch = { zoneId: 'Z', zoneName: 'z', before: [cname('a.z', OLD).raw], after: [alias('a.z', NEW).raw] };

    expect(parseRecordBatches(JSON.parse(JSON.stringify([batch])))).toEqual([batch]);
  });

  it('compares states whatever the order of sets and values', () => {
    const [a, b] = [cname('a.z', OLD).raw, cname('b.z', OLD).raw];

    expect(isSameState([a, b], [b, a])).toBe(true);
    expect(isSameState([a], [changedRecord(a, { TTL: 301 })])).toBe(false);
    expect(inverseBatch({ zoneId: 'Z', zoneName: 'z', before: [a], after: [b] }).before).toEqual([b]);
  });

  it.each([
    ['weighted', { Weight: 0, SetIdentifier: 'x' }],
    ['latency', { Region: 'eu-west-1', SetIdentifier: 'x' }],
    ['failover', { Failover: 'SECONDARY', SetIdentifier: 'x' }],
    ['geolocation', { GeoLocation: {}, SetIdentifier: 'x' }],
    ['multivalue', { MultiValueAnswer: true, SetIdentifier: 'x' }],
    ['simple', {}],
  ])('tells %s routing', (kind, fields) => {
    expect(recordSet('Z', { Name: 'a.', Type: 'A', ...fields }).routing.kind).toBe(kind);
  });
});

describe('pointingIn', () => {
  it('follows names within the zone to the balancer and says which way', () => {
    const records = [cname('www.example.com', 'shop.example.com.'), alias('shop.example.com', OLD)];

    const found = pointingIn(zone, records, [OLD]);

    expect(found.map(({ record: { name }, via }) => [name, via])).toEqual([
      ['www.example.com', ['shop.example.com']],
      ['shop.example.com', []],
    ]);
  });

  it('ends on a loop of names', () => {
    const records = [cname('a.example.com', 'b.example.com'), cname('b.example.com', 'a.example.com')];

    expect(pointingIn(zone, records, [OLD])).toEqual([]);
  });
});

describe('TTLs', () => {
  it('changes only the TTL of sets that have one', () => {
    const records = [cname('shop.example.com', OLD), alias('example.com', OLD)];

    const batch = planTtl({ zone, records, names: ['shop.example.com', 'example.com'], ttlSeconds: () => 60 });

    expect(batch!.after).toEqual([{ ...records[0]!.raw, TTL: 60 }]);
    expect(planTtl({ zone, records, names: ['shop.example.com'], ttlSeconds: () => 300 })).toBeUndefined();
  });

  it('counts an alias as 60 seconds, as Route 53 answers it', () => {
    expect(longestTtlSeconds([cname('a.z', OLD, { TTL: 30 }), alias('b.z', OLD)])).toBe(60);
    expect(longestTtlSeconds([])).toBe(0);
  });
});

describe('findOwnershipMarks', () => {
  const txt = (name: string, value: string) =>
    record({ Name: `${name}.`, Type: 'TXT', TTL: 300, ResourceRecords: [{ Value: value }] });
  const mark = '"heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/shop"';

  it.each(['shop.example.com', 'cname-shop.example.com', '_externaldns.shop.example.com', 'shop-owner.example.com'])(
    'finds external-dns’s mark at %s',
    (at) => {
      expect(findOwnershipMarks([txt(at, mark)], ['shop.example.com'])).toMatchObject([
        { name: 'shop.example.com', owner: 'external-dns', markName: at },
      ]);
    },
  );

  it('takes neither another name’s mark nor other TXT records for one', () => {
    const records = [txt('cname-workshop.example.com', mark), txt('shop.example.com', '"v=spf1 -all"')];

    expect(findOwnershipMarks(records, ['shop.example.com'])).toEqual([]);
  });
});

describe('renderZoneFile', () => {
  it('writes the records to set elsewhere, an ALIAS at the apex', () => {
    const text = renderZoneFile([
      { name: 'Shop.example.com', isApex: false, balancerDnsName: NEW },
      { name: 'example.com', isApex: true, balancerDnsName: NEW, ttlSeconds: 300 },
    ]);

    expect(text.split('\n')).toEqual([
      `shop.example.com. 60 IN CNAME ${NEW.toLowerCase()}.`,
      `example.com. 300 IN ALIAS ${NEW.toLowerCase()}. ; ALIAS, ANAME or flattened CNAME, as your provider calls it`,
      '',
    ]);
  });
});
