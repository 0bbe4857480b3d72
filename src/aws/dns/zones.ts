import { GetHostedZoneCommand, paginateListHostedZones } from '@aws-sdk/client-route-53';
import { ask, askAll, present } from '../aws-error.ts';
import type { AwsClients } from '../clients.ts';
import { dnsName } from './names.ts';

type Clients = Pick<AwsClients, 'route53'>;

export interface HostedZone {
  /** Without the `/hostedzone/` before it. */
  readonly id: string;
  /** Lower case, no dot at the end. */
  readonly name: string;
  /** True: answers only inside its VPCs. */
  readonly isPrivate: boolean;
  readonly recordCount: number;
}

/** What only a request for one zone tells. */
export interface HostedZoneDetails extends HostedZone {
  /** Names of the servers that answer for a public zone; empty for a private one. */
  readonly nameServers: readonly string[];
  /** The VPCs of a private zone. */
  readonly vpcIds: readonly string[];
}

/** Reads all hosted zones of the account, page by page. */
export async function listZones(
  { clients }: { readonly clients: Clients },
  signal: AbortSignal,
): Promise<readonly HostedZone[]> {
  const what = 'list the hosted zones';
  const zones = await askAll(
    what,
    'route53:ListHostedZones',
    (options) => paginateListHostedZones({ client: clients.route53 }, {}, options),
    (page) => page.HostedZones,
    signal,
  );
  return zones.map((zone) => ({
    id: bareZoneId(present(zone.Id, 'Id', what)),
    name: dnsName(present(zone.Name, 'Name', what)),
    isPrivate: zone.Config?.PrivateZone ?? false,
    recordCount: zone.ResourceRecordSetCount ?? 0,
  }));
}

/** Reads one zone with its name servers or VPCs. */
export async function readZone(
  { clients, zoneId }: { readonly clients: Clients; readonly zoneId: string },
  signal: AbortSignal,
): Promise<HostedZoneDetails> {
  const what = `read hosted zone ${zoneId}`;
  const answer = await ask(
    what,
    'route53:GetHostedZone',
    (options) => clients.route53.send(new GetHostedZoneCommand({ Id: zoneId }), options),
    signal,
  );
  const zone = present(answer.HostedZone, 'HostedZone', what);
  return {
    id: bareZoneId(present(zone.Id, 'Id', what)),
    name: dnsName(present(zone.Name, 'Name', what)),
    isPrivate: zone.Config?.PrivateZone ?? false,
    recordCount: zone.ResourceRecordSetCount ?? 0,
    nameServers: (answer.DelegationSet?.NameServers ?? []).map(dnsName),
    vpcIds: (answer.VPCs ?? []).flatMap(({ VPCId: id }) => (id === undefined ? [] : [id])),
  };
}

/** The account's zones, read once: what many questions about names share. */
export class ZoneCatalogue {
  readonly #clients: Clients;
  #zones: Promise<readonly HostedZone[]> | undefined;
  readonly #details = new Map<string, Promise<HostedZoneDetails>>();

  constructor({ clients }: { readonly clients: Clients }) {
    this.#clients = clients;
  }

  list(signal: AbortSignal): Promise<readonly HostedZone[]> {
    this.#zones ??= forgetFailure(listZones({ clients: this.#clients }, signal), () => {
      this.#zones = undefined;
    });
    return this.#zones;
  }

  details(zoneId: string, signal: AbortSignal): Promise<HostedZoneDetails> {
    const known = this.#details.get(zoneId);
    if (known !== undefined) return known;
    const asked = forgetFailure(readZone({ clients: this.#clients, zoneId }, signal), () => {
      this.#details.delete(zoneId);
    });
    this.#details.set(zoneId, asked);
    return asked;
  }
}

/** Keeps an answer but not a failure, so that the next caller asks again. */
async function forgetFailure<T>(answer: Promise<T>, forget: () => void): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    forget();
    throw error;
  }
}

/** Route 53 writes ids as `/hostedzone/Z…`. */
export function bareZoneId(id: string): string {
  return id.replace(/^\/hostedzone\//, '');
}
