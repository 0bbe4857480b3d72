import type { HostedZone, RecordSet } from '../model/dns.ts';
import type { World } from '../world.ts';
import { parentsOf } from './record-names.ts';

const MAX_CNAME_HOPS = 8;
/** CAA values that let Amazon issue (ACM docs, "Configure a CAA record"). */
const AMAZON_ISSUERS: ReadonlySet<string> = new Set(['amazon.com', 'amazontrust.com', 'awstrust.com', 'amazonaws.com']);

/**
 * What the public DNS answers for a name (final dot), as far as the world's own zones go: the most specific public
 * zone, the first one made where two have one name, and nothing below a delegation.
 */
export function publicRecords(world: World, name: string, type: string): readonly RecordSet[] {
  const zone = publicZoneOf(world, name);
  if (zone === undefined) return [];
  const sets = world.route53.servedBy(zone.id, undefined);
  const isDelegated = sets.some(
    (set) => set.type === 'NS' && set.name !== zone.name && (name === set.name || name.endsWith(`.${set.name}`)),
  );
  return isDelegated ? [] : sets.filter((set) => set.name === name && set.type === type);
}

/** False when the world knows the domain and nobody takes its mail: a domain elsewhere is taken to have a mailbox. */
export function takesMail(world: World, domain: string): boolean {
  const name = `${domain}.`;
  return publicZoneOf(world, name) === undefined || publicRecords(world, name, 'MX').length > 0;
}

function publicZoneOf(world: World, name: string): HostedZone | undefined {
  const zones = [...world.route53.zones.values()].filter(({ isPrivate }) => !isPrivate);
  for (const candidate of parentsOf(name)) {
    const zone = zones.find((other) => other.name === candidate);
    if (zone !== undefined) return zone;
  }
  return undefined;
}

/** False when a CAA record excludes Amazon: the first level that has one decides, CNAMEs are followed (ACM docs). */
export function mayAmazonIssue(world: World, domain: string): boolean {
  const isWildcard = domain.startsWith('*.');
  for (const level of parentsOf(`${domain.replace(/^\*\./, '')}.`)) {
    const values = caaValues(world, level, MAX_CNAME_HOPS);
    if (values.length === 0) continue;
    const issuers = (tag: string): readonly string[] =>
      values.flatMap((value) => {
        const [, found, issuer = ''] = /^\d+\s+(\w+)\s+"?([^";]*)/.exec(value) ?? [];
        return found?.toLowerCase() === tag ? [issuer.trim().toLowerCase()] : [];
      });
    const wild = isWildcard ? issuers('issuewild') : [];
    const relevant = wild.length > 0 ? wild : issuers('issue');
    return relevant.length === 0 || relevant.some((issuer) => AMAZON_ISSUERS.has(issuer));
  }
  return true;
}

function caaValues(world: World, name: string, hopsLeft: number): readonly string[] {
  const direct = publicRecords(world, name, 'CAA').flatMap(({ values = [] }) => values);
  if (direct.length > 0 || hopsLeft === 0) return direct;
  const target = publicRecords(world, name, 'CNAME')[0]?.values?.[0];
  if (target === undefined) return [];
  return caaValues(world, `${target.toLowerCase().replace(/\.$/, '')}.`, hopsLeft - 1);
}
