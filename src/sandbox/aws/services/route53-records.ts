import { XMLParser } from 'fast-xml-parser';
import * as z from 'zod';
import type { RecordSet } from '../../model/dns.ts';
import { AwsRefusal, type RecordChange } from '../../world.ts';
import type { Account } from '../account.ts';
import { compareSets } from '../record-sets.ts';
import { storedName } from '../record-names.ts';
import type { XmlElement, XmlValue } from '../wire/xml.ts';
import type { RestRequest } from './route53.ts';

/** Route 53 API reference, ListResourceRecordSets: the largest page. */
const MAX_PAGE = 300;
const LISTS: ReadonlySet<string> = new Set(['Change', 'ResourceRecord']);

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => LISTS.has(name),
});

const whole = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number);

const recordSetXml = z.object({
  Name: z.string(),
  Type: z.string(),
  SetIdentifier: z.string().optional(),
  Weight: whole.optional(),
  Region: z.string().optional(),
  Failover: z.enum(['PRIMARY', 'SECONDARY']).optional(),
  GeoLocation: z.record(z.string(), z.string()).optional(),
  MultiValueAnswer: z.string().optional(),
  HealthCheckId: z.string().optional(),
  TTL: whole.optional(),
  // An element without content parses as an empty text.
  ResourceRecords: z
    .union([z.object({ ResourceRecord: z.array(z.object({ Value: z.string() })) }), z.literal('')])
    .optional(),
  AliasTarget: z
    .object({ HostedZoneId: z.string(), DNSName: z.string(), EvaluateTargetHealth: z.enum(['true', 'false']) })
    .optional(),
});

const changeBatchXml = z.object({
  ChangeResourceRecordSetsRequest: z.object({
    ChangeBatch: z.object({
      Comment: z.string().optional(),
      Changes: z.object({
        Change: z.array(z.object({ Action: z.enum(['CREATE', 'DELETE', 'UPSERT']), ResourceRecordSet: recordSetXml })),
      }),
    }),
  }),
});

/** Reads the body of ChangeResourceRecordSets; throws `InvalidInput` for what the API model does not allow. */
export function readChangeBatch(body: string): {
  readonly changes: readonly RecordChange[];
  readonly comment: string | undefined;
} {
  const parsed = changeBatchXml.safeParse(parser.parse(body));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AwsRefusal('InvalidInput', `Invalid XML ; at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { Comment, Changes } = parsed.data.ChangeResourceRecordSetsRequest.ChangeBatch;
  const changes = Changes.Change.map(({ Action, ResourceRecordSet }) => ({
    action: Action,
    recordSet: readRecordSet(ResourceRecordSet),
  }));
  return { changes, comment: Comment };
}

function readRecordSet(xml: z.infer<typeof recordSetXml>): RecordSet {
  const { AliasTarget: alias, ResourceRecords: records } = xml;
  return {
    name: xml.Name,
    type: xml.Type,
    ...(xml.SetIdentifier === undefined ? {} : { setIdentifier: xml.SetIdentifier }),
    ...(xml.Weight === undefined ? {} : { weight: xml.Weight }),
    ...(xml.Region === undefined ? {} : { region: xml.Region }),
    ...(xml.Failover === undefined ? {} : { failover: xml.Failover }),
    ...(xml.GeoLocation === undefined ? {} : { geoLocation: xml.GeoLocation }),
    ...(xml.MultiValueAnswer === undefined ? {} : { multiValueAnswer: xml.MultiValueAnswer === 'true' }),
    ...(xml.HealthCheckId === undefined ? {} : { healthCheckId: xml.HealthCheckId }),
    ...(xml.TTL === undefined ? {} : { ttl: xml.TTL }),
    ...(records === undefined || records === '' ? {} : { values: records.ResourceRecord.map(({ Value }) => Value) }),
    ...(alias === undefined
      ? {}
      : {
          alias: {
            hostedZoneId: alias.HostedZoneId,
            dnsName: alias.DNSName,
            evaluateTargetHealth: alias.EvaluateTargetHealth === 'true',
          },
        }),
  };
}

/** In Route 53's order; name, type and identifier say where to start. */
export function listResourceRecordSets({ id, query }: RestRequest, { world }: Account): XmlElement {
  const zone = world.route53.zones.get(id);
  if (zone === undefined) throw new AwsRefusal('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404);
  const name = query.get('name') ?? undefined;
  const type = query.get('type') ?? undefined;
  const identifier = query.get('identifier') ?? undefined;
  if (name === undefined && (type !== undefined || identifier !== undefined)) {
    throw new AwsRefusal('InvalidInput', 'The request must include a name when it includes a type or an identifier');
  }
  if (type === undefined && identifier !== undefined) {
    throw new AwsRefusal('InvalidInput', 'The request must include a type when it includes an identifier');
  }
  const size = Math.min(MAX_PAGE, Math.max(1, Number(query.get('maxitems') ?? MAX_PAGE)));
  const start: RecordSet | undefined =
    name === undefined ? undefined : { name: storedName(name), type: type ?? '', setIdentifier: identifier ?? '' };
  const following = zone.recordSets.filter((set) => start === undefined || compareSets(set, start) >= 0);
  const next = following[size];
  return {
    ResourceRecordSets: { ResourceRecordSet: following.slice(0, size).map(writeRecordSet) },
    IsTruncated: next !== undefined,
    NextRecordName: next?.name,
    NextRecordType: next?.type,
    NextRecordIdentifier: next?.setIdentifier,
    MaxItems: size,
  };
}

function writeRecordSet(set: RecordSet): XmlValue {
  const { alias, values } = set;
  return {
    Name: set.name,
    Type: set.type,
    SetIdentifier: set.setIdentifier,
    Weight: set.weight,
    Region: set.region,
    GeoLocation: set.geoLocation,
    Failover: set.failover,
    MultiValueAnswer: set.multiValueAnswer,
    TTL: set.ttl,
    ResourceRecords: values === undefined ? undefined : { ResourceRecord: values.map((Value) => ({ Value })) },
    AliasTarget:
      alias === undefined
        ? undefined
        : {
            HostedZoneId: alias.hostedZoneId,
            DNSName: alias.dnsName,
            EvaluateTargetHealth: alias.evaluateTargetHealth,
          },
    HealthCheckId: set.healthCheckId,
  };
}
