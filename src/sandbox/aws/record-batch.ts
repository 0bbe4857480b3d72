import type { HostedZone, RecordSet } from '../model/dns.ts';
import { AwsRefusal, type RecordChange, type World } from '../world.ts';
import { BALANCER_ZONES } from './regions.ts';
import { checkInput, valueProblem } from './record-input.ts';
import { isInZone } from './record-names.ts';
import { RecordTable, sameSet, storedSet } from './record-sets.ts';

/** The zone id of every CloudFront distribution (Route 53 API reference, AliasTarget); what is behind is not modelled. */
const CLOUDFRONT_ZONE = 'Z2FDTNDATAQYW2';

/**
 * The zone's sets after a batch, in Route 53's order. Changes are judged one after the other on what the earlier ones
 * left: a CREATE beside a CNAME fails although its DELETE follows (octodns/octodns#507).
 *
 * @throws {AwsRefusal} `InvalidChangeBatch` with all that is wrong as `[first, second]`, or `InvalidInput`.
 */
export function applyBatch(world: World, zone: HostedZone, changes: readonly RecordChange[]): readonly RecordSet[] {
  checkInput(changes);
  const table = new RecordTable(zone.recordSets);
  const problems: string[] = [];
  for (const { action, recordSet } of changes) {
    const set = storedSet(recordSet);
    const problem =
      action === 'DELETE' ? problemOfDelete(table, zone, set) : problemOfPut(world, table, zone, set, action);
    if (problem !== undefined) problems.push(problem);
    else if (action === 'DELETE') table.remove(set);
    else table.put(set);
  }
  const puts = changes.filter(({ action }) => action !== 'DELETE').map(({ recordSet }) => storedSet(recordSet));
  if (problems.length === 0) problems.push(...unequalTtls(table, puts));
  if (problems.length > 0) throw new AwsRefusal('InvalidChangeBatch', `[${problems.join(', ')}]`);
  return table.sorted();
}

function problemOfDelete(table: RecordTable, zone: HostedZone, set: RecordSet): string | undefined {
  const kept = table.get(set);
  if (kept === undefined) return `Tried to delete ${described(set)} but it was not found`;
  if (!sameSet(kept, set)) {
    return `Tried to delete ${described(set)} but the values provided do not match the current values`;
  }
  if (set.name !== zone.name) return undefined;
  if (set.type === 'SOA') return 'A HostedZone must contain exactly one SOA record.';
  if (set.type === 'NS') return 'A HostedZone must contain at least one NS record for the zone itself.';
  return undefined;
}

function problemOfPut(
  world: World,
  table: RecordTable,
  zone: HostedZone,
  set: RecordSet,
  action: 'CREATE' | 'UPSERT',
): string | undefined {
  if (!isInZone(set.name, zone.name)) {
    return `RRSet with DNS name ${set.name} is not permitted in zone ${zone.name}`;
  }
  if (action === 'CREATE' && table.get(set) !== undefined) {
    return `Tried to create ${described(set)} but it already exists`;
  }
  if (set.type === 'CNAME' && set.name === zone.name) {
    return `RRSet of type CNAME with DNS name ${set.name} is not permitted at apex in zone ${zone.name}`;
  }
  return valueProblem(set) ?? problemBeside(table, zone, set) ?? problemOfAlias(world, table, zone, set);
}

/** What may not stand beside what. */
function problemBeside(table: RecordTable, zone: HostedZone, set: RecordSet): string | undefined {
  const others = table.named(set.name);
  if (set.type === 'CNAME' && others.some(({ type }) => type !== 'CNAME')) {
    return (
      `RRSet of type CNAME with DNS name ${set.name} is not permitted as it conflicts with other records with the ` +
      `same DNS name in zone ${zone.name}`
    );
  }
  if (set.type !== 'CNAME' && others.some(({ type }) => type === 'CNAME')) {
    return (
      `RRSet of type ${set.type} with DNS name ${set.name} is not permitted because a conflicting RRSet of type ` +
      `CNAME with the same DNS name already exists in zone ${zone.name}`
    );
  }
  const alike = others.filter(({ type, setIdentifier }) => type === set.type && setIdentifier !== set.setIdentifier);
  if (set.setIdentifier === undefined) {
    return alike.length === 0
      ? undefined
      : `RRSet with DNS name ${set.name}, type ${set.type} cannot be created as other RRSets exist with the same name and type`;
  }
  return problemAmong(alike, set, set.setIdentifier);
}

/** Sets of one name and type must end with one TTL (Developer Guide, "Values specific for weighted records"). */
function unequalTtls(table: RecordTable, puts: readonly RecordSet[]): readonly string[] {
  const groups = new Map(puts.map(({ name, type }) => [`${name} ${type}`, { name, type }]));
  return [...groups.values()].flatMap(({ name, type }) => {
    const ttls = table.named(name).flatMap((set) => (set.type === type && set.ttl !== undefined ? [set.ttl] : []));
    return new Set(ttls).size > 1
      ? [`RRSets with DNS name ${name}, type ${type} must all have the same TTL; found ${ttls.join(' and ')}`]
      : [];
  });
}

/** Sets of one name and type with identifiers: all routed alike. */
function problemAmong(alike: readonly RecordSet[], set: RecordSet, setIdentifier: string): string | undefined {
  const subject = `RRSet with DNS name ${set.name}, type ${set.type}, SetIdentifier ${setIdentifier} cannot be created as`;
  for (const other of alike) {
    if (routingOf(other) !== routingOf(set)) {
      return `${subject} a non-${routingOf(set)} set exists with the same name and type`;
    }
    if (set.failover !== undefined && set.failover === other.failover) {
      return `${subject} a ${set.failover.toLowerCase()} set already exists with the same name and type`;
    }
    if (set.region !== undefined && set.region === other.region) {
      return `${subject} a set for region ${set.region} already exists with the same name and type`;
    }
  }
  return undefined;
}

function routingOf(set: RecordSet): string {
  if (set.weight !== undefined) return 'weighted';
  if (set.region !== undefined) return 'latency';
  if (set.failover !== undefined) return 'failover';
  if (set.geoLocation !== undefined) return 'geolocation';
  return set.multiValueAnswer === undefined ? 'simple' : 'multivalue';
}

/** An alias's target must exist: a set of the same type in this zone, or a balancer whose zone id is the region's. */
function problemOfAlias(world: World, table: RecordTable, zone: HostedZone, set: RecordSet): string | undefined {
  const { alias } = set;
  if (alias === undefined) return undefined;
  const { hostedZoneId, dnsName } = alias;
  const subject = `Tried to create an alias that targets ${dnsName}, type ${set.type} in zone ${hostedZoneId}, but`;
  if (hostedZoneId === zone.id) {
    if (!isInZone(dnsName, zone.name)) return `${subject} the alias target name does not lie within the target zone`;
    return table.named(dnsName).some(({ type }) => type === set.type)
      ? undefined
      : `${subject} that target was not found`;
  }
  if (hostedZoneId === CLOUDFRONT_ZONE && dnsName.endsWith('.cloudfront.net.')) return undefined;
  const isAddress = set.type === 'A' || set.type === 'AAAA';
  return isAddress && hasBalancer(world, hostedZoneId, dnsName) ? undefined : `${subject} that target was not found`;
}

function hasBalancer(world: World, zoneId: string, dnsName: string): boolean {
  if (!Object.values(BALANCER_ZONES).includes(zoneId)) return false;
  const wanted = dnsName.replace(/^dualstack\./, '').replace(/\.$/, '');
  const { loadBalancers, classic } = world.balancing;
  return [...loadBalancers.values(), ...classic.values()].some(
    (balancer) => balancer.canonicalHostedZoneId === zoneId && balancer.dnsName.toLowerCase() === wanted,
  );
}

function described({ name, type, setIdentifier }: RecordSet): string {
  const identifier = setIdentifier === undefined ? '' : `, set-identifier='${setIdentifier}'`;
  return `resource record set [name='${name}', type='${type}'${identifier}]`;
}
