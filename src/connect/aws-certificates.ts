import { findPendingCertificates } from '../aws/certificate-watch.ts';
import { deleteCertificate, issueCertificate, waitForValidationRecords } from '../aws/certificate-issue.ts';
import { forecastCertificates, NAMES_PER_CERTIFICATE } from '../aws/certificate-forecast.ts';
import { reusesIssuedCertificatesOnly } from '../aws/certificate-match.ts';
import { findCertificate, listCertificates, readCertificateTags, type Certificate } from '../aws/certificates.ts';
import { planValidationRecords } from '../aws/dns/validation-records.ts';
import { readStack } from '../aws/stacks.ts';
import type { AwsPort, CertificateFacts } from '../orchestrator/ports.ts';
import type { AwsContext } from './aws-context.ts';

type CertificatePort = Pick<
  AwsPort,
  | 'forecastCertificates'
  | 'requestCertificate'
  | 'requestedCertificates'
  | 'readCertificate'
  | 'deleteCertificate'
  | 'pendingCertificates'
>;

const NAMES_QUOTA = `ACM puts at most ${NAMES_PER_CERTIFICATE.usual} names into one certificate, or up to ${NAMES_PER_CERTIFICATE.most} once AWS has raised that quota for the account`;

/** Says for which intent a certificate was requested; the same intent finds it again after a crash. */
const KEY_TAG = 'convox-gen2-key';

/** Certificates: foreseen, requested, watched, removed. */
export function certificatePort({ clients, clock, resolver }: AwsContext): CertificatePort {
  return {
    async forecastCertificates({ rackVersion, services }, signal) {
      const forecasts = await forecastCertificates(
        { version: rackVersion, services, resolver, clients, nowMs: clock.now() },
        signal,
      );
      return forecasts.map(({ service, domains, outcome, reused, mails, caaProblems }) => {
        const way = outcome === 'reused' ? 'reuse' : reusesIssuedCertificatesOnly(rackVersion) ? 'dns' : 'mail';
        return {
          ...{ service, domains, way, reuses: reused?.arn },
          mails: mails.map(({ domain, mailboxes, canReceiveMail }) => ({
            domain,
            mailboxes,
            canArrive: canReceiveMail,
          })),
          problems: [
            ...(way !== 'reuse' && domains.length > NAMES_PER_CERTIFICATE.usual
              ? [`${service} has ${domains.length} domains, and ${NAMES_QUOTA}`]
              : []),
            ...caaProblems.map(({ domain, at }) => `the CAA records of ${at} forbid Amazon to issue for ${domain}`),
            ...(way === 'mail' ? mails.filter(({ canReceiveMail }) => !canReceiveMail) : []).map(
              ({ domain }) => `no name from ${domain} upwards takes mail (MX): the certificate mail would be lost`,
            ),
          ],
        };
      });
    },

    async requestCertificate({ domains, key }, signal) {
      const { arn } = await issueCertificate(
        { clients, domains, idempotencyKey: key, tags: { [KEY_TAG]: key } },
        signal,
      );
      const tags = await readCertificateTags({ clients, arn }, signal);
      const records = await waitForValidationRecords({ clients, arn, clock }, signal);
      const validation = await planValidationRecords({ clients, records, resolver }, signal);
      return { arn, isOurs: tags[KEY_TAG] === key, validation };
    },

    async requestedCertificates({ domains, key }, signal) {
      const arns: string[] = [];
      for (const { arn } of await listCertificates({ clients, covering: domains }, signal)) {
        if ((await readCertificateTags({ clients, arn }, signal))[KEY_TAG] === key) arns.push(arn);
      }
      return arns;
    },

    async readCertificate(arn, signal) {
      const certificate = await findCertificate({ clients, arn }, signal);
      return certificate === undefined ? undefined : certificateFacts(certificate);
    },

    deleteCertificate: (arn, signal) => deleteCertificate({ clients, arn, clock }, signal),

    async pendingCertificates(stackArn, signal) {
      const stack = await readStack({ clients, stack: stackArn }, signal);
      return (await findPendingCertificates({ clients, stack }, signal)).map(certificateFacts);
    },
  };
}

const STATUS_WORDS = {
  pending: 'PENDING_VALIDATION',
  issued: 'ISSUED',
  failed: 'FAILED',
  'timed-out': 'VALIDATION_TIMED_OUT',
  expired: 'EXPIRED',
  inactive: 'INACTIVE',
  revoked: 'REVOKED',
} as const;

function certificateFacts({ arn, status, domains, failureReason, validations }: Certificate): CertificateFacts {
  return {
    ...{ arn, domains, failureReason, status: STATUS_WORDS[status] },
    validations: validations.map((validation) => ({
      domain: validation.domain,
      status: validation.status === 'pending' ? 'PENDING_VALIDATION' : validation.status.toUpperCase(),
      method: validation.method.toUpperCase(),
      mailboxes: validation.mailboxes,
    })),
  };
}
