import { XMLParser } from 'fast-xml-parser';
import * as z from 'zod';
import type { HostedZone } from '../../model/dns.ts';
import { AwsRefusal, type Route53 } from '../../world.ts';
import type { Account } from '../account.ts';
import { compareText, sortKey, storedName } from '../record-names.ts';
import type { XmlElement } from '../wire/xml.ts';
import type { RestRequest } from './route53.ts';

/** Route 53 API reference: the largest page of every list of zones. */
const MAX_PAGE = 100;

/** By id, as the marker is one; AWS promises no order. */
export function listHostedZones({ query }: RestRequest, { world }: Account): XmlElement {
  const size = pageSize(query);
  const marker = query.get('marker') ?? undefined;
  const zones = [...world.route53.zones.values()].toSorted((a, b) => compareText(a.id, b.id));
  const start = marker === undefined ? 0 : zones.findIndex(({ id }) => id === marker);
  if (start === -1) throw new AwsRefusal('InvalidInput', `No hosted zone found with ID: ${String(marker)}`);
  const next = zones[start + size];
  return {
    HostedZones: { HostedZone: zones.slice(start, start + size).map(writeZone) },
    Marker: marker,
    IsTruncated: next !== undefined,
    NextMarker: next?.id,
    MaxItems: size,
  };
}

/**
 * In order of the names with their labels reversed; `dnsname` is where to start, not a filter (API reference,
 * ListHostedZonesByName).
 */
export function listHostedZonesByName({ query }: RestRequest, { world }: Account): XmlElement {
  const size = pageSize(query);
  const dnsName = query.get('dnsname') ?? undefined;
  const zoneId = query.get('hostedzoneid') ?? undefined;
  if (zoneId !== undefined && dnsName === undefined) {
    throw new AwsRefusal('InvalidInput', 'DNSName must be specified when HostedZoneId is');
  }
  const startKey = dnsName === undefined ? '' : sortKey(storedName(dnsName));
  const following = [...world.route53.zones.values()].toSorted(compareZones).filter((zone) => {
    const key = sortKey(zone.name);
    return key > startKey || (key === startKey && (zoneId === undefined || zone.id >= zoneId));
  });
  const next = following[size];
  return {
    HostedZones: { HostedZone: following.slice(0, size).map(writeZone) },
    DNSName: dnsName,
    HostedZoneId: zoneId,
    IsTruncated: next !== undefined,
    NextDNSName: next?.name,
    NextHostedZoneId: next?.id,
    MaxItems: size,
  };
}

export function listHostedZonesByVpc({ query }: RestRequest, { world }: Account): XmlElement {
  const vpcId = query.get('vpcid') ?? '';
  const zones = [...world.route53.zones.values()].filter(
    ({ vpcIds }) => vpcIds.includes(vpcId) && query.get('vpcregion') === world.settings.region,
  );
  return {
    HostedZoneSummaries: {
      HostedZoneSummary: zones.map(({ id, name }) => ({
        HostedZoneId: id,
        Name: name,
        Owner: { OwningAccount: world.settings.accountId },
      })),
    },
    MaxItems: pageSize(query),
  };
}

export function writeZone(zone: HostedZone): XmlElement {
  return {
    Id: `/hostedzone/${zone.id}`,
    Name: zone.name,
    CallerReference: zone.callerReference,
    Config: { Comment: zone.comment, PrivateZone: zone.isPrivate },
    ResourceRecordSetCount: zone.recordSets.length,
  };
}

const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, htmlEntities: true });

const newZone = z.object({
  CreateHostedZoneRequest: z.object({
    Name: z.string(),
    HostedZoneConfig: z.object({ Comment: z.string().optional(), PrivateZone: z.string().optional() }).optional(),
    VPC: z.object({ VPCId: z.string() }).optional(),
  }),
});

export function readNewZone(body: string): Parameters<Route53['createZone']>[0] {
  const parsed = newZone.safeParse(parser.parse(body));
  if (!parsed.success) throw new AwsRefusal('InvalidInput', `Invalid XML: ${parsed.error.message}`);
  const { Name, HostedZoneConfig, VPC } = parsed.data.CreateHostedZoneRequest;
  return {
    name: Name,
    isPrivate: HostedZoneConfig?.PrivateZone === 'true' || VPC !== undefined,
    ...(VPC === undefined ? {} : { vpcIds: [VPC.VPCId] }),
    ...(HostedZoneConfig?.Comment === undefined ? {} : { comment: HostedZoneConfig.Comment }),
  };
}

function compareZones(a: HostedZone, b: HostedZone): number {
  return compareText(sortKey(a.name), sortKey(b.name)) || compareText(a.id, b.id);
}

function pageSize(query: URLSearchParams): number {
  const wanted = Number(query.get('maxitems') ?? MAX_PAGE);
  return Math.min(MAX_PAGE, Math.max(1, wanted));
}
