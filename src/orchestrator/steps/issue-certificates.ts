import { MigrationError } from '../../errors.ts';
import { submitBatches } from '../record-changes.ts';
import { currentTry, failTry } from '../attempts.ts';
import type { CertificateForecast, RequestedCertificate } from '../ports.ts';
import { alreadyDone, toDo, type Step, type StepContext } from '../step.ts';

const MINUTE = 60_000;
/** ACM validates by DNS within minutes; a zone that is not delegated never does. */
const ISSUE_TIMEOUT_MS = 45 * MINUTE;

/**
 * Issues certificates by DNS validation outside any app, so that temporary and final app both use them: no mail, and
 * nothing that goes away with the temporary app. Racks from 20190529174125 pick such a certificate by themselves.
 */
export const issueCertificates: Step = {
  id: 'issue-certificates',
  phase: 'prepare',
  title: 'Request certificates ahead',
  expectedMs: 10_000,
  plan({ facts }) {
    const ahead = facts.certificates.filter(({ way }) => way === 'dns');
    if (ahead.length > 0) {
      const domains = ahead.flatMap((certificate) => certificate.domains).join(', ');
      return toDo(`request certificates for ${domains} by DNS validation; their CNAME records stay for renewal`);
    }
    if (facts.certificates.some(({ way }) => way === 'mail')) {
      return alreadyDone('this rack requests certificates itself, validated by mail, when the app is promoted');
    }
    return alreadyDone('usable certificates exist, or no service has a domain');
  },
  async run(context, signal) {
    const ahead = context.facts.certificates.filter(({ way }) => way === 'dns');
    for (const { service, domains } of ahead) {
      await request(context, { service, domains, turn: service }, signal);
    }
    return `certificates requested for ${ahead.flatMap(({ domains }) => domains).join(', ')}`;
  },
  async undo(context, signal) {
    const { aws } = context.ports;
    for (const { service, domains } of context.facts.certificates.filter(({ way }) => way === 'dns')) {
      await context.once(`delete-${service}`, async () => {
        // Asked of ACM and not of the record: the answer to the request may never have been written down.
        const key = keyOf(context, service);
        for (const arn of await aws.requestedCertificates({ domains, key }, signal))
          await aws.deleteCertificate(arn, signal);
        // What `once` recorded when it was issued, gone through JSON.
        const requested = context.recorded(`request-${service}`) as RequestedCertificate | undefined;
        if (requested?.isOurs === true) await aws.restoreBatches(requested.validation, signal);
        return true;
      });
    }
  },
};

interface CertificateRequest extends Pick<CertificateForecast, 'service' | 'domains'> {
  /** Under which the request and its record changes are written down. */
  readonly turn: string;
}

async function request(
  context: StepContext,
  { service, domains, turn }: CertificateRequest,
  signal: AbortSignal,
): Promise<RequestedCertificate> {
  const { aws } = context.ports;
  const requested = await context
    .once(`request-${turn}`, () => aws.requestCertificate({ domains, key: keyOf(context, service) }, signal))
    .catch(async (error: unknown) => {
      // There is one now that came to nothing: it is removed when another one is issued.
      if (MigrationError.is(error, 'CERTIFICATE_FAILED'))
        await context.once(`failed-${service}`, () => Promise.resolve(true));
      throw error;
    });
  await submitBatches(context, `validation-${turn}`, requested.validation, signal);
  return requested;
}

/** The same for the same intent, so that it is requested once. */
function keyOf({ execution }: StepContext, service: string): string {
  return `${execution}-${service}`;
}

/** The promotion takes only certificates that are issued. */
export const awaitCertificates: Step = {
  id: 'await-certificates',
  phase: 'prepare',
  title: 'Wait for the certificates',
  expectedMs: MINUTE,
  plan: ({ facts }) =>
    facts.certificates.some(({ way }) => way === 'dns')
      ? toDo('wait until ACM has issued the certificates that were requested')
      : alreadyDone('no certificate was requested ahead'),
  async run(context, signal) {
    const ahead = context.facts.certificates.filter(({ way }) => way === 'dns');
    for (const { service, domains } of ahead) {
      const turn = currentTry(context, `certificate-${service}`);
      // Recorded when it was requested, gone through JSON; one that came to nothing is requested anew.
      const first = context.recorded(`request-${service}`, issueCertificates.id) as RequestedCertificate | undefined;
      const isFirst = turn === `certificate-${service}-1`;
      const requested = isFirst ? first : await request(context, { service, domains, turn }, signal);
      if (requested === undefined) continue;
      await waitForIssue(context, { arn: requested.arn, domains, turn }, signal);
      const hasFailed = !isFirst || context.recorded(`failed-${service}`, issueCertificates.id) !== undefined;
      if (hasFailed) await removeFailed(context, { service, domains, issued: requested.arn }, signal);
    }
    return `certificates issued for ${ahead.flatMap(({ domains }) => domains).join(', ')}`;
  },
  /** The certificates themselves go with the undo of `issueCertificates`. */
  async undo(context, signal) {
    for (const { service } of context.facts.certificates.filter(({ way }) => way === 'dns')) {
      const last = Number(currentTry(context, `certificate-${service}`).split('-').at(-1));
      for (let turn = last; turn > 1; turn -= 1) {
        const name = `certificate-${service}-${turn}`;
        const requested = context.recorded(`request-${name}`) as RequestedCertificate | undefined;
        if (requested?.isOurs !== true) continue;
        await context.once(`restore-${name}`, () => context.ports.aws.restoreBatches(requested.validation, signal));
      }
    }
  },
};

/** What this execution requested and came to nothing; another one is issued now. */
async function removeFailed(
  context: StepContext,
  {
    service,
    domains,
    issued,
  }: { readonly service: string; readonly domains: readonly string[]; readonly issued: string },
  signal: AbortSignal,
): Promise<void> {
  const { aws } = context.ports;
  const ours = await aws.requestedCertificates({ domains, key: keyOf(context, service) }, signal);
  for (const arn of ours.filter((one) => one !== issued)) await aws.deleteCertificate(arn, signal);
}

async function waitForIssue(
  context: StepContext,
  { arn, domains, turn }: { readonly arn: string; readonly domains: readonly string[]; readonly turn: string },
  signal: AbortSignal,
): Promise<void> {
  await context.wait(
    async () => {
      const certificate = await context.ports.aws.readCertificate(arn, signal);
      if (certificate?.status === 'ISSUED') return { state: 'ready', value: undefined };
      if (certificate !== undefined && certificate.status !== 'PENDING_VALIDATION') {
        const why = certificate.failureReason ?? certificate.status;
        const error = new MigrationError('CERTIFICATE_FAILED', `certificate for ${domains.join(', ')}: ${why}`, {
          hint: 'The reason is explained in the ACM user guide, "Certificate request fails". Mend it; `gen2 resume` requests another one.',
          details: { arn, domains, failureReason: certificate.failureReason },
        });
        return failTry(context, turn, error);
      }
      return { state: 'pending', saw: certificate?.status ?? 'not yet listed' };
    },
    {
      what: `certificate for ${domains.join(', ')}`,
      timeoutMs: ISSUE_TIMEOUT_MS,
      intervalMs: 5000,
      hint: 'Check that the zone is the one the world asks (its name servers), and that no CAA record excludes amazon.com.',
    },
    signal,
  );
}
