import { MigrationError } from '../../errors.ts';
import { dnsName, isInZone } from './names.ts';
import type { RecordSet } from './record-set.ts';
import { readRecordSets } from './records.ts';
import type { AwsClients } from '../clients.ts';
import type { DnsResolver } from './resolver.ts';
import { ZoneCatalogue, type HostedZone, type HostedZoneDetails } from './zones.ts';

/** A zone that answers for a name, to somebody. */
export interface AnsweringZone {
  readonly zone: HostedZone;
  /** Who hears its answers: everybody, or what is inside the zone's VPCs. */
  readonly view: 'public' | 'private';
  /** The sets of the name in it, as read. */
  readonly records: readonly RecordSet[];
  /** True if the world is known to ask its servers; absent when that was not looked up, or the zone is private. */
  readonly isDelegated?: boolean;
}

export interface ZoneChoice {
  readonly name: string;
  /** All that answer; each holding a record of the name must be changed. */
  readonly zones: readonly AnsweringZone[];
  readonly warnings: readonly string[];
}

export interface ChooseZonesOptions {
  readonly clients: Pick<AwsClients, 'route53'>;
  readonly name: string;
  /** The rack's: private zones count only if they are attached to it. */
  readonly vpcId?: string;
  /** Public DNS, to tell which of several zones the world asks; without it that is not looked up. */
  readonly resolver?: DnsResolver;
  /** To share what was read among names. */
  readonly catalogue?: ZoneCatalogue;
}

/**
 * Finds the zones of this account that answer for a name: the public one with the longest name, and the private one
 * attached to the VPC, which inside hides the public one (Route 53 developer guide, split-view DNS).
 *
 * Empty `zones` with a warning when the name's DNS is elsewhere.
 */
export async function chooseZones(options: ChooseZonesOptions, signal: AbortSignal): Promise<ZoneChoice> {
  const { clients, vpcId } = options;
  const name = dnsName(options.name);
  const catalogue = options.catalogue ?? new ZoneCatalogue({ clients });
  const matching = (await catalogue.list(signal)).filter((zone) => isInZone(name, zone.name));
  const warnings: string[] = [];

  const publicZones = longest(matching.filter(({ isPrivate }) => !isPrivate));
  const chosenPublic = await choosePublic(publicZones, { ...options, name, catalogue, warnings }, signal);
  const privateZones = await attachedTo(
    vpcId,
    matching.filter(({ isPrivate }) => isPrivate),
    catalogue,
    signal,
  );
  const zones: AnsweringZone[] = [];
  for (const { zone, isDelegated } of chosenPublic) {
    const records = await readRecordSets({ clients, zoneId: zone.id, name }, signal);
    const delegation = await delegationInside(clients, zone, name, signal);
    if (delegation !== undefined) {
      warnings.push(`zone ${zone.name} delegates ${delegation}: a record of ${name} in it is never asked for`);
      continue;
    }
    zones.push({ zone, view: 'public', records, ...(isDelegated === undefined ? {} : { isDelegated }) });
  }
  for (const zone of longest(privateZones)) {
    const records = await readRecordSets({ clients, zoneId: zone.id, name }, signal);
    zones.push({ zone, view: 'private', records });
    if (records.length === 0) {
      warnings.push(`private zone ${zone.name} has no record of ${name}: inside its VPCs the name does not exist`);
    }
  }
  if (zones.length === 0 && warnings.length === 0) {
    warnings.push(`no zone of this account answers for ${name}: its DNS is elsewhere`);
  }
  return { name, zones, warnings };
}

/** The public zone a validation record of a certificate must go to. @throws {MigrationError} `ZONE_NOT_FOUND`. */
export async function getPublicZone(options: ChooseZonesOptions, signal: AbortSignal): Promise<HostedZone> {
  const { zones, warnings } = await chooseZones(options, signal);
  const found = zones.find(({ view }) => view === 'public');
  if (found !== undefined) return found.zone;
  throw new MigrationError('ZONE_NOT_FOUND', `no public zone of this account answers for ${options.name}`, {
    hint: 'Give credentials of the account its zone is in, or set the record where its DNS is.',
    details: { name: options.name, warnings },
  });
}

async function choosePublic(
  candidates: readonly HostedZone[],
  { name, resolver, catalogue, warnings }: ChooseZonesOptions & { catalogue: ZoneCatalogue; warnings: string[] },
  signal: AbortSignal,
): Promise<readonly { readonly zone: HostedZone; readonly isDelegated?: boolean }[]> {
  const [first] = candidates;
  if (first === undefined) return [];
  if (resolver === undefined) {
    if (candidates.length > 1) {
      warnings.push(
        `${candidates.length} public zones are called ${first.name}; which one the world asks was not looked up`,
      );
    }
    return candidates.map((zone) => ({ zone }));
  }
  const asked = await resolver.nameServers(first.name, signal);
  const details = await Promise.all(candidates.map((zone) => catalogue.details(zone.id, signal)));
  const live = details.filter((zone) => isDelegatedTo(zone, asked));
  if (live.length === 0) {
    const whose = asked.length === 0 ? 'nobody' : asked.join(', ');
    warnings.push(`zone ${first.name} is not the one the world asks for ${name}: its servers are ${whose}`);
    return [];
  }
  return live.map((zone) => ({ zone, isDelegated: true }));
}

/** True if the parent of a zone names its servers. */
function isDelegatedTo(zone: HostedZoneDetails, publicNameServers: readonly string[]): boolean {
  const asked = new Set(publicNameServers.map(dnsName));
  return zone.nameServers.some((server) => asked.has(server));
}

/** The name at or above `name`, below the zone's own, that the zone hands on to other servers. */
async function delegationInside(
  clients: Pick<AwsClients, 'route53'>,
  zone: HostedZone,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let at = name; at !== zone.name && isInZone(at, zone.name); at = at.slice(at.indexOf('.') + 1)) {
    const records = await readRecordSets({ clients, zoneId: zone.id, name: at }, signal);
    if (records.some(({ type }) => type === 'NS')) return at;
  }
  return undefined;
}

async function attachedTo(
  vpcId: string | undefined,
  zones: readonly HostedZone[],
  catalogue: ZoneCatalogue,
  signal: AbortSignal,
): Promise<readonly HostedZone[]> {
  if (vpcId === undefined) return [];
  const details = await Promise.all(zones.map((zone) => catalogue.details(zone.id, signal)));
  return details.filter(({ vpcIds }) => vpcIds.includes(vpcId));
}

function longest(zones: readonly HostedZone[]): readonly HostedZone[] {
  const length = Math.max(0, ...zones.map(({ name }) => name.length));
  return zones.filter(({ name }) => name.length === length);
}
