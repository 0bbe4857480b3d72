import { MigrationError } from '../../errors.ts';
import { submitBatches } from '../record-changes.ts';
import type { RequestedCertificate } from '../ports.ts';
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
      const requested = await context.once(`request-${service}`, () =>
        context.ports.aws.requestCertificate({ domains, key: keyOf(context, service) }, signal),
      );
      await submitBatches(context, `validation-${service}`, requested.validation, signal);
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
      // Recorded when it was requested, gone through JSON.
      const requested = context.recorded(`request-${service}`, issueCertificates.id) as
        RequestedCertificate | undefined;
      if (requested !== undefined) await waitForIssue(context, requested.arn, domains, signal);
    }
    return `certificates issued for ${ahead.flatMap(({ domains }) => domains).join(', ')}`;
  },
};

async function waitForIssue(
  context: StepContext,
  arn: string,
  domains: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await context.wait(
    async () => {
      const certificate = await context.ports.aws.readCertificate(arn, signal);
      if (certificate?.status === 'ISSUED') return { state: 'ready', value: undefined };
      if (certificate !== undefined && certificate.status !== 'PENDING_VALIDATION') {
        const why = certificate.failureReason ?? certificate.status;
        return {
          state: 'failed',
          error: new MigrationError('CERTIFICATE_FAILED', `certificate for ${domains.join(', ')}: ${why}`),
        };
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
