import { ResendValidationEmailCommand } from '@aws-sdk/client-acm';
import { MigrationError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { DEFAULT_INTERVAL_MS, waitFor } from '../time/wait.ts';
import { ask } from './aws-error.ts';
import { certificateAdvice, describeCertificate, pendingActions } from './certificate-advice.ts';
import {
  certificateLabel,
  findCertificate,
  listCertificates,
  readCertificateTags,
  type Certificate,
} from './certificates.ts';
import type { AwsClients } from './clients.ts';
import { listStackResources } from './stacks.ts';

type Clients = Pick<AwsClients, 'acm'>;

export interface FindPendingCertificatesOptions {
  readonly clients: Pick<AwsClients, 'acm' | 'cloudFormation'>;
  /** The app's stack. */
  readonly stack: { readonly arn: string; readonly name: string };
}

/**
 * Finds the certificates a stack is waiting for, newest first: those its resources name, else those ACM has with the
 * stack's tag. Never by domain alone: after failed tries several requests for one domain are pending, and all but one
 * are dead.
 */
export async function findPendingCertificates(
  { clients, stack }: FindPendingCertificatesOptions,
  signal: AbortSignal,
): Promise<readonly Certificate[]> {
  const resources = await listStackResources({ clients, stack: stack.arn }, signal);
  const waiting = resources.filter(
    ({ type, status }) => type === 'AWS::CertificateManager::Certificate' && status.endsWith('_IN_PROGRESS'),
  );
  const arns = waiting.flatMap(({ physicalId }) => (physicalId?.startsWith('arn:') ? [physicalId] : []));
  const named = await Promise.all(arns.map((arn) => findCertificate({ clients, arn }, signal)));
  const found = named.filter((certificate) => certificate?.status === 'pending');
  const certificates = found.length > 0 ? found : await findByTag(clients, stack, signal);
  return certificates
    .filter((certificate) => certificate !== undefined)
    .toSorted((a, b) => b.requestedAtMs - a.requestedAtMs);
}

async function findByTag(
  clients: Clients,
  stack: { readonly arn: string; readonly name: string },
  signal: AbortSignal,
): Promise<readonly Certificate[]> {
  const pending = await listCertificates({ clients, statuses: ['PENDING_VALIDATION'] }, signal);
  const ofStack: Certificate[] = [];
  for (const certificate of pending) {
    const tags = await readCertificateTags({ clients, arn: certificate.arn }, signal);
    const stackId = tags['aws:cloudformation:stack-id'];
    if (stackId === stack.arn || (stackId === undefined && tags['aws:cloudformation:stack-name'] === stack.name)) {
      ofStack.push(certificate);
    }
  }
  return ofStack;
}

export interface WatchCertificatesOptions {
  readonly clients: Clients;
  readonly arns: readonly string[];
  readonly clock: Clock;
  /** Limit in ms; ACM's own is 72 h, a stack's 12 h. */
  readonly timeoutMs: number;
  /** Default 1500. */
  readonly intervalMs?: number;
  /** Called with a certificate when it is first seen and whenever its status or that of a domain changes. */
  readonly onChange?: (certificate: Certificate) => void;
}

/** A certificate at the end of a watch; `undefined` if it was deleted, as a stack's rollback does. */
export interface WatchedCertificate {
  readonly arn: string;
  readonly certificate: Certificate | undefined;
}

/** How long after a request ACM may not know it yet. */
const UNKNOWN_AT_FIRST_MS = 30_000;

/** Follows certificates until none is pending; failures are part of the answer. */
export async function watchCertificates(
  options: WatchCertificatesOptions,
  signal: AbortSignal,
): Promise<readonly WatchedCertificate[]> {
  const { clients, arns, clock, timeoutMs, intervalMs = DEFAULT_INTERVAL_MS, onChange } = options;
  const startedAtMs = clock.monotonic();
  const reported = new Map<string, string>();
  const known = new Set<string>();
  return waitFor(
    async () => {
      const seen = await Promise.all(
        arns.map(async (arn) => ({ arn, certificate: await findCertificate({ clients, arn }, signal) })),
      );
      for (const { arn, certificate } of seen) {
        if (certificate === undefined) continue;
        known.add(arn);
        const state = stateOf(certificate);
        if (reported.get(arn) !== state) onChange?.(certificate);
        reported.set(arn, state);
      }
      const isNew = clock.monotonic() - startedAtMs < UNKNOWN_AT_FIRST_MS;
      const waiting = seen.filter(
        ({ arn, certificate }) =>
          certificate?.status === 'pending' || (certificate === undefined && isNew && !known.has(arn)),
      );
      if (waiting.length === 0) return { state: 'ready', value: seen };
      return {
        state: 'pending',
        saw: waiting.map(({ arn, certificate }) => sawOf(arn, certificate, clock)).join('; '),
      };
    },
    {
      what: arns.length === 1 ? 'the certificate to be issued' : `${arns.length} certificates to be issued`,
      clock,
      timeoutMs,
      intervalMs,
      hint: 'A mail may be waiting for somebody to follow its link; `gen2 certs` shows whose.',
    },
    signal,
  );
}

/**
 * Waits for one certificate to be issued.
 *
 * @throws {MigrationError} `CERTIFICATE_FAILED` with the reason and what to do about it, `CERTIFICATE_GONE` if it was
 * deleted meanwhile, `TIMED_OUT` with what is still to be done.
 */
export async function waitForCertificate(
  { arn, ...options }: Omit<WatchCertificatesOptions, 'arns'> & { readonly arn: string },
  signal: AbortSignal,
): Promise<Certificate> {
  const [watched] = await watchCertificates({ ...options, arns: [arn] }, signal);
  const certificate = watched?.certificate;
  if (certificate === undefined) {
    throw new MigrationError('CERTIFICATE_GONE', `certificate ${certificateLabel(arn)} does not exist any more`, {
      hint: 'A stack that rolls back deletes the request it made; mails already sent for it are void.',
      details: { arn },
    });
  }
  if (certificate.status === 'issued') return certificate;
  throw new MigrationError(
    'CERTIFICATE_FAILED',
    `certificate for ${certificate.domains.join(', ')}: ${describeCertificate(certificate, options.clock.now())}`,
    {
      hint: certificateAdvice(certificate),
      details: {
        arn,
        status: certificate.status,
        failureReason: certificate.failureReason,
        domains: certificate.domains,
      },
    },
  );
}

/**
 * Has ACM send the mails of a pending certificate again.
 *
 * @throws {MigrationError} `CERTIFICATE_FAILED` if it is not pending or not validated by mail.
 */
export async function resendValidationMail(
  { clients, arn }: { readonly clients: Clients; readonly arn: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const certificate = await findCertificate({ clients, arn }, signal);
  const pending =
    certificate?.validations.filter(({ status, method }) => status === 'pending' && method === 'email') ?? [];
  if (certificate?.status !== 'pending' || pending.length === 0) {
    throw new MigrationError('CERTIFICATE_FAILED', `certificate ${certificateLabel(arn)} has no mail to send again`, {
      hint: 'Only a request that is pending and validated by mail has mails.',
      details: { arn, status: certificate?.status ?? 'absent' },
    });
  }
  for (const { domain, validationDomain = domain } of pending) {
    await ask(
      `send the validation mail for ${domain} again`,
      'acm:ResendValidationEmail',
      (options) =>
        clients.acm.send(
          new ResendValidationEmailCommand({ CertificateArn: arn, Domain: domain, ValidationDomain: validationDomain }),
          options,
        ),
      signal,
    );
  }
  return pending.map(({ domain }) => domain);
}

function sawOf(arn: string, certificate: Certificate | undefined, clock: Clock): string {
  if (certificate === undefined) return `${certificateLabel(arn)}: not known yet`;
  return [describeCertificate(certificate, clock.now()), ...pendingActions(certificate)].join('; ');
}

function stateOf({ status, failureReason, validations }: Certificate): string {
  return JSON.stringify([
    status,
    failureReason,
    validations.map(({ domain, status: of, record, mailboxes }) => [domain, of, record?.name, mailboxes.length]),
  ]);
}
