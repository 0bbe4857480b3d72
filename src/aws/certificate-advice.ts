import { formatDuration } from '../time/wait.ts';
import type { Certificate } from './certificates.ts';

/** What each reason of ACM means for us (ACM API reference, FailureReason; ACM user guide, troubleshooting). */
const ADVICE: Readonly<Record<string, string>> = {
  NO_AVAILABLE_CONTACTS:
    'ACM found no mailbox to write to: give the domain an MX record, or let a certificate be validated by DNS.',
  ADDITIONAL_VERIFICATION_REQUIRED:
    'AWS wants to look at this domain itself: open a support case; a new request will not help.',
  DOMAIN_NOT_ALLOWED: 'The domain is on a list of unsafe ones: have it taken off there; a new request will not help.',
  INVALID_PUBLIC_DOMAIN: 'One of the names is not under a public suffix: correct the domain in the manifest.',
  DOMAIN_VALIDATION_DENIED: 'Somebody pressed “deny” in the mail: ask who, then request a new certificate.',
  CAA_ERROR:
    'A CAA record of the domain does not allow Amazon: add `0 issue "amazon.com"`, then request a new certificate.',
  LIMIT_EXCEEDED: 'The account has as many certificates as it may: delete unused ones or ask AWS for more.',
};

/** What to do about a certificate that was not issued; `undefined` while nothing is wrong. */
export function certificateAdvice(certificate: Certificate): string | undefined {
  switch (certificate.status) {
    case 'issued':
    case 'pending':
      return undefined;
    case 'timed-out':
      return 'Nobody proved the domains within 72 hours: request a new certificate and watch it with `gen2 certs --watch`.';
    case 'failed':
      return (
        ADVICE[certificate.failureReason ?? ''] ??
        `ACM gives the reason ${certificate.failureReason ?? 'OTHER'}: ask AWS support, then request a new certificate.`
      );
    case 'expired':
    case 'inactive':
    case 'revoked':
      return 'The certificate cannot be used any more: request a new one.';
  }
}

/** What a person has to do for a pending certificate, one line a domain: whose mailboxes, or which record. */
export function pendingActions(certificate: Certificate): readonly string[] {
  return certificate.validations
    .filter(({ status }) => status === 'pending')
    .map(({ domain, method, mailboxes, record }) => {
      if (method === 'email') {
        const where = mailboxes.length === 0 ? 'mailboxes ACM has not told yet' : mailboxes.join(', ');
        return `${domain}: follow the link in the mail to ${where} (any one of them)`;
      }
      if (record === undefined) return `${domain}: ACM has not told the validation record yet`;
      return `${domain}: set ${record.name}. CNAME ${record.value}.`;
    });
}

/** A pending certificate in one line: `3 of 4 domains proved, 71 h 58 min left`. */
export function describeCertificate(
  certificate: Certificate,
  nowMs: number,
  deadlineMs = certificate.deadlineMs,
): string {
  const { status, validations, failureReason } = certificate;
  if (status !== 'pending') return failureReason === undefined ? status : `${status} (${failureReason})`;
  const proved = validations.filter((validation) => validation.status === 'success').length;
  const left = formatDuration(Math.max(0, deadlineMs - nowMs));
  return `${proved} of ${validations.length} domains proved, ${left} left`;
}
