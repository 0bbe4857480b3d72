import fc from 'fast-check';
import { describe, expect } from 'vitest';
import type { HostedZone, RecordSet } from '../../../src/sandbox/model/dns.ts';
import { AwsRefusal, type RecordChange, type World } from '../../../src/sandbox/world.ts';
import { makeAwsWorld, test } from './aws-world.ts';

const RUNS = 300;

const nameOf = fc.constantFrom('example.com', 'a.example.com', 'A.Example.com.', '*.example.com', 'x.a.example.com');
const anyRouting = fc.oneof(
  fc.constant({}),
  fc.record({ setIdentifier: fc.constantFrom('old', 'new'), weight: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ setIdentifier: fc.constantFrom('one', 'two'), failover: fc.constantFrom('PRIMARY', 'SECONDARY') }),
);
const anyContent: fc.Arbitrary<Omit<RecordSet, 'name'>> = fc.oneof(
  fc.record({
    type: fc.constant('A'),
    ttl: fc.constantFrom(60, 300),
    values: fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant('CNAME'),
    ttl: fc.constantFrom(60, 300),
    values: fc.constant(['Elsewhere.example.net']),
  }),
  fc.record({ type: fc.constant('TXT'), ttl: fc.constant(60), values: fc.constant(['"text"']) }),
);
const anySet = fc
  .tuple(nameOf, anyContent, anyRouting)
  .map(([name, content, routing]): RecordSet => ({ name, ...content, ...routing }));
const anyChange: fc.Arbitrary<RecordChange> = fc.record({
  action: fc.constantFrom('CREATE', 'DELETE', 'UPSERT'),
  recordSet: anySet,
});
const batches = fc.array(fc.array(anyChange, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });

/** Applies a batch; says whether it was accepted. */
function accepts(world: World, zone: HostedZone, changes: readonly RecordChange[]): boolean {
  try {
    world.route53.change(zone.id, changes);
    return true;
  } catch (error) {
    if (error instanceof AwsRefusal && ['InvalidChangeBatch', 'InvalidInput'].includes(error.code)) return false;
    throw error;
  }
}

function withZone(check: (world: World, zone: HostedZone) => void): void {
  const { world } = makeAwsWorld();
  try {
    check(world, world.route53.createZone({ name: 'example.com', isPrivate: false }));
  } finally {
    world.clock.close();
  }
}

describe('whatever batches come', () => {
  test('a refused one leaves the zone as it was', () => {
    fc.assert(
      fc.property(batches, (all) => {
        withZone((world, zone) => {
          for (const changes of all) {
            const before = zone.recordSets;
            if (!accepts(world, zone, changes)) expect(zone.recordSets).toBe(before);
          }
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('nothing ever stands beside a CNAME, sets of one name and type are routed alike, and no set is there twice', () => {
    fc.assert(
      fc.property(batches, (all) => {
        withZone((world, zone) => {
          for (const changes of all) accepts(world, zone, changes);

          const names = [...new Set(zone.recordSets.map(({ name }) => name))];
          for (const name of names) {
            const sets = zone.recordSets.filter((set) => set.name === name);
            const types = new Set(sets.map(({ type }) => type));
            expect(types.has('CNAME') && types.size > 1).toBe(false);
            for (const type of types) {
              const alike = sets.filter((set) => set.type === type);
              expect(new Set(alike.map(({ setIdentifier }) => setIdentifier)).size).toBe(alike.length);
              expect(
                new Set(alike.map(({ weight, failover }) => [weight === undefined, failover === undefined].join()))
                  .size,
              ).toBe(1);
              expect(alike.length > 1 && alike.some(({ setIdentifier }) => setIdentifier === undefined)).toBe(false);
            }
          }
          expect(names.filter((name) => name === 'example.com.').length).toBe(1);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test('deleting what is listed and creating it anew gives the same zone', () => {
    fc.assert(
      fc.property(batches, (all) => {
        withZone((world, zone) => {
          for (const changes of all) accepts(world, zone, changes);
          const before = zone.recordSets;
          const own = before.filter(({ type }) => type !== 'NS' && type !== 'SOA');
          if (own.length === 0) return;

          world.route53.change(
            zone.id,
            own.map((recordSet) => ({ action: 'DELETE', recordSet })),
          );
          const between = zone.recordSets.length;
          world.route53.change(
            zone.id,
            own.map((recordSet) => ({ action: 'CREATE', recordSet })),
          );

          expect(between).toBe(2);
          expect(zone.recordSets).toEqual(before);
        });
      }),
      { numRuns: RUNS },
    );
  });
});
