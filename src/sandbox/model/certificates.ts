/** What ACM holds, and the mails it sends. */

export type CertificateStatus =
  'PENDING_VALIDATION' | 'ISSUED' | 'VALIDATION_TIMED_OUT' | 'FAILED' | 'EXPIRED' | 'INACTIVE' | 'REVOKED';

export interface DomainValidation {
  readonly domain: string;
  readonly validationDomain: string;
  readonly emails: readonly string[];
  method: 'EMAIL' | 'DNS';
  status: 'PENDING_VALIDATION' | 'SUCCESS' | 'FAILED';
  /** Absent for a few seconds after the request (AWS docs), then constant per account and domain. */
  resourceRecord: { readonly name: string; readonly type: 'CNAME'; readonly value: string } | undefined;
}

export interface Certificate {
  readonly arn: string;
  readonly domainName: string;
  /** All names, the domain name first. */
  readonly names: readonly string[];
  readonly keyAlgorithm: 'RSA_2048' | 'RSA_1024' | 'EC_prime256v1';
  readonly type: 'AMAZON_ISSUED' | 'IMPORTED';
  status: CertificateStatus;
  failureReason: string | undefined;
  readonly createdAt: number;
  issuedAt: number | undefined;
  notAfter: number | undefined;
  readonly validations: readonly DomainValidation[];
  readonly idempotencyToken: string | undefined;
  readonly tags: Map<string, string>;
  /** Key and chain for TLS, present once issued. */
  pem: { readonly key: string; readonly chain: string } | undefined;
}

/** A certificate mail that has "arrived": one per domain name of a mail-validated request. */
export interface CertificateMail {
  readonly id: string;
  readonly certificateArn: string;
  readonly domain: string;
  readonly to: readonly string[];
  readonly sentAt: number;
  approvedAt: number | undefined;
}
