import * as z from 'zod';
import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { MigrationError } from '../../errors.ts';
import { dnsName } from './names.ts';

/** A record set in the very form Route 53 gave it: what a DELETE must repeat to the letter. Plain JSON. */
export const rawRecordSetSchema = z
  .looseObject({
    Name: z.string(),
    Type: z.string(),
    TTL: z.number().optional(),
    ResourceRecords: z.array(z.looseObject({ Value: z.string() })).optional(),
    AliasTarget: z
      .looseObject({ HostedZoneId: z.string(), DNSName: z.string(), EvaluateTargetHealth: z.boolean() })
      .optional(),
    SetIdentifier: z.string().optional(),
    Weight: z.number().optional(),
    Region: z.string().optional(),
    Failover: z.string().optional(),
    MultiValueAnswer: z.boolean().optional(),
    GeoLocation: z.looseObject({}).optional(),
    GeoProximityLocation: z.looseObject({}).optional(),
    CidrRoutingConfig: z.looseObject({}).optional(),
    HealthCheckId: z.string().optional(),
    TrafficPolicyInstanceId: z.string().optional(),
  })
  .readonly();

export type RawRecordSet = z.infer<typeof rawRecordSetSchema>;

/** How Route 53 chooses among the sets of one name and type. */
export type Routing =
  | { readonly kind: 'simple' }
  | { readonly kind: 'weighted'; readonly weight: number }
  | { readonly kind: 'latency'; readonly region: string }
  | { readonly kind: 'failover'; readonly role: 'PRIMARY' | 'SECONDARY' }
  | { readonly kind: 'geolocation' | 'geoproximity' | 'cidr' | 'multivalue' };

export interface AliasTarget {
  /** The zone AWS keeps the target's name in. */
  readonly hostedZoneId: string;
  readonly dnsName: string;
  readonly evaluateTargetHealth: boolean;
}

/** A record set in our words, with the form it was read in. */
export interface RecordSet {
  readonly zoneId: string;
  /** Lower case, no dot at the end. */
  readonly name: string;
  readonly type: string;
  /** Tells apart the sets of one name and type; absent for a simple one. */
  readonly setIdentifier?: string;
  readonly routing: Routing;
  /** Absent for an alias: Route 53 answers those with 60. */
  readonly ttlSeconds?: number;
  readonly values?: readonly string[];
  readonly alias?: AliasTarget;
  readonly healthCheckId?: string;
  /** Made by a traffic policy: it cannot be changed by itself. */
  readonly trafficPolicyInstanceId?: string;
  readonly raw: RawRecordSet;
}

/** Reads a record set from its raw form, as read from Route 53 or from a file. */
export function recordSet(zoneId: string, raw: RawRecordSet): RecordSet {
  const alias = raw.AliasTarget;
  return {
    zoneId,
    name: dnsName(raw.Name),
    type: raw.Type,
    routing: routingOf(raw),
    ...(raw.SetIdentifier === undefined ? {} : { setIdentifier: raw.SetIdentifier }),
    ...(raw.TTL === undefined ? {} : { ttlSeconds: raw.TTL }),
    ...(raw.ResourceRecords === undefined ? {} : { values: raw.ResourceRecords.map(({ Value }) => Value) }),
    ...(alias === undefined
      ? {}
      : {
          alias: {
            hostedZoneId: alias.HostedZoneId,
            dnsName: alias.DNSName,
            evaluateTargetHealth: alias.EvaluateTargetHealth,
          },
        }),
    ...(raw.HealthCheckId === undefined ? {} : { healthCheckId: raw.HealthCheckId }),
    ...(raw.TrafficPolicyInstanceId === undefined ? {} : { trafficPolicyInstanceId: raw.TrafficPolicyInstanceId }),
    raw,
  };
}

/** The raw form of what the SDK read: without the empty fields it adds, which Route 53 would refuse to take back. */
export function rawFromSdk(set: ResourceRecordSet): RawRecordSet {
  const filled = Object.entries(set).filter(
    ([key, value]) =>
      value !== undefined &&
      !(Array.isArray(value) && value.length === 0) &&
      // An alias has no TTL; some stand-ins for Route 53 answer 0.
      !(key === 'TTL' && set.AliasTarget !== undefined),
  );
  return parseRaw(Object.fromEntries(filled));
}

/** @throws {MigrationError} `JOURNAL_DAMAGED` if saved data is not a record set. */
export function parseRaw(data: unknown): RawRecordSet {
  const parsed = rawRecordSetSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new MigrationError('JOURNAL_DAMAGED', `not a record set: ${z.prettifyError(parsed.error)}`, {
    hint: 'The file with the saved records was changed or cut off.',
  });
}

/** The raw form as the SDK's command takes it. */
export function rawToSdk(raw: RawRecordSet): ResourceRecordSet {
  // The SDK's type wants AWS's own lists of types and regions; these came from AWS, and go back unchanged.
  return structuredClone(raw) as ResourceRecordSet;
}

/** One text per content: equal for two sets exactly if Route 53 would take one for the other in a DELETE. */
export function recordFingerprint(raw: RawRecordSet): string {
  const { Name, ResourceRecords, AliasTarget, ...rest } = raw;
  return JSON.stringify(
    sorted({
      ...rest,
      Name: dnsName(Name),
      ...(ResourceRecords === undefined
        ? {}
        : { ResourceRecords: ResourceRecords.map(({ Value }) => Value).toSorted() }),
      ...(AliasTarget === undefined ? {} : { AliasTarget: { ...AliasTarget, DNSName: dnsName(AliasTarget.DNSName) } }),
    }),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, sorted(field)]),
  );
}

function routingOf(raw: RawRecordSet): Routing {
  if (raw.Weight !== undefined) return { kind: 'weighted', weight: raw.Weight };
  if (raw.Region !== undefined) return { kind: 'latency', region: raw.Region };
  if (raw.Failover !== undefined) {
    return { kind: 'failover', role: raw.Failover === 'SECONDARY' ? 'SECONDARY' : 'PRIMARY' };
  }
  if (raw.GeoLocation !== undefined) return { kind: 'geolocation' };
  if (raw.GeoProximityLocation !== undefined) return { kind: 'geoproximity' };
  if (raw.CidrRoutingConfig !== undefined) return { kind: 'cidr' };
  if (raw.MultiValueAnswer === true) return { kind: 'multivalue' };
  return { kind: 'simple' };
}
