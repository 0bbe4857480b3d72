import type { HostedZone, RecordSet, ZoneChange } from '../model/dns.ts';
import { AwsRefusal, type RecordChange, type Route53, type World } from '../world.ts';
import { applyBatch } from './record-batch.ts';
import { storedName } from './record-names.ts';
import { RecordTable } from './record-sets.ts';
import { ZoneServers } from './zone-servers.ts';

const SERVERS_PER_ZONE = 4;
const SERVER_DOMAINS = ['com', 'net', 'org', 'co.uk'] as const;
/** TTLs and values Route 53 gives a new zone's own records (Developer Guide, "NS and SOA records"). */
const NS_TTL = 172_800;
const SOA_TTL = 900;
const SOA_NUMBERS = '1 7200 900 1209600 86400';
/** What a private zone's NS record names; nobody answers there. */
const PRIVATE_SERVERS = [
  'ns-0.awsdns-00.com.',
  'ns-512.awsdns-00.net.',
  'ns-1024.awsdns-00.org.',
  'ns-1536.awsdns-00.co.uk.',
];

/** Route 53's store: zones, changes on their way to the name servers, and what each server answers from by now. */
export function createRoute53(world: World): Route53 {
  return new Route53Store(world);
}

class Route53Store implements Route53 {
  readonly zones = new Map<string, HostedZone>();
  readonly changes = new Map<string, ZoneChange>();
  readonly #servers = new Map<string, ZoneServers>();
  readonly #listeners: ((zoneId: string) => void)[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  createZone({ name, isPrivate, vpcIds = [], comment }: Parameters<Route53['createZone']>[0]): HostedZone {
    const { random } = this.#world;
    const zoneName = storedName(name);
    const nameServers = isPrivate ? PRIVATE_SERVERS : this.#newNameServers();
    const zone: HostedZone = {
      id: `Z${random.upper(13)}`,
      name: zoneName,
      callerReference: random.uuid(),
      isPrivate,
      vpcIds: [...vpcIds],
      comment,
      nameServers: isPrivate ? [] : nameServers,
      recordSets: ownRecords(zoneName, nameServers),
    };
    this.zones.set(zone.id, zone);
    this.#servers.set(zone.id, new ZoneServers(isPrivate ? 1 : SERVERS_PER_ZONE, zone.recordSets));
    return zone;
  }

  change(zoneId: string, changes: readonly RecordChange[], comment?: string): ZoneChange {
    const zone = this.#zoneOf(zoneId);
    zone.recordSets = applyBatch(this.#world, zone, changes);

    const { clock, random, settings } = this.#world;
    const change: ZoneChange = {
      id: `C${random.upper(13)}`,
      zoneId,
      submittedAt: clock.now(),
      comment,
      status: 'PENDING',
    };
    this.changes.set(change.id, change);
    this.#publish(zone, change, settings.durations.zoneChangeMs);
    return change;
  }

  servedBy(zoneId: string, server: string | undefined): readonly RecordSet[] {
    const zone = this.#zoneOf(zoneId);
    const index = server === undefined ? undefined : zone.nameServers.indexOf(storedName(server));
    if (index === -1) throw new Error(`${String(server)} is no name server of ${zone.name}`);
    return this.#serversOf(zoneId).servedAt(this.#world.clock.now(), index);
  }

  onInSync(listener: (zoneId: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Each server has the change at its own moment; soon after the last one it is INSYNC. */
  #publish(zone: HostedZone, change: ZoneChange, durationMs: number): void {
    const { clock, random } = this.#world;
    const now = clock.now();
    const servers = this.#serversOf(zone.id);
    const wantedAt = Array.from({ length: servers.count }, () => now + durationMs * (0.1 + 0.85 * random.next()));
    const lastAt = servers.publish(zone.recordSets, wantedAt);
    clock.after(Math.max(durationMs, lastAt - now), () => {
      servers.forget(clock.now());
      change.status = 'INSYNC';
      for (const listener of this.#listeners) listener(zone.id);
    });
  }

  /** `ns-<n>.awsdns-<nn>.<domain>`, one in each of the four domains, no two zones alike. */
  #newNameServers(): readonly string[] {
    const { random } = this.#world;
    const taken = new Set([...this.zones.values()].flatMap(({ nameServers }) => nameServers));
    return SERVER_DOMAINS.map((domain, index) => {
      for (;;) {
        const number = 512 * index + random.integer(0, 511);
        const name = `ns-${String(number)}.awsdns-${String(number % 64).padStart(2, '0')}.${domain}.`;
        if (!taken.has(name)) return name;
      }
    });
  }

  #zoneOf(zoneId: string): HostedZone {
    const zone = this.zones.get(zoneId);
    if (zone === undefined) throw new AwsRefusal('NoSuchHostedZone', `No hosted zone found with ID: ${zoneId}`, 404);
    return zone;
  }

  #serversOf(zoneId: string): ZoneServers {
    const servers = this.#servers.get(zoneId);
    if (servers === undefined) throw new Error(`zone ${zoneId} was not made by createZone`);
    return servers;
  }
}

function ownRecords(zoneName: string, nameServers: readonly string[]): readonly RecordSet[] {
  const soa = `${nameServers[0] ?? ''} awsdns-hostmaster.amazon.com. ${SOA_NUMBERS}`;
  return new RecordTable([
    { name: zoneName, type: 'NS', ttl: NS_TTL, values: nameServers },
    { name: zoneName, type: 'SOA', ttl: SOA_TTL, values: [soa] },
  ]).sorted();
}
