import type { Answer } from 'dns-packet';
import type { RecordSet } from '../../model/dns.ts';
import type { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import { findBalancer, isBalancerHealthy } from './balancer-names.ts';
import { isWithin, parentName, plainName } from './names.ts';
import { recordAnswer } from './record-data.ts';

/** One step of an answer: the records of a name and type, a CNAME to go on with, or nothing. */
export interface Lookup {
  readonly outcome: 'records' | 'cname' | 'no-data' | 'no-name';
  readonly answers: readonly Answer[];
  /** Where a CNAME points; in plain form. */
  readonly target?: string;
  /** The zone's SOA with the negative TTL (RFC 2308 §5), when there is nothing. */
  readonly authority?: Answer;
}

/** TTL of an alias that points to a balancer (Route 53 developer guide, "Choosing between alias and non-alias records"). */
export const ALIAS_TTL_SECONDS = 60;
const MAX_ALIAS_DEPTH = 4;

export interface ZoneContext {
  readonly world: World;
  readonly random: Random;
  /** In plain form. */
  readonly zoneName: string;
  readonly recordSets: readonly RecordSet[];
}

/** What an authoritative server of the zone answers for one name and type, without following CNAMEs. */
export function lookUpInZone(zone: ZoneContext, name: string, type: string): Lookup {
  return lookUp(zone, name, type, MAX_ALIAS_DEPTH);
}

function lookUp(zone: ZoneContext, name: string, type: string, depth: number): Lookup {
  const owned = recordsFor(zone, name);
  if (owned === undefined) return nothing(zone, 'no-name');
  const wanted = owned.filter((record) => record.type === type || type === 'ANY');
  const cnames = type === 'CNAME' ? [] : owned.filter((record) => record.type === 'CNAME');
  const chosen = choose(zone, wanted.length > 0 ? wanted : cnames);
  const answers = chosen.flatMap((record) => answersOf(zone, record, name, depth));
  if (answers.length === 0) return nothing(zone, 'no-data');
  const [first] = answers;
  if (first?.type === 'CNAME' && type !== 'CNAME' && type !== 'ANY') {
    return { outcome: 'cname', answers, target: plainName(first.data) };
  }
  return { outcome: 'records', answers };
}

/** The records at a name, or at the wildcard that stands for it (RFC 4592); undefined when the name does not exist. */
function recordsFor(zone: ZoneContext, name: string): readonly RecordSet[] | undefined {
  const at = (wanted: string): readonly RecordSet[] => {
    return zone.recordSets.filter((record) => plainName(record.name) === wanted);
  };
  const exists = (wanted: string): boolean => zone.recordSets.some((r) => isWithin(plainName(r.name), wanted));
  if (exists(name)) return at(name);
  for (let parent = parentName(name); parent !== undefined; parent = parentName(parent)) {
    const wild = at(`*.${parent}`);
    if (wild.length > 0) return wild;
    if (exists(parent)) return undefined;
  }
  return undefined;
}

/** Applies the routing policy: simple sets as they are, weighted sets by lot, others as SPEC.md says. */
function choose(zone: ZoneContext, records: readonly RecordSet[]): readonly RecordSet[] {
  const sets = records.filter((record) => record.setIdentifier !== undefined);
  if (sets.length === 0 || sets.some((record) => record.multiValueAnswer === true)) return records;
  const healthy = sets.filter((record) => isHealthy(zone, record));
  // With all members unhealthy Route 53 considers all of them healthy.
  const eligible = healthy.length > 0 ? healthy : sets;
  if (eligible.some((record) => record.weight !== undefined)) {
    const drawn = draw(zone.random, eligible);
    return drawn === undefined ? [] : [drawn];
  }
  const preferred =
    eligible.find((record) => record.failover === 'PRIMARY') ??
    eligible.find((record) => record.region === zone.world.settings.region) ??
    eligible.find((record) => record.geoLocation?.['CountryCode'] === '*') ??
    eligible[0];
  return preferred === undefined ? [] : [preferred];
}

/** By weight; weight 0 only when all are 0, and then each equally often. */
function draw(random: Random, records: readonly RecordSet[]): RecordSet | undefined {
  const total = records.reduce((sum, record) => sum + (record.weight ?? 0), 0);
  if (total === 0) return records[random.integer(0, records.length - 1)];
  let at = random.next() * total;
  for (const record of records) {
    at -= record.weight ?? 0;
    if (at < 0) return record;
  }
  return records.at(-1);
}

function isHealthy(zone: ZoneContext, record: RecordSet): boolean {
  if (record.alias?.evaluateTargetHealth !== true) return true;
  const balancer = findBalancer(zone.world, record.alias.dnsName);
  return balancer === undefined || isBalancerHealthy(zone.world, balancer);
}

function answersOf(zone: ZoneContext, record: RecordSet, name: string, depth: number): readonly Answer[] {
  if (record.alias === undefined) {
    const ttl = record.ttl ?? 0;
    return (record.values ?? [])
      .map((value) => recordAnswer(name, record.type, ttl, value))
      .filter((answer) => answer !== undefined);
  }
  const target = plainName(record.alias.dnsName);
  const balancer = findBalancer(zone.world, target);
  if (balancer !== undefined) return record.type === 'A' ? addressAnswers(zone.random, name, balancer.addresses) : [];
  if (depth === 0 || !isWithin(target, zone.zoneName)) return [];
  const aliased = lookUp(zone, target, record.type, depth - 1);
  return aliased.outcome === 'records' ? aliased.answers.map((answer) => ({ ...answer, name })) : [];
}

/** A balancer's addresses, beginning with a random one, as Route 53 and ELB shuffle them. */
export function addressAnswers(random: Random, name: string, addresses: readonly string[]): Answer[] {
  if (addresses.length === 0) return [];
  const first = random.integer(0, addresses.length - 1);
  return [...addresses.slice(first), ...addresses.slice(0, first)].map((data) => {
    return { name, type: 'A' as const, ttl: ALIAS_TTL_SECONDS, data };
  });
}

function nothing(zone: ZoneContext, outcome: 'no-data' | 'no-name'): Lookup {
  const record = zone.recordSets.find((r) => r.type === 'SOA');
  const soa = recordAnswer(zone.zoneName, 'SOA', record?.ttl ?? 900, record?.values?.[0] ?? '');
  if (soa?.type !== 'SOA' || record === undefined) return { outcome, answers: [] };
  return { outcome, answers: [], authority: { ...soa, ttl: Math.min(soa.ttl ?? 900, soa.data.minimum ?? 900) } };
}
