import {
  DescribeCertificateCommand,
  ListTagsForCertificateCommand,
  paginateListCertificates,
  type CertificateDetail,
  type CertificateSummary,
} from '@aws-sdk/client-acm';
import { ask, askAll, awsCodeOf, present } from './aws-error.ts';
import type { AwsClients } from './clients.ts';
import { dnsName } from './dns/names.ts';

type Clients = Pick<AwsClients, 'acm'>;

export type CertificateStatus = 'pending' | 'issued' | 'failed' | 'timed-out' | 'expired' | 'inactive' | 'revoked';

/** A record that proves a domain to ACM. */
export interface ValidationRecord {
  readonly name: string;
  readonly type: 'CNAME';
  readonly value: string;
}

/** How one domain of a certificate is being proved. */
export interface DomainValidation {
  readonly domain: string;
  readonly status: 'pending' | 'success' | 'failed';
  readonly method: 'email' | 'dns' | 'http';
  /** The domain the mail goes to. */
  readonly validationDomain?: string;
  /** Where the mails have gone; each is enough for this domain, and each domain needs one. */
  readonly mailboxes: readonly string[];
  /** Absent for a few seconds after the request. */
  readonly record?: ValidationRecord;
}

export interface Certificate {
  readonly arn: string;
  /** Lower case; the first is the common name. */
  readonly domains: readonly string[];
  readonly status: CertificateStatus;
  /** ACM's own word, e.g. `CAA_ERROR`; see `certificateAdvice`. */
  readonly failureReason?: string;
  readonly isImported: boolean;
  /** E.g. `RSA_2048`. */
  readonly keyAlgorithm: string;
  /** ms since 1970, like all times here. */
  readonly requestedAtMs: number;
  readonly issuedAtMs?: number;
  readonly expiresAtMs?: number;
  /** When a request that is still pending lapses: 72 h after it was made (ACM user guide). */
  readonly deadlineMs: number;
  readonly inUseBy: readonly string[];
  readonly validations: readonly DomainValidation[];
}

/** Hours a request stays open at ACM. */
const ACM_HOURS = 72;
/** Hours a stack waits for one, then it rolls back and deletes it (cloudformation-coverage-roadmap#130). */
const STACK_HOURS = 12;
const HOUR_MS = 3_600_000;

/** Reads a certificate; `undefined` when there is none of that ARN, e.g. deleted by a stack's rollback. */
export async function findCertificate(
  { clients, arn }: { readonly clients: Clients; readonly arn: string },
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  const what = `read certificate ${certificateLabel(arn)}`;
  try {
    const answer = await ask(
      what,
      'acm:DescribeCertificate',
      (options) => clients.acm.send(new DescribeCertificateCommand({ CertificateArn: arn }), options),
      signal,
    );
    return certificateFacts(present(answer.Certificate, 'Certificate', what), what);
  } catch (error) {
    if (awsCodeOf(error) === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

export async function readCertificateTags(
  { clients, arn }: { readonly clients: Clients; readonly arn: string },
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const answer = await ask(
    `read the tags of certificate ${certificateLabel(arn)}`,
    'acm:ListTagsForCertificate',
    (options) => clients.acm.send(new ListTagsForCertificateCommand({ CertificateArn: arn }), options),
    signal,
  );
  return Object.fromEntries((answer.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}

export interface ListCertificatesOptions {
  readonly clients: Clients;
  /** Default: all. */
  readonly statuses?: readonly ('PENDING_VALIDATION' | 'ISSUED' | 'FAILED' | 'VALIDATION_TIMED_OUT')[];
  /** True: certificates the list already shows to cover none of these are left out, and not read one by one. */
  readonly covering?: readonly string[];
}

/**
 * Reads the account's certificates in ACM's order, as a rack sees them: `ListCertificates` without a filter of key types
 * tells only of RSA 1024 and 2048 (ACM API reference), so an ECDSA certificate is not among them.
 */
export async function listCertificates(
  { clients, statuses, covering }: ListCertificatesOptions,
  signal: AbortSignal,
): Promise<readonly Certificate[]> {
  const summaries = await askAll(
    'list the certificates',
    'acm:ListCertificates',
    (options) =>
      paginateListCertificates(
        { client: clients.acm },
        statuses === undefined ? {} : { CertificateStatuses: [...statuses] },
        options,
      ),
    (page) => page.CertificateSummaryList,
    signal,
  );
  const certificates: Certificate[] = [];
  for (const summary of summaries) {
    const arn = summary.CertificateArn;
    if (arn === undefined || (covering !== undefined && isSurelyElsewhere(summary, covering))) continue;
    const certificate = await findCertificate({ clients, arn }, signal);
    if (certificate !== undefined) certificates.push(certificate);
  }
  return certificates;
}

/** True if the list itself shows all of a certificate's names, and that none covers one of the domains. */
function isSurelyElsewhere(summary: CertificateSummary, domains: readonly string[]): boolean {
  const names = summary.SubjectAlternativeNameSummaries;
  if (names === undefined || names.length === 0 || summary.HasAdditionalSubjectAlternativeNames === true) return false;
  return !domains.some((domain) => names.some((name) => certificateNameMatches(name, domain)));
}

/** True if `name` of a certificate covers `domain`: `*` stands for one label (convox/rack provider/aws/certificates.go). */
export function certificateNameMatches(name: string, domain: string): boolean {
  const [pattern, wanted] = [dnsName(name).split('.'), dnsName(domain).split('.')];
  return pattern.length === wanted.length && pattern.every((label, at) => label === '*' || label === wanted[at]);
}

/** True if the certificate's names cover every one of the domains. */
export function coversAll(certificate: Pick<Certificate, 'domains'>, domains: readonly string[]): boolean {
  return domains.every((domain) => certificate.domains.some((name) => certificateNameMatches(name, domain)));
}

/** When waiting for it ends: ACM's 72 h, or the 12 h of the stack that asked for it. */
export function certificateDeadlineMs(certificate: Certificate, { inStack }: { readonly inStack: boolean }): number {
  return inStack ? certificate.requestedAtMs + STACK_HOURS * HOUR_MS : certificate.deadlineMs;
}

/** The last part of an ARN, for messages. */
export function certificateLabel(arn: string): string {
  return arn.split('/').at(-1) ?? arn;
}

const STATUSES: Readonly<Record<string, CertificateStatus>> = {
  PENDING_VALIDATION: 'pending',
  ISSUED: 'issued',
  FAILED: 'failed',
  VALIDATION_TIMED_OUT: 'timed-out',
  EXPIRED: 'expired',
  INACTIVE: 'inactive',
  REVOKED: 'revoked',
};

function certificateFacts(detail: CertificateDetail, what: string): Certificate {
  const requestedAtMs = (detail.CreatedAt ?? detail.ImportedAt)?.getTime() ?? 0;
  const names = [detail.DomainName ?? '', ...(detail.SubjectAlternativeNames ?? [])].map(dnsName);
  return {
    arn: present(detail.CertificateArn, 'CertificateArn', what),
    domains: [...new Set(names)].filter((name) => name !== ''),
    status: STATUSES[detail.Status ?? ''] ?? 'failed',
    ...(detail.FailureReason ? { failureReason: detail.FailureReason } : {}),
    isImported: detail.Type === 'IMPORTED',
    // The API writes RSA_2048 where it takes it and RSA-2048 where it answers.
    keyAlgorithm: (detail.KeyAlgorithm ?? '').replace('-', '_'),
    requestedAtMs,
    ...(detail.IssuedAt ? { issuedAtMs: detail.IssuedAt.getTime() } : {}),
    ...(detail.NotAfter ? { expiresAtMs: detail.NotAfter.getTime() } : {}),
    deadlineMs: requestedAtMs + ACM_HOURS * HOUR_MS,
    inUseBy: detail.InUseBy ?? [],
    validations: (detail.DomainValidationOptions ?? []).map((option) => ({
      domain: dnsName(option.DomainName ?? ''),
      status:
        option.ValidationStatus === 'SUCCESS' ? 'success' : option.ValidationStatus === 'FAILED' ? 'failed' : 'pending',
      method: option.ValidationMethod === 'EMAIL' ? 'email' : option.ValidationMethod === 'HTTP' ? 'http' : 'dns',
      ...(option.ValidationDomain ? { validationDomain: option.ValidationDomain } : {}),
      mailboxes: option.ValidationEmails ?? [],
      ...(option.ResourceRecord?.Name && option.ResourceRecord.Value
        ? {
            record: {
              name: dnsName(option.ResourceRecord.Name),
              type: 'CNAME' as const,
              value: dnsName(option.ResourceRecord.Value),
            },
          }
        : {}),
    })),
  };
}
