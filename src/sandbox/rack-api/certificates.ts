import { X509Certificate } from 'node:crypto';
import type { Certificate } from '../model/certificates.ts';
import type { Api } from './api.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { goTime, json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

export const certificateRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/certificates',
    operation: 'certificates.list',
    handle: (_request, api) => json(listCertificates(api).map((certificate) => certificateJson(api, certificate))),
  },
  { method: 'POST', path: '/certificates', operation: 'certificates.upload', handle: upload },
  { method: 'POST', path: '/certificates/generate', operation: 'certificates.generate', handle: generate },
  { method: 'DELETE', path: '/certificates/:certificate', operation: 'certificates.delete', handle: remove },
];

/** A certificate that a listener can use, from ACM or from IAM. */
export interface RackCertificate {
  readonly id: string;
  readonly arn: string;
  readonly domain: string;
  /** `undefined` for IAM ones: their names are not listed. */
  readonly domains: readonly string[] | undefined;
  readonly expiresAt: number | undefined;
}

/** By ARN, as parameters of generation-1 listeners name it. */
export function findCertificateByArn(api: Api, arn: string): RackCertificate | undefined {
  return allCertificates(api).find((certificate) => certificate.arn === arn);
}

export function findCertificate(api: Api, id: string): RackCertificate | undefined {
  return allCertificates(api).find((certificate) => certificate.id === id);
}

function allCertificates(api: Api): readonly RackCertificate[] {
  return [
    ...[...api.world.acm.certificates.values()].map(fromAcm),
    ...[...(api.world.serverCertificates ?? [])].map(([arn, { domainName, notAfter }]) => ({
      id: serverCertificateName(arn),
      arn,
      domain: domainName,
      domains: undefined,
      expiresAt: notAfter,
    })),
  ];
}

function fromAcm(certificate: Certificate): RackCertificate {
  const { arn, domainName, names, notAfter } = certificate;
  return { id: acmId(arn), arn, domain: domainName, domains: names, expiresAt: notAfter };
}

const serverCertificateName = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

const acmId = (arn: string): string => `acm-${arn.slice(-12)}`;

/** Sorted by id; what is left out depends on the version (convox/rack provider/aws/certificates.go). */
function listCertificates(api: Api): readonly RackCertificate[] {
  const hidden = new Set<string>();
  for (const { arn, keyAlgorithm, status, tags } of api.world.acm.certificates.values()) {
    const isOfApp = tags.get('System') === 'convox' && tags.get('Type') === 'app';
    const isShown =
      keyAlgorithm.startsWith('RSA') &&
      !(api.has(SINCE.certificateDomains) && isOfApp) &&
      !(api.has(SINCE.onlyIssuedCertificates) && status !== 'ISSUED');
    if (!isShown) hidden.add(arn);
  }
  return allCertificates(api)
    .filter(({ arn }) => !hidden.has(arn))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function certificateJson(api: Api, { id, domain, domains, expiresAt }: RackCertificate): Record<string, unknown> {
  const names = api.has(SINCE.certificateDomains) ? { domains: domains ?? null } : {};
  return { id, domain, ...names, expiration: goTime(expiresAt) };
}

/** Asks ACM by mail and answers at once. */
function generate(request: RackRequest, api: Api): Reply {
  const names = request
    .field('domains')
    .split(',')
    .filter((name) => name !== '');
  const [domainName] = names;
  if (domainName === undefined) throw new RackRefusal(500, 'no domains given');
  const { arn } = api.callAws(() => api.world.acm.request({ domainName, names, method: 'EMAIL' }));
  const certificate = { id: acmId(arn), arn, domain: domainName, domains: undefined, expiresAt: undefined };
  return json(certificateJson(api, certificate));
}

/** Classic racks upload to IAM, standard ones import into ACM. */
function upload(request: RackRequest, api: Api): Reply {
  const chain = request.field('chain');
  const pub = request.field(api.isClassic ? 'public' : 'pub');
  const key = request.field(api.isClassic ? 'private' : 'key');
  const { domain, names, expiresAt } = readCertificate(pub);
  const { acm, clock, random, serverCertificates, settings } = api.world;
  const name = `cert-${Math.floor(clock.now() / 1000)}`;
  const arn = api.isClassic
    ? `arn:aws:iam::${settings.accountId}:server-certificate/${name}`
    : `arn:aws:acm:${settings.region}:${settings.accountId}:certificate/${random.uuid()}`;
  const certificate: Certificate = {
    arn,
    domainName: domain,
    names,
    keyAlgorithm: 'RSA_2048',
    type: 'IMPORTED',
    status: 'ISSUED',
    failureReason: undefined,
    createdAt: clock.now(),
    issuedAt: clock.now(),
    notAfter: expiresAt,
    validations: [],
    idempotencyToken: undefined,
    tags: new Map(),
    pem: { key, chain: `${pub}\n${chain}` },
  };
  if (api.isClassic) serverCertificates?.set(arn, certificate);
  else acm.certificates.set(arn, certificate);
  const id = api.isClassic ? name : acmId(arn);
  return json(certificateJson(api, { id, arn, domain, domains: api.isClassic ? undefined : names, expiresAt }));
}

function readCertificate(pem: string): { domain: string; names: readonly string[]; expiresAt: number } {
  try {
    const certificate = new X509Certificate(pem);
    const domain = /CN=([^\n]+)/.exec(certificate.subject)?.[1] ?? '';
    const names = (certificate.subjectAltName ?? '').split(', ').map((name) => name.replace(/^DNS:/, ''));
    const known = names.filter((name) => name !== '');
    return {
      domain: domain === '' ? (known[0] ?? '') : domain,
      names: known,
      expiresAt: Date.parse(certificate.validTo),
    };
  } catch {
    throw new RackRefusal(500, 'could not parse certificate');
  }
}

function remove(request: RackRequest, api: Api): Reply {
  const id = request.param('certificate');
  const certificate = findCertificate(api, id);
  if (id.startsWith('acm-')) {
    if (certificate === undefined) throw new RackRefusal(500, 'certificate not found');
    api.callAws(() => {
      api.world.acm.delete(certificate.arn);
    });
  } else if (certificate === undefined || api.world.serverCertificates?.delete(certificate.arn) !== true) {
    throw api.awsError('NoSuchEntity', `The Server Certificate with name ${id} cannot be found.`);
  }
  return SUCCESS;
}
