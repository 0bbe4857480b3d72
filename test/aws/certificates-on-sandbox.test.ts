import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueCertificate, waitForValidationRecords } from '../../src/aws/certificate-issue.ts';
import { findPendingCertificates, resendValidationMail, waitForCertificate } from '../../src/aws/certificate-watch.ts';
import { findCertificate, type Certificate } from '../../src/aws/certificates.ts';
import { createAwsClients, type AwsClients } from '../../src/aws/clients.ts';
import { restoreRecords } from '../../src/aws/dns/restore.ts';
import { planValidationRecords, writeValidationRecords } from '../../src/aws/dns/validation-records.ts';
import { readRecordSets } from '../../src/aws/dns/records.ts';
import { waitForStack } from '../../src/aws/stack-watch.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import type { CertificateProperties } from '../../src/sandbox/stacks/resource-properties.ts';
import { signal } from './support/signal.ts';

const DAY_MS = 86_400_000;

let sandbox: Sandbox;
let clients: AwsClients;

beforeAll(async () => {
  // Fast enough that twelve hours pass in four seconds.
  sandbox = await startSandbox({ scenario: 'empty', scale: 10_000 });
  const { world, endpoints } = sandbox;
  const { accessKeyId, secretAccessKey, region } = world.settings;
  const credentials = { accessKeyId, secretAccessKey };
  clients = createAwsClients({ region, endpoint: endpoints.awsUrl, credentials, clock: world.clock });
});

afterAll(async () => {
  clients.destroy();
  await sandbox.close();
});

let count = 0;

/** A stack that asks for a certificate by mail, as an app's does, and the request it waits for. */
async function deploy(names?: readonly string[]) {
  const { cloudFormation, clock } = sandbox.world;
  count += 1;
  const domains = names ?? [`shop${count}.example.com`, `www${count}.example.com`];
  const properties: CertificateProperties = {
    domainName: domains[0]!,
    names: domains,
    validationDomains: new Map(domains.map((domain) => [domain, 'example.com'])),
  };
  const arn = cloudFormation.createStack({
    name: `convox-mail${count}`,
    template: {
      resources: [
        {
          logicalId: 'BalancerWebCertificate',
          type: 'AWS::CertificateManager::Certificate',
          dependsOn: [],
          properties: () => properties,
        },
      ],
      outputs: () => [],
    },
    parameters: new Map(),
    tags: new Map([
      ['System', 'convox'],
      ['Type', 'app'],
    ]),
  });
  const stack = { arn, name: `convox-mail${count}` };
  for (;;) {
    const [certificate] = await findPendingCertificates({ clients, stack }, signal);
    if (certificate !== undefined) return { stack, certificate, domains };
    await clock.delay(1000);
  }
}

const wait = (certificate: Certificate): Promise<Certificate> =>
  waitForCertificate({ clients, arn: certificate.arn, clock: sandbox.world.clock, timeoutMs: 4 * DAY_MS }, signal);

const mailsFor = (certificate: Certificate) =>
  sandbox.world.acm.mails.filter(({ certificateArn }) => certificateArn === certificate.arn);

describe('a certificate an app’s stack waits for', () => {
  it('names the five mailboxes of each domain, and is issued once somebody approves every one', async () => {
    const { certificate, domains } = await deploy();
    const issued = wait(certificate);

    for (const mail of mailsFor(certificate)) sandbox.world.acm.approve(mail.id);

    expect(certificate.validations.map(({ domain }) => domain).toSorted()).toEqual([...domains].toSorted());
    for (const { method, mailboxes } of certificate.validations) {
      expect(method).toBe('email');
      expect([...mailboxes].toSorted()).toEqual(
        ['admin', 'administrator', 'hostmaster', 'postmaster', 'webmaster'].map((box) => `${box}@example.com`),
      );
    }
    expect(await issued).toMatchObject({ status: 'issued' });
  });

  it('is deleted by the stack’s rollback after twelve hours: the mails already sent are void', async () => {
    const { clock } = sandbox.world;
    const { stack, certificate } = await deploy();
    const rolledBack = waitForStack({ clients, stack: stack.arn, clock, timeoutMs: 4 * DAY_MS }, signal).catch(
      (error: unknown) => error,
    );

    await expect(wait(certificate)).rejects.toMatchObject({ code: 'CERTIFICATE_GONE' });

    expect(await rolledBack).toMatchObject({
      code: 'STACK_FAILED',
      details: { cause: { logicalId: 'BalancerWebCertificate' } },
    });
    expect(await findCertificate({ clients, arn: certificate.arn }, signal)).toBeUndefined();
    expect(sandbox.world.clock.now() - certificate.requestedAtMs).toBeGreaterThan(11.9 * 3_600_000);
  });

  it('has its mails sent again for those domains alone that are still to be proved', async () => {
    const { certificate, domains } = await deploy();
    const [first] = mailsFor(certificate);
    sandbox.world.acm.approve(first!.id);

    const again = await resendValidationMail({ clients, arn: certificate.arn }, signal);

    expect(again).toEqual(domains.filter((domain) => domain !== first!.domain));
    expect(mailsFor(certificate)).toHaveLength(3);
    const late = mailsFor(certificate).findLast(({ domain }) => domain !== first!.domain);
    sandbox.world.acm.approve(late!.id);
    await wait(certificate);
    await expect(resendValidationMail({ clients, arn: certificate.arn }, signal)).rejects.toMatchObject({
      code: 'CERTIFICATE_FAILED',
    });
  });

  it('that somebody denies fails, and takes the stack with it', async () => {
    const { stack, certificate } = await deploy();
    const rolledBack = waitForStack(
      { clients, stack: stack.arn, clock: sandbox.world.clock, timeoutMs: DAY_MS },
      signal,
    );

    sandbox.world.acm.deny(mailsFor(certificate)[0]!.id);

    await expect(rolledBack).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringContaining('DOMAIN_VALIDATION_DENIED') as string,
    });
  });

  it('is found among several pending requests for the same domain', async () => {
    const names = ['same.example.com'];
    const first = await deploy(names);
    const second = await deploy(names);

    expect(second.certificate.arn).not.toBe(first.certificate.arn);
    const found = await findPendingCertificates({ clients, stack: first.stack }, signal);
    expect(found.map(({ arn }) => arn)).toEqual([first.certificate.arn]);
  });
});

describe('a certificate requested ahead', () => {
  const request = async (domain: string) => {
    const { arn } = await issueCertificate({ clients, domains: [domain], idempotencyKey: domain }, signal);
    return (await findCertificate({ clients, arn }, signal))!;
  };

  it('needs its records to be there, and they can be taken away afterwards', async () => {
    const { world } = sandbox;
    const zone = world.route53.createZone({ name: 'ahead.example.org', isPrivate: false });
    const certificate = await request('shop.ahead.example.org');
    const records = await waitForValidationRecords({ clients, arn: certificate.arn, clock: world.clock }, signal);
    const before = await readRecordSets({ clients, zoneId: zone.id }, signal);

    const batches = await planValidationRecords({ clients, records }, signal);
    const pending = await findCertificate({ clients, arn: certificate.arn }, signal);
    await writeValidationRecords({ clients, batches, clock: world.clock }, signal);
    const issued = await wait(certificate);
    await restoreRecords({ clients, batches, clock: world.clock }, signal);

    expect(pending).toMatchObject({ status: 'pending' });
    expect(issued).toMatchObject({ status: 'issued', keyAlgorithm: 'RSA_2048' });
    expect(await readRecordSets({ clients, zoneId: zone.id }, signal)).toEqual(before);
  });

  it.each(['ADDITIONAL_VERIFICATION_REQUIRED', 'DOMAIN_NOT_ALLOWED', 'INVALID_PUBLIC_DOMAIN'])(
    'that ACM will not issue says why and what to do: %s',
    async (reason) => {
      const domain = `${reason.toLowerCase().replaceAll('_', '-')}.example.com`;
      sandbox.world.acm.failures.set(domain, reason);
      const certificate = await request(domain);

      await expect(wait(certificate)).rejects.toMatchObject({
        code: 'CERTIFICATE_FAILED',
        details: { failureReason: reason },
        hint: expect.any(String) as string,
      });
    },
  );
});

describe('a certificate nobody proves', () => {
  it('lapses after 72 hours', async () => {
    // Three days pass in less than three seconds.
    const fast = await startSandbox({ scenario: 'empty', scale: 100_000 });
    const { world, endpoints } = fast;
    const { accessKeyId, secretAccessKey, region } = world.settings;
    const credentials = { accessKeyId, secretAccessKey };
    const hurried = createAwsClients({ region, endpoint: endpoints.awsUrl, credentials, clock: world.clock });
    const domains = ['forgotten.example.com'];
    const { arn } = await issueCertificate({ clients: hurried, domains, idempotencyKey: 'k' }, signal);

    const waiting = waitForCertificate(
      { clients: hurried, arn, clock: world.clock, timeoutMs: 100 * DAY_MS, intervalMs: 600_000 },
      signal,
    );

    await expect(waiting).rejects.toMatchObject({
      code: 'CERTIFICATE_FAILED',
      details: { status: 'timed-out' },
      hint: expect.stringContaining('72 hours') as string,
    });
    const certificate = await findCertificate({ clients: hurried, arn }, signal);
    expect(world.clock.now()).toBeGreaterThanOrEqual(certificate!.deadlineMs);
    hurried.destroy();
    await fast.close();
  });
});
