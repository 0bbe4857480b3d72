import type { HostedZone } from '../../model/dns.ts';
import { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';
import type { Service, ServiceCall, WireRequest } from '../wire/protocol.ts';
import { xmlAnswer, xmlRefusal } from '../wire/query.ts';
import { xmlDocument, type XmlElement, type XmlValue } from '../wire/xml.ts';
import { listHostedZones, listHostedZonesByName, listHostedZonesByVpc, writeZone } from './route53-zones.ts';
import { listResourceRecordSets, readChangeBatch } from './route53-records.ts';
import { readNewZone } from './route53-zones.ts';

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';
const PREFIX = '/2013-04-01/';

export interface RestRequest {
  readonly query: URLSearchParams;
  readonly body: string;
  /** What stands for `:id` in the route. */
  readonly id: string;
}

interface Route {
  readonly operation: string;
  readonly method: string;
  /** `:id` stands for one segment. */
  readonly path: string;
  readonly status?: number;
  readonly run: (request: RestRequest, account: Account) => XmlElement;
}

const ROUTES: readonly Route[] = [
  { operation: 'ListHostedZones', method: 'GET', path: 'hostedzone', run: listHostedZones },
  { operation: 'ListHostedZonesByName', method: 'GET', path: 'hostedzonesbyname', run: listHostedZonesByName },
  { operation: 'ListHostedZonesByVPC', method: 'GET', path: 'hostedzonesbyvpc', run: listHostedZonesByVpc },
  { operation: 'CreateHostedZone', method: 'POST', path: 'hostedzone', status: 201, run: createHostedZone },
  { operation: 'GetHostedZone', method: 'GET', path: 'hostedzone/:id', run: getHostedZone },
  { operation: 'ListResourceRecordSets', method: 'GET', path: 'hostedzone/:id/rrset', run: listResourceRecordSets },
  { operation: 'ChangeResourceRecordSets', method: 'POST', path: 'hostedzone/:id/rrset', run: changeRecords },
  { operation: 'GetChange', method: 'GET', path: 'change/:id', run: getChange },
];

/** Route 53: REST with XML bodies, the same in every region. */
export const route53Service: Service = {
  id: 'route53',
  iamPrefix: 'route53',
  isGlobal: true,
  identify(request) {
    for (const route of ROUTES) {
      const id = route.method === request.method ? match(route.path, request.path) : undefined;
      if (id !== undefined) return callOf(route, id, request);
    }
    throw new AwsRefusal('InvalidAction', `The sandbox does not answer route53 ${request.method} ${request.path}`);
  },
  refuse: (refusal, requestId) => xmlRefusal(NAMESPACE, refusal, requestId),
};

function callOf({ operation, status = 200, run }: Route, id: string, request: WireRequest): ServiceCall {
  return {
    operation,
    answer(account, requestId) {
      const content = run({ query: request.query, body: request.body.toString('utf8'), id }, account);
      return xmlAnswer(status, xmlDocument(`${operation}Response`, NAMESPACE, content), requestId);
    },
  };
}

/** The segment that `:id` stands for (empty if the route has none), or `undefined` when the path is another. */
function match(route: string, path: string): string | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  const actual = path.slice(PREFIX.length).replace(/\/$/, '').split('/');
  const wanted = route.split('/');
  if (actual.length !== wanted.length) return undefined;
  let id = '';
  for (const [index, segment] of wanted.entries()) {
    if (segment === ':id') id = decodeURIComponent(actual[index] ?? '');
    else if (segment !== actual[index]) return undefined;
  }
  return id;
}

function getHostedZone({ id }: RestRequest, { world }: Account): XmlElement {
  const zone = zoneOf(id, world.route53.zones);
  return {
    HostedZone: writeZone(zone),
    ...(zone.isPrivate
      ? { VPCs: { VPC: zone.vpcIds.map((vpcId) => ({ VPCRegion: world.settings.region, VPCId: vpcId })) } }
      : { DelegationSet: writeDelegationSet(zone) }),
  };
}

function createHostedZone({ body }: RestRequest, { world }: Account): XmlElement {
  const zone = world.route53.createZone(readNewZone(body));
  return {
    HostedZone: writeZone(zone),
    ChangeInfo: writeChangeInfo(`C${zone.id.slice(1)}`, 'INSYNC', world.clock.now(), undefined),
    ...(zone.isPrivate ? {} : { DelegationSet: writeDelegationSet(zone) }),
  };
}

function changeRecords({ id, body }: RestRequest, { world }: Account): XmlElement {
  zoneOf(id, world.route53.zones);
  const { changes, comment } = readChangeBatch(body);
  const change = world.route53.change(id, changes, comment);
  return { ChangeInfo: writeChangeInfo(change.id, change.status, change.submittedAt, comment) };
}

function getChange({ id }: RestRequest, { world }: Account): XmlElement {
  const change = world.route53.changes.get(id);
  if (change === undefined) throw new AwsRefusal('NoSuchChange', `Could not find resource with ID: ${id}`, 404);
  return { ChangeInfo: writeChangeInfo(change.id, change.status, change.submittedAt, change.comment) };
}

function zoneOf(id: string, zones: ReadonlyMap<string, HostedZone>): HostedZone {
  const zone = zones.get(id);
  if (zone === undefined) throw new AwsRefusal('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404);
  return zone;
}

function writeDelegationSet({ nameServers }: HostedZone): XmlValue {
  return { NameServers: { NameServer: nameServers.map((name) => name.replace(/\.$/, '')) } };
}

function writeChangeInfo(id: string, status: string, submittedAt: number, comment: string | undefined): XmlValue {
  return {
    Id: `/change/${id}`,
    Status: status,
    SubmittedAt: new Date(submittedAt).toISOString(),
    Comment: comment,
  };
}
