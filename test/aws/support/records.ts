import { recordSet, type RawRecordSet, type RecordSet } from '../../../src/aws/dns/record-set.ts';
import type { HostedZone } from '../../../src/aws/dns/zones.ts';

export const OLD = 'shop-web-1A2B3C4-123456789.us-east-1.elb.amazonaws.com';
export const NEW = 'convox-Router-UACTD9OG6B40-2023456789.us-east-1.elb.amazonaws.com';
export const ELB_ZONE = 'Z35SXDOTRQ7X7K';

export const zone: HostedZone = { id: 'ZSHOP', name: 'example.com', isPrivate: false, recordCount: 0 };

export function cname(name: string, target: string, more: Partial<RawRecordSet> = {}): RecordSet {
  return record({ Name: `${name}.`, Type: 'CNAME', TTL: 300, ResourceRecords: [{ Value: target }], ...more });
}

export function alias(name: string, target: string, more: Partial<RawRecordSet> = {}): RecordSet {
  const AliasTarget = { HostedZoneId: ELB_ZONE, DNSName: `${target}.`, EvaluateTargetHealth: false };
  return record({ Name: `${name}.`, Type: 'A', AliasTarget, ...more });
}

export function record(raw: RawRecordSet, zoneId = zone.id): RecordSet {
  return recordSet(zoneId, raw);
}
