import { findUsableCertificate, reusesIssuedCertificatesOnly, type CertificateSearch } from './certificate-match.ts';
import type { Certificate } from './certificates.ts';
import type { AwsClients } from './clients.ts';
import { dnsName, parentsOf } from './dns/names.ts';
import type { DnsResolver } from './dns/resolver.ts';

/** The five mailboxes ACM writes to; WHOIS contacts no longer, since June 2024 (AWS Security Blog). */
const MAILBOXES = ['admin', 'administrator', 'hostmaster', 'postmaster', 'webmaster'] as const;

/** Names in one certificate: what an account has, and what it can ask for (ACM user guide, quotas). */
export const NAMES_PER_CERTIFICATE = { usual: 10, most: 100 } as const;

/** Where the mail for one domain would go. */
export interface MailForecast {
  readonly domain: string;
  readonly validationDomain: string;
  /** Five addresses; one of them must exist and be read. */
  readonly mailboxes: readonly string[];
  /** False: no name from the domain upwards takes mail, so it is lost. */
  readonly canReceiveMail: boolean;
}

/** A CAA record that keeps Amazon from issuing. */
export interface CaaProblem {
  readonly domain: string;
  /** The name the records stand at. */
  readonly at: string;
  readonly allowed: readonly string[];
}

export interface CertificateForecast {
  readonly service: string;
  readonly domains: readonly string[];
  /** `reused`: no new one is made. `mail`: a person must follow a link. `ahead`: we can request one by DNS before promoting. */
  readonly outcome: 'reused' | 'mail' | 'ahead';
  readonly reused?: Certificate;
  /** Certificates that cover the domains and still would not be taken. */
  readonly rejected: CertificateSearch['rejected'];
  /** Where mails would go if nothing is done ahead; empty when one is reused. */
  readonly mails: readonly MailForecast[];
  readonly caaProblems: readonly CaaProblem[];
}

export interface ForecastCertificatesOptions {
  readonly version: string;
  readonly services: readonly { readonly name: string; readonly domains: readonly string[] }[];
  readonly resolver: DnsResolver;
  /** Absent: certificates that could be reused are not looked for. */
  readonly clients?: Pick<AwsClients, 'acm'>;
  /** ms since 1970. */
  readonly nowMs: number;
}

/** Says before any promote which services get a certificate without mail, and to whose mailboxes it goes otherwise. */
export async function forecastCertificates(
  { version, services, resolver, clients, nowMs }: ForecastCertificatesOptions,
  signal: AbortSignal,
): Promise<readonly CertificateForecast[]> {
  return Promise.all(
    services
      .filter(({ domains }) => domains.length > 0)
      .map(async ({ name: service, domains }): Promise<CertificateForecast> => {
        const search =
          clients === undefined
            ? { rejected: [] }
            : await findUsableCertificate({ clients, version, domains, nowMs }, signal);
        const { certificate, rejected } = search;
        if (certificate !== undefined) {
          return { service, domains, outcome: 'reused', reused: certificate, rejected, mails: [], caaProblems: [] };
        }
        const mails = await Promise.all(domains.map((domain) => forecastMail({ domain, resolver }, signal)));
        const problems = await Promise.all(domains.map((domain) => checkCaa({ domain, resolver }, signal)));
        return {
          service,
          domains,
          outcome: reusesIssuedCertificatesOnly(version) ? 'ahead' : 'mail',
          rejected,
          mails,
          caaProblems: problems.filter((problem) => problem !== undefined),
        };
      }),
  );
}

interface DomainQuestion {
  readonly domain: string;
  readonly resolver: DnsResolver;
}

/**
 * Where a rack has ACM send the mail for a domain: to the first name, from the domain up to two labels, that has a mail
 * server; if none has, to the domain itself, where nobody reads it (convox/rack provider/aws/template.go, `apex`).
 */
export async function forecastMail({ domain, resolver }: DomainQuestion, signal: AbortSignal): Promise<MailForecast> {
  const name = dnsName(domain);
  // A wildcard's own label cannot be asked for.
  const candidates = parentsOf(name, 2).filter((candidate) => !candidate.startsWith('*.'));
  let validationDomain: string | undefined;
  for (const candidate of candidates) {
    if ((await resolver.mailServers(candidate, signal)).length === 0) continue;
    validationDomain = candidate;
    break;
  }
  // ACM itself drops these labels before it writes (ACM user guide, email validation).
  const addressed = (validationDomain ?? name).replace(/^(\*|www)\./, '');
  return {
    domain: name,
    validationDomain: validationDomain ?? name,
    mailboxes: MAILBOXES.map((mailbox) => `${mailbox}@${addressed}`),
    canReceiveMail: validationDomain !== undefined,
  };
}

const AMAZON: ReadonlySet<string> = new Set(['amazon.com', 'amazontrust.com', 'awstrust.com', 'amazonaws.com']);

/**
 * Looks whether CAA records keep Amazon from issuing for a domain: the first name upwards that has any decides, and
 * `issuewild` takes the place of `issue` for wildcards (RFC 8659; ACM user guide, CAA records).
 */
export async function checkCaa(
  { domain, resolver }: DomainQuestion,
  signal: AbortSignal,
): Promise<CaaProblem | undefined> {
  const name = dnsName(domain);
  const isWildcard = name.startsWith('*.');
  for (const at of parentsOf(name.replace(/^\*\./, ''))) {
    const properties = await resolver.caa(at, signal);
    if (properties.length === 0) continue;
    const wild = properties.filter(({ tag }) => tag === 'issuewild');
    const deciding = isWildcard && wild.length > 0 ? wild : properties.filter(({ tag }) => tag === 'issue');
    if (deciding.length === 0) return undefined;
    const allowed = deciding.map(({ value }) => (value.split(';')[0] ?? '').trim().toLowerCase());
    return allowed.some((issuer) => AMAZON.has(issuer)) ? undefined : { domain: name, at, allowed };
  }
  return undefined;
}
