import type { HostedZone } from '../../model/dns.ts';
import type { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import { convoxPrivateTarget, convoxSiteTarget, findBalancer, isBalancerName, isConvoxSite } from './balancer-names.ts';
import { isWithin, plainName } from './names.ts';
import { addressAnswers, ALIAS_TTL_SECONDS, lookUpInZone, type Lookup } from './zone-lookup.ts';

export type View = 'public' | 'vpc';

export interface Authorities {
  readonly world: World;
  readonly random: Random;
  /** Loopback address of each zone's first, second … name server. */
  readonly nameServerAddresses: readonly string[];
}

/** Asks whoever is responsible for the name, as a recursive resolver outside or inside the VPC would find them. */
export function askAuthority(authorities: Authorities, view: View, name: string, type: string): Lookup {
  const { world, random } = authorities;
  const privateZone = view === 'vpc' ? findZone(world, name, true) : undefined;
  if (privateZone !== undefined) return lookUpHosted(authorities, privateZone, undefined, name, type);
  if (isBalancerName(name)) {
    const balancer = findBalancer(world, name);
    if (balancer === undefined) return NO_NAME;
    return type === 'A' ? found(addressAnswers(random, name, balancer.addresses)) : NO_DATA;
  }
  if (isConvoxSite(name)) return pointer(name, convoxSiteTarget(world, name));
  if (view === 'vpc' && name.endsWith('.convox')) return pointer(name, convoxPrivateTarget(world, name));
  const publicZone = findZone(world, name, false);
  if (publicZone !== undefined) {
    const server = publicZone.nameServers[random.integer(0, Math.max(0, publicZone.nameServers.length - 1))];
    return lookUpHosted(authorities, publicZone, server, name, type);
  }
  return nameServerAddress(authorities, name, type);
}

/** Asks one name server of the public zone that holds the name; undefined when it is not responsible (REFUSED). */
export function askNameServer(authorities: Authorities, index: number, name: string, type: string): Lookup | undefined {
  const zone = findZone(authorities.world, name, false);
  if (zone === undefined) return undefined;
  return lookUpHosted(authorities, zone, zone.nameServers[index], name, type);
}

/** The most specific zone for a name. Of several zones with one name the first is the one that is delegated to. */
function findZone(world: World, name: string, isPrivate: boolean): HostedZone | undefined {
  let best: HostedZone | undefined;
  for (const zone of world.route53.zones.values()) {
    if (zone.isPrivate !== isPrivate || !isWithin(name, plainName(zone.name))) continue;
    if (isPrivate && !zone.vpcIds.includes(world.settings.vpcId)) continue;
    if (best === undefined || zone.name.length > best.name.length) best = zone;
  }
  return best;
}

function lookUpHosted(
  { world, random }: Authorities,
  zone: HostedZone,
  server: string | undefined,
  name: string,
  type: string,
): Lookup {
  const recordSets = world.route53.servedBy(zone.id, server);
  return lookUpInZone({ world, random, zoneName: plainName(zone.name), recordSets }, name, type);
}

function nameServerAddress({ world, nameServerAddresses }: Authorities, name: string, type: string): Lookup {
  for (const zone of world.route53.zones.values()) {
    const index = zone.nameServers.findIndex((server) => plainName(server) === name);
    const address = nameServerAddresses[index];
    if (address === undefined) continue;
    return type === 'A' ? found([{ name, type: 'A', ttl: 172_800, data: address }]) : NO_DATA;
  }
  return NO_NAME;
}

function pointer(name: string, target: string | undefined): Lookup {
  if (target === undefined) return NO_NAME;
  return {
    outcome: 'cname',
    answers: [{ name, type: 'CNAME', ttl: ALIAS_TTL_SECONDS, data: target }],
    target,
  };
}

/** Names outside every hosted zone have no SOA of ours; resolvers keep such answers for a minute. */
const NO_DATA: Lookup = { outcome: 'no-data', answers: [], authority: rootSoa() };
const NO_NAME: Lookup = { outcome: 'no-name', answers: [], authority: rootSoa() };

function rootSoa(): NonNullable<Lookup['authority']> {
  return {
    name: '.',
    type: 'SOA',
    ttl: 60,
    data: { mname: 'a.root-servers.net', rname: 'nstld.verisign-grs.com', serial: 1, minimum: 60 },
  };
}

function found(answers: Lookup['answers']): Lookup {
  return answers.length === 0 ? NO_DATA : { outcome: 'records', answers };
}
