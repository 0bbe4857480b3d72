import { isIPv4, isIPv6 } from 'node:net';
import type { RecordSet } from '../model/dns.ts';
import { AwsRefusal, type RecordChange } from '../world.ts';

/** Route 53 Developer Guide, "Quotas": per ChangeResourceRecordSets request, UPSERT counted twice. */
const MAX_RECORDS = 1000;
const MAX_CHARACTERS = 32_000;
const MAX_WEIGHT = 255;
const MAX_TTL = 2_147_483_647;
/** The record types of the API model. */
const TYPES: ReadonlySet<string> = new Set(
  'SOA A TXT NS CNAME MX NAPTR PTR SRV SPF AAAA CAA DS TLSA SSHFP SVCB HTTPS'.split(' '),
);

/** Refuses what is wrong whatever the zone holds: `InvalidInput`, or a batch that is too large. */
export function checkInput(changes: readonly RecordChange[]): void {
  if (changes.length === 0) throw invalidInput('Invalid request: Change batch must contain at least one change');
  for (const change of changes) checkChange(change);
  checkSize(changes);
}

function checkSize(changes: readonly RecordChange[]): void {
  let records = 0;
  let characters = 0;
  for (const { action, recordSet } of changes) {
    const factor = action === 'UPSERT' ? 2 : 1;
    const values = recordSet.values ?? [];
    records += factor * Math.max(1, values.length);
    characters += factor * values.reduce((sum, value) => sum + value.length, 0);
  }
  if (records > MAX_RECORDS) {
    throw new AwsRefusal('InvalidChangeBatch', `[Number of records limit of ${String(MAX_RECORDS)} exceeded.]`);
  }
  if (characters > MAX_CHARACTERS) {
    throw new AwsRefusal('InvalidChangeBatch', `[Number of characters limit of ${String(MAX_CHARACTERS)} exceeded.]`);
  }
}

function checkChange({ action, recordSet: set }: RecordChange): void {
  const where = `Change with [Action=${action}, Name=${set.name}, Type=${set.type}, SetIdentifier=${set.setIdentifier ?? 'null'}]`;
  if (!TYPES.has(set.type)) {
    throw invalidInput(`Invalid request: Value '${set.type}' is not a record type in ${where}`);
  }
  const hasValues = set.values !== undefined && set.values.length > 0;
  const kinds = Number(set.alias !== undefined) + Number(set.ttl !== undefined || hasValues);
  const isComplete = set.alias !== undefined || (set.ttl !== undefined && hasValues);
  if (kinds !== 1 || !isComplete) {
    const found = kinds > 1 ? 'more than one' : 'none';
    throw invalidInput(
      'Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or ' +
        `TrafficPolicyInstanceId], but found ${found} in ${where}`,
    );
  }
  checkRange('weight', set.weight, MAX_WEIGHT);
  checkRange('TTL', set.ttl, MAX_TTL);
  checkRouting(set, where);
}

function checkRouting(set: RecordSet, where: string): void {
  const given = [set.weight, set.region, set.failover, set.geoLocation, set.multiValueAnswer].filter(
    (value) => value !== undefined,
  ).length;
  if (set.setIdentifier === undefined) {
    if (given > 0) throw invalidInput(`Invalid request: Missing field 'SetIdentifier' in ${where}`);
    return;
  }
  if (given !== 1) {
    const found = given > 1 ? 'more than one' : 'none';
    throw invalidInput(
      `Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer], but found ${found} in ${where}`,
    );
  }
}

function checkRange(field: string, value: number | undefined, maximum: number): void {
  if (value === undefined) return;
  const bound = value < 0 ? 'greater than or equal to 0' : `less than or equal to ${String(maximum)}`;
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return;
  throw invalidInput(
    `1 validation error detected: Value '${String(value)}' at '${field}' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

/** What is wrong with the values of one set, in Route 53's words; `undefined` if nothing is. */
export function valueProblem({ name, type, values = [] }: RecordSet): string | undefined {
  const repeated = values.find((value, index) => values.indexOf(value) !== index);
  if (repeated !== undefined) return `Duplicate Resource Record: '${repeated}'`;
  if (type === 'CNAME' && values.length > 1) {
    return `RRSet of type CNAME with DNS name ${name} must contain exactly one ResourceRecord`;
  }
  for (const value of values) {
    const fatal = fatalProblem(type, value);
    if (fatal !== undefined) return `Invalid Resource Record: 'FATAL problem: ${fatal} encountered with '${value}''`;
  }
  return undefined;
}

function fatalProblem(type: string, value: string): string | undefined {
  switch (type) {
    case 'A':
      return isIPv4(value) ? undefined : 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)';
    case 'AAAA':
      return isIPv6(value) ? undefined : 'AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)';
    case 'TXT':
    case 'SPF':
      return /^\s*".*"\s*$/s.test(value)
        ? undefined
        : 'InvalidCharacterString (Value should be enclosed in quotation marks)';
    case 'CNAME':
    case 'NS':
      return /^[^\s]+$/.test(value) && value.split('.').every((label) => label.length <= 63)
        ? undefined
        : 'DomainNameIllegal (Value is not a valid domain name)';
    case 'MX':
      return /^\d+\s+\S+$/.test(value) ? undefined : 'MXRRDATANotTwoFields (MX record does not have 2 fields)';
    default:
      return undefined;
  }
}

function invalidInput(message: string): AwsRefusal {
  return new AwsRefusal('InvalidInput', message);
}
