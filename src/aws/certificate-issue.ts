import { createHash } from 'node:crypto';
import { DeleteCertificateCommand, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { MigrationError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { waitFor } from '../time/wait.ts';
import { ask, awsCodeOf, awsError, describeAwsError, present } from './aws-error.ts';
import {
  certificateLabel,
  findCertificate,
  listCertificates,
  readCertificateTags,
  type Certificate,
  type ValidationRecord,
} from './certificates.ts';
import { sendWrite } from './client-middleware.ts';
import type { AwsClients } from './clients.ts';
import { dnsName } from './dns/names.ts';

type Clients = Pick<AwsClients, 'acm'>;

/** The tag our certificates have. Never `System=convox` with `Type=app`: racks pass over those (convox/rack@20180518143010). */
const OUR_TAG = { key: 'ManagedBy', value: 'convox-gen2' } as const;

/** ACM's limit for the common name (ACM user guide, quotas). */
const MAX_COMMON_NAME = 64;

export interface IssueCertificateOptions {
  readonly clients: Clients;
  readonly domains: readonly string[];
  /** The same for the same intent, e.g. the execution's id: a repeated call makes no second certificate. */
  readonly idempotencyKey: string;
  /** More tags, e.g. whose it is. */
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Requests one RSA 2048 certificate for all domains, to be proved by DNS, or returns ours for the very same domains that
 * is pending or issued: of each set of domains there is never more than one pending request of ours. One that has failed
 * is left alone, and another one requested.
 *
 * @throws {MigrationError} `CERTIFICATE_LIMIT` (a quota is reached; never repeated), `CERTIFICATE_FAILED` if the
 * names cannot be in one certificate.
 */
export async function issueCertificate(
  { clients, domains, idempotencyKey, tags = {} }: IssueCertificateOptions,
  signal: AbortSignal,
): Promise<{ readonly arn: string; readonly isNew: boolean }> {
  const names = certificateNames(domains);
  const [commonName = ''] = names;
  const { usable, failed } = await findOurs(clients, names, signal);
  if (usable !== undefined) return { arn: usable.arn, isNew: false };

  const what = `request a certificate for ${names.join(', ')}`;
  const command = new RequestCertificateCommand({
    DomainName: commonName,
    ...(names.length > 1 ? { SubjectAlternativeNames: names } : {}),
    ValidationMethod: 'DNS',
    KeyAlgorithm: 'RSA_2048',
    IdempotencyToken: idempotencyToken(idempotencyKey, { names, failed }),
    Tags: Object.entries({ ...tags, [OUR_TAG.key]: OUR_TAG.value }).map(([Key, Value]) => ({ Key, Value })),
  });
  try {
    const answer = await sendWrite(command, () => clients.acm.send(command, { abortSignal: signal }), {
      isRepeatable: true,
      // The SDK takes this for throttling and would ask again; there will be no more certificates for it.
      finalCodes: ['LimitExceededException'],
    });
    return { arn: present(answer.CertificateArn, 'CertificateArn', what), isNew: true };
  } catch (error) {
    const failure = awsError(what, 'acm:RequestCertificate', error, signal);
    if (awsCodeOf(failure) !== 'LimitExceededException') throw failure;
    // One code for several quotas: certificates of the account, requests in a year, names in a certificate.
    const said = describeAwsError(error).message;
    throw new MigrationError('CERTIFICATE_LIMIT', `${what}: a quota of ACM is reached: ${said}`, {
      hint: 'Ask AWS for a higher quota (Service Quotas, Certificate Manager), delete unused certificates, or let a wildcard stand for several names.',
      details: { domains: names, awsMessage: failure.message },
    });
  }
}

/** The names in the order ACM gets them: the shortest first, since only 64 characters fit into the common name. */
function certificateNames(domains: readonly string[]): string[] {
  const names = [...new Set(domains.map(dnsName))].toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const [shortest] = names;
  if (shortest === undefined) throw new MigrationError('USAGE', 'a certificate needs at least one domain');
  if (shortest.length > MAX_COMMON_NAME) {
    throw new MigrationError(
      'CERTIFICATE_FAILED',
      `${shortest} is longer than the ${MAX_COMMON_NAME} characters ACM takes`,
      {
        hint: 'Add a shorter domain, or a wildcard, to the same service.',
        details: { domains: names },
      },
    );
  }
  return names;
}

interface OurCertificates {
  readonly usable: Certificate | undefined;
  /** ARNs of those that came to nothing. */
  readonly failed: readonly string[];
}

async function findOurs(clients: Clients, names: readonly string[], signal: AbortSignal): Promise<OurCertificates> {
  const statuses = ['PENDING_VALIDATION', 'ISSUED', 'FAILED', 'VALIDATION_TIMED_OUT'] as const;
  const failed: string[] = [];
  for (const certificate of await listCertificates({ clients, statuses, covering: names }, signal)) {
    if (certificate.domains.toSorted().join() !== names.toSorted().join()) continue;
    if (certificate.status === 'failed' || certificate.status === 'timed-out') failed.push(certificate.arn);
    if (certificate.status !== 'pending' && certificate.status !== 'issued') continue;
    const tags = await readCertificateTags({ clients, arn: certificate.arn }, signal);
    if (tags[OUR_TAG.key] === OUR_TAG.value) return { usable: certificate, failed };
  }
  return { usable: undefined, failed };
}

/**
 * ACM takes up to 32 word characters and knows a token again for an hour (ACM API reference, RequestCertificate): also that
 * of a request which has failed, so that each failure makes another token.
 */
function idempotencyToken(
  key: string,
  { names, failed }: { readonly names: readonly string[]; readonly failed: readonly string[] },
): string {
  return createHash('sha256')
    .update(JSON.stringify([key, names.toSorted(), ...failed.toSorted()]))
    .digest('hex')
    .slice(0, 32);
}

export interface WaitForValidationRecordsOptions {
  readonly clients: Clients;
  readonly arn: string;
  readonly clock: Clock;
  /** Default 2 minutes; normally a few seconds. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Waits until ACM has told how each domain is to be proved, and returns the records, each once: `*.x` and `x` share one,
 * and so do all certificates of one account for one domain (ACM user guide, DNS validation).
 *
 * @throws {MigrationError} `CERTIFICATE_FAILED` with ACM's reason, `TIMED_OUT`.
 */
export async function waitForValidationRecords(
  { clients, arn, clock, timeoutMs = 120_000, intervalMs = 1500 }: WaitForValidationRecordsOptions,
  signal: AbortSignal,
): Promise<readonly ValidationRecord[]> {
  return waitFor(
    async () => {
      const certificate = await findCertificate({ clients, arn }, signal);
      if (certificate === undefined) return { state: 'pending', saw: 'ACM does not know the certificate yet' };
      const missing = certificate.validations.filter(({ record }) => record === undefined);
      if (certificate.validations.length > 0 && missing.length === 0) {
        return { state: 'ready', value: validationRecords(certificate) };
      }
      if (certificate.status === 'failed') return { state: 'failed', error: requestFailed(certificate) };
      return { state: 'pending', saw: `${missing.length} domains without a record` };
    },
    { what: 'ACM to tell the validation records', clock, timeoutMs, intervalMs },
    signal,
  );
}

function requestFailed({ arn, domains, failureReason }: Certificate): MigrationError {
  const reason = failureReason ?? 'no reason given';
  return new MigrationError('CERTIFICATE_FAILED', `ACM issues no certificate for ${domains.join(', ')}: ${reason}`, {
    hint: 'The reason is explained in the ACM user guide, "Certificate request fails". Mend it; the next try (`gen2 resume`) requests another one.',
    details: { arn, domains, failureReason },
  });
}

/** The records that prove a certificate's domains, each once. */
export function validationRecords(certificate: Certificate): readonly ValidationRecord[] {
  const byName = new Map(
    certificate.validations.flatMap(({ record }) => (record === undefined ? [] : [[record.name, record] as const])),
  );
  return [...byName.values()];
}

export interface DeleteCertificateOptions {
  readonly clients: Clients;
  readonly arn: string;
  readonly clock: Clock;
  /** How long to wait for balancers to let go of it; default 10 minutes. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Deletes a certificate, waiting while a balancer still holds it; done if it is gone already.
 *
 * @throws {MigrationError} `TIMED_OUT` naming what uses it.
 */
export async function deleteCertificate(
  { clients, arn, clock, timeoutMs = 600_000, intervalMs = 10_000 }: DeleteCertificateOptions,
  signal: AbortSignal,
): Promise<void> {
  await waitFor(
    async () => {
      try {
        await ask(
          `delete certificate ${certificateLabel(arn)}`,
          'acm:DeleteCertificate',
          (options) => clients.acm.send(new DeleteCertificateCommand({ CertificateArn: arn }), options),
          signal,
        );
        return { state: 'ready', value: undefined };
      } catch (error) {
        if (awsCodeOf(error) === 'ResourceNotFoundException') return { state: 'ready', value: undefined };
        if (awsCodeOf(error) !== 'ResourceInUseException') throw error;
        const users = (await findCertificate({ clients, arn }, signal))?.inUseBy ?? [];
        return { state: 'pending', saw: `in use by ${users.join(', ') || 'a balancer'}` };
      }
    },
    { what: `certificate ${certificateLabel(arn)} to be released`, clock, timeoutMs, intervalMs },
    signal,
  );
}
