import { coversAll, listCertificates, readCertificateTags, type Certificate } from './certificates.ts';
import type { AwsClients } from './clients.ts';
import { isAtLeast } from './rack-version.ts';

/** First versions of a rack's rule for reusing a certificate (convox/rack provider/aws/certificates.go). */
const REUSES = '20180518143010';
const ISSUED_ONLY = '20180520153159';
const UNEXPIRED_ONLY = '20190529174125';

/** A certificate that covers the domains, yet is not taken, and why. */
export interface RejectedCertificate {
  readonly arn: string;
  readonly domains: readonly string[];
  readonly reason: string;
}

export interface CertificateSearch {
  /** The one the rack would attach instead of asking for its own. */
  readonly certificate?: Certificate;
  readonly rejected: readonly RejectedCertificate[];
}

export interface FindUsableCertificateOptions {
  readonly clients: Pick<AwsClients, 'acm'>;
  /** The rack's version: the rule differs. */
  readonly version: string;
  /** All of a service's domains: one certificate must cover every one (convox/rack#3003). */
  readonly domains: readonly string[];
  /** ms since 1970. */
  readonly nowMs: number;
}

/** True if this version of a rack ever takes a certificate it did not make itself. */
function reusesCertificates(version: string): boolean {
  return isAtLeast(version, REUSES);
}

/** True if a certificate made ahead is surely taken once issued: the rule has all its parts. */
export function reusesIssuedCertificatesOnly(version: string): boolean {
  return isAtLeast(version, UNEXPIRED_ONLY);
}

/** Finds the certificate a promote on this version would reuse for a service with these domains, by the rack's own rule. */
export async function findUsableCertificate(
  { clients, version, domains, nowMs }: FindUsableCertificateOptions,
  signal: AbortSignal,
): Promise<CertificateSearch> {
  if (!reusesCertificates(version) || domains.length === 0) return { rejected: [] };
  const rejected: RejectedCertificate[] = [];
  for (const certificate of await listCertificates({ clients, covering: domains }, signal)) {
    const reason = coversAll(certificate, domains)
      ? (unusable(certificate, version, nowMs) ?? (await ownedByApp(clients, certificate, signal)))
      : 'it covers only some of the domains';
    if (reason === undefined) return { certificate, rejected };
    if (certificate.domains.some((name) => domains.some((domain) => coversAll({ domains: [name] }, [domain])))) {
      rejected.push({ arn: certificate.arn, domains: certificate.domains, reason });
    }
  }
  return { rejected };
}

function unusable(certificate: Certificate, version: string, nowMs: number): string | undefined {
  if (certificate.status !== 'issued' && certificate.status !== 'expired' && isAtLeast(version, ISSUED_ONLY)) {
    return `it is ${certificate.status}`;
  }
  const isExpired = certificate.status === 'expired' || (certificate.expiresAtMs ?? Infinity) <= nowMs;
  return isExpired && isAtLeast(version, UNEXPIRED_ONLY) ? 'it has expired' : undefined;
}

/** CloudFormation gives an app's certificate the app's own tags, and racks never take those of another app. */
async function ownedByApp(
  clients: Pick<AwsClients, 'acm'>,
  certificate: Certificate,
  signal: AbortSignal,
): Promise<string | undefined> {
  const tags = await readCertificateTags({ clients, arn: certificate.arn }, signal);
  const isApps = tags['System'] === 'convox' && tags['Type'] === 'app';
  return isApps ? `it belongs to app ${tags['Name'] ?? 'of the rack'}` : undefined;
}
