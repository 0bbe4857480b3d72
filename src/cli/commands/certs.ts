import { certificateAdvice, describeCertificate, pendingActions } from '../../aws/certificate-advice.ts';
import { findPendingCertificates, resendValidationMail, watchCertificates } from '../../aws/certificate-watch.ts';
import type { Certificate } from '../../aws/certificates.ts';
import { readStack } from '../../aws/stacks.ts';
import { ERROR_CODES, EXIT_CODES } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { clockOf, findSandbox } from '../sandbox-access.ts';
import { openAws } from '../open-aws.ts';
import { openRack } from '../open-rack.ts';

/** A request lapses after 72 h (ACM user guide). */
const WATCH_MS = 72 * 3_600_000;

/** Shows the certificates the stack of an app waits for, and what somebody has to do. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const { signal } = shell;
  const app = appArgument(invocation);
  const clock = clockOf(findSandbox(invocation));
  const rack = await openRack(invocation, { readOnly: true });
  const system = await rack.system.get(signal).finally(() => rack.close());
  const region = options.get(OPTIONS.region) ?? system.region;
  const clients = openAws(invocation, { readOnly: !options.has(OPTIONS.resend), region });
  try {
    const stack = await readStack({ clients, stack: `${system.name}-${app}` }, signal);
    const pending = await findPendingCertificates({ clients, stack }, signal);
    show(invocation, pending, clock);
    if (options.has(OPTIONS.resend)) {
      for (const { arn } of pending) {
        const domains = await resendValidationMail({ clients, arn }, signal);
        shell.stderr.write(`mails sent again for ${domains.join(', ')}\n`);
      }
    }
    if (!options.has(OPTIONS.watch) || pending.length === 0) return EXIT_CODES.ok;
    const arns = pending.map(({ arn }) => arn);
    const onChange = (certificate: Certificate): void => show(invocation, [certificate], clock);
    const ended = await watchCertificates({ clients, arns, clock, timeoutMs: WATCH_MS, onChange }, signal);
    const areIssued = ended.every(({ certificate }) => certificate?.status === 'issued');
    return areIssued ? EXIT_CODES.ok : EXIT_CODES[ERROR_CODES.CERTIFICATE_FAILED];
  } finally {
    clients.destroy();
  }
}

function show({ shell, options }: Invocation, certificates: readonly Certificate[], clock: Clock): void {
  if (options.has(OPTIONS.json)) {
    for (const certificate of certificates) shell.stdout.write(`${JSON.stringify(certificate)}\n`);
    return;
  }
  if (certificates.length === 0) shell.stdout.write('no certificate is waited for\n');
  for (const certificate of certificates) {
    const advice = certificateAdvice(certificate);
    const lines = [
      `${certificate.domains.join(', ')}: ${describeCertificate(certificate, clock.now())}`,
      ...pendingActions(certificate).map((action) => `  ${action}`),
      ...(advice === undefined ? [] : [`  ${advice}`]),
    ];
    shell.stdout.write(`${lines.join('\n')}\n`);
  }
}
