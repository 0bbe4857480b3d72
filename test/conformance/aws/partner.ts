import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand } from '@aws-sdk/client-route-53';
import type { AwsClients, AwsClientsOptions } from '../../../src/aws/clients.ts';
import { rawToSdk, type RawRecordSet } from '../../../src/aws/dns/record-set.ts';
import { bareZoneId, type HostedZone } from '../../../src/aws/dns/zones.ts';
import type { Network } from '../../../src/aws/network.ts';
import type { Clock } from '../../../src/time/clock.ts';

export type PartnerName = 'sandbox' | 'moto';

/** Something that answers as AWS does, holding a rack `convox` with both balancers. */
export interface Partner {
  readonly name: PartnerName;
  readonly clients: AwsClients;
  /** Time as the partner has it. */
  readonly clock: Clock;
  readonly network?: Network;
  /** Clients of other options, e.g. another region. */
  newClients(options: Partial<AwsClientsOptions>): AwsClients;
  /** Makes a classic balancer and returns its DNS name. */
  createClassic(name: string): Promise<string>;
  /** Has CloudWatch count requests in one minute; returns its beginning once the figure can be read. */
  countRequests(dimensions: Readonly<Record<string, string>>, count: number): Promise<number>;
  /** A stack that was there and is deleted; its ARN. */
  deletedStack(): Promise<string>;
  close(): Promise<void>;
}

/** A new zone; names are used once a test, so that tests don't meet. */
export async function createZone(
  { clients }: Partner,
  name: string,
  { vpcId }: { readonly vpcId?: string } = {},
): Promise<HostedZone> {
  const created = await clients.route53.send(
    new CreateHostedZoneCommand({
      Name: name,
      CallerReference: `${name} ${String(Math.random())}`,
      ...(vpcId === undefined
        ? {}
        : { VPC: { VPCId: vpcId, VPCRegion: 'us-east-1' as const }, HostedZoneConfig: { PrivateZone: true } }),
    }),
  );
  return { id: bareZoneId(created.HostedZone!.Id!), name, isPrivate: vpcId !== undefined, recordCount: 2 };
}

/** Puts records into a zone, whatever was there. With UPSERT: moto refuses a CREATE it has seen before. */
export async function seed({ clients }: Partner, zone: HostedZone, records: readonly RawRecordSet[]): Promise<void> {
  const Changes = records.map((raw) => ({ Action: 'UPSERT' as const, ResourceRecordSet: rawToSdk(raw) }));
  await clients.route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone.id, ChangeBatch: { Changes } }));
}
