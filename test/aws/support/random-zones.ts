import fc from 'fast-check';
import type { RawRecordSet } from '../../../src/aws/dns/record-set.ts';
import { ELB_ZONE } from './records.ts';

/** The names balancers have in the world these zones are made for. */
export interface Balancers {
  readonly old: string;
  readonly oldInternal: string;
  readonly elsewhere: string;
}

const mixedCase = (text: string): fc.Arbitrary<string> =>
  fc.infiniteStream(fc.boolean()).map((flips) => {
    const upper = flips[Symbol.iterator]();
    return text.replace(/[a-z]/g, (letter) => (upper.next().value === true ? letter.toUpperCase() : letter));
  });

const dotted = (text: string): fc.Arbitrary<string> => fc.constantFrom(text, `${text}.`);

/** Ways to write one host name: letter case and final dot. */
const written = (name: string): fc.Arbitrary<string> => mixedCase(name).chain(dotted);

const value = (text: string) => [{ Value: text }];
const ttl = fc.constantFrom(5, 60, 300, 3600);

function aliasTo(name: string): fc.Arbitrary<RawRecordSet['AliasTarget']> {
  return fc
    .tuple(fc.constantFrom('', 'dualstack.'), written(name), fc.boolean())
    .map(([prefix, host, EvaluateTargetHealth]) => ({
      HostedZoneId: ELB_ZONE,
      DNSName: `${prefix}${host}`,
      EvaluateTargetHealth,
    }));
}

/** Two or more sets of one name that are routed among, the first pointing at `target`. */
function routed(Name: string, target: string, elsewhere: string): fc.Arbitrary<readonly RawRecordSet[]> {
  const one = (SetIdentifier: string, to: string, fields: object, TTL: number): RawRecordSet => ({
    Name,
    Type: 'CNAME',
    TTL,
    SetIdentifier,
    ResourceRecords: value(to),
    ...fields,
  });
  return fc.oneof(
    fc
      .tuple(ttl, fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }), written(target))
      .map(([TTL, a, b, to]) => [one('a', to, { Weight: a }, TTL), one('b', elsewhere, { Weight: b }, TTL)]),
    fc
      .tuple(ttl, written(target))
      .map(([TTL, to]) => [
        one('us', to, { Region: 'us-east-1' }, TTL),
        one('eu', elsewhere, { Region: 'eu-west-1' }, TTL),
      ]),
    fc
      .tuple(ttl, written(target))
      .map(([TTL, to]) => [
        one('de', to, { GeoLocation: { CountryCode: 'DE' } }, TTL),
        one('world', elsewhere, { GeoLocation: { CountryCode: '*' } }, TTL),
      ]),
    fc
      .tuple(ttl, written(target))
      .map(([TTL, to]) => [
        one('first', to, { Failover: 'PRIMARY', HealthCheckId: 'c0ffee00-0000-4000-8000-000000000001' }, TTL),
        one('second', elsewhere, { Failover: 'SECONDARY' }, TTL),
      ]),
    fc.tuple(aliasTo(target), aliasTo(elsewhere)).map(([AliasTarget, other]) => [
      { Name, Type: 'A', SetIdentifier: 'a', Weight: 1, AliasTarget },
      { Name, Type: 'A', SetIdentifier: 'b', Weight: 3, AliasTarget: other },
    ]),
  );
}

/** What may stand at one name: nothing, something of the old app, or something of others. */
function atName(
  zone: string,
  label: string,
  { old, oldInternal, elsewhere }: Balancers,
): fc.Arbitrary<readonly RawRecordSet[]> {
  const Name = label === '' ? `${zone}.` : `${label}.${zone}.`;
  const target = fc.constantFrom(old, oldInternal);
  const aliases = target.chain((to) =>
    fc
      .tuple(aliasTo(to), fc.boolean())
      .map(([AliasTarget, both]): readonly RawRecordSet[] => [
        { Name, Type: 'A', AliasTarget },
        ...(both ? [{ Name, Type: 'AAAA', AliasTarget }] : []),
      ]),
  );
  const fixed = fc.constant<readonly RawRecordSet[]>([
    { Name, Type: 'A', TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }, { Value: '192.0.2.2' }] },
    { Name, Type: 'TXT', TTL: 60, ResourceRecords: value('"heritage=none, a \\"quoted\\" text"') },
  ]);
  const multivalue = fc.constant<readonly RawRecordSet[]>([
    { Name, Type: 'A', TTL: 60, SetIdentifier: 'one', MultiValueAnswer: true, ResourceRecords: value('192.0.2.1') },
  ]);
  if (label === '') return fc.oneof(aliases, fixed);
  const cname = fc
    .tuple(ttl, target.chain(written))
    .map(([TTL, to]): readonly RawRecordSet[] => [{ Name, Type: 'CNAME', TTL, ResourceRecords: value(to) }]);
  const away = fc.constant<readonly RawRecordSet[]>([
    { Name, Type: 'CNAME', TTL: 300, ResourceRecords: value('www.example.net.') },
  ]);
  const sets = target.chain((to) => routed(Name, to, elsewhere));
  return fc.oneof(
    { weight: 3, arbitrary: cname },
    { weight: 3, arbitrary: aliases },
    sets,
    sets,
    fixed,
    multivalue,
    away,
  );
}

const LABELS = ['', 'shop', 'www', '*', '*.apps', 'a.b', 'api', 'under_score', 'xn--bcher-kva'] as const;

/** A zone's records of every shape, at some of nine names. */
export function randomRecords(zone: string, balancers: Balancers): fc.Arbitrary<readonly RawRecordSet[]> {
  return fc
    .subarray([...LABELS], { minLength: 1 })
    .chain((labels) => fc.tuple(...labels.map((label) => atName(zone, label, balancers))))
    .map((lists) => lists.flat());
}
