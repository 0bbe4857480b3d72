import {
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  GetCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
  RequestCertificateCommand,
  ResendValidationEmailCommand,
  UpdateCertificateOptionsCommand,
  type ACMClient,
  type CertificateDetail,
  type RequestCertificateCommandInput,
} from '@aws-sdk/client-acm';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect } from 'vitest';
import type { RecordSet } from '../../../src/sandbox/model/dns.ts';
import type { World } from '../../../src/sandbox/world.ts';
import { makeAwsWorld, test } from './aws-world.ts';

async function request(acm: ACMClient, input: RequestCertificateCommandInput): Promise<string> {
  const { CertificateArn } = await acm.send(new RequestCertificateCommand(input));
  return CertificateArn ?? '';
}

async function describeIt(acm: ACMClient, arn: string): Promise<CertificateDetail> {
  const { Certificate } = await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }));
  return Certificate ?? {};
}

/** Looks every few simulated seconds until the certificate is as wanted. */
async function until(world: World, arn: string, isAsWanted: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (!isAsWanted()) {
    if (Date.now() > giveUpAt) throw new Error(`${arn} is still ${world.acm.certificates.get(arn)?.status ?? 'gone'}`);
    await world.clock.delay(2_000);
  }
}

/** Writes a record and waits until every name server answers it. */
async function createInSync(world: World, zoneId: string, recordSet: RecordSet): Promise<void> {
  const inSync = new Promise<string>((resolve) => {
    world.route53.onInSync(resolve);
  });
  world.route53.change(zoneId, [{ action: 'CREATE', recordSet }]);
  await inSync;
}

function publishValidation(world: World, zoneId: string, arn: string): void {
  const records =
    world.acm.certificates.get(arn)?.validations.flatMap(({ resourceRecord }) => resourceRecord ?? []) ?? [];
  world.route53.change(
    zoneId,
    records.map(({ name, type, value }) => ({
      action: 'UPSERT',
      recordSet: { name, type, ttl: 300, values: [value] },
    })),
  );
}

describe('validation by mail', () => {
  test('five mailboxes at the domain asked for, and one mail for each name', async ({ aws, clients }) => {
    const arn = await request(clients.acm, {
      DomainName: 'shop.example.com',
      SubjectAlternativeNames: ['www.shop.example.com'],
      DomainValidationOptions: [{ DomainName: 'shop.example.com', ValidationDomain: 'example.com' }],
    });

    const detail = await describeIt(clients.acm, arn);
    const boxes = (domain: string): string[] =>
      ['admin', 'administrator', 'hostmaster', 'postmaster', 'webmaster'].map((box) => `${box}@${domain}`);
    expect(detail).toMatchObject({
      Status: 'PENDING_VALIDATION',
      KeyAlgorithm: 'RSA_2048',
      SubjectAlternativeNames: ['shop.example.com', 'www.shop.example.com'],
      DomainValidationOptions: [
        { DomainName: 'shop.example.com', ValidationDomain: 'example.com', ValidationEmails: boxes('example.com') },
        // A leading `www.` is dropped when no domain is asked for.
        { DomainName: 'www.shop.example.com', ValidationEmails: boxes('shop.example.com') },
      ],
    });
    expect(detail.IssuedAt).toBeUndefined();
    expect(aws.world.acm.mails.map(({ domain, to }) => [domain, to[0]])).toEqual([
      ['shop.example.com', 'admin@example.com'],
      ['www.shop.example.com', 'admin@shop.example.com'],
    ]);
  });

  test('it is issued once every name is approved, not before', async ({ aws: { world }, clients }) => {
    const arn = await request(clients.acm, {
      DomainName: 'shop.example.com',
      SubjectAlternativeNames: ['www.example.com'],
    });
    const [first, second] = world.acm.mails;

    world.acm.approve(first!.id);
    const half = await describeIt(clients.acm, arn);
    world.acm.approve(second!.id);
    const whole = await describeIt(clients.acm, arn);

    expect(half.Status).toBe('PENDING_VALIDATION');
    expect(half.DomainValidationOptions?.map(({ ValidationStatus }) => ValidationStatus)).toEqual([
      'SUCCESS',
      'PENDING_VALIDATION',
    ]);
    expect(whole.Status).toBe('ISSUED');
    // Before 18 Feb 2026 a certificate lives 395 days.
    expect((whole.NotAfter!.getTime() - whole.IssuedAt!.getTime()) / 86_400_000).toBe(395);
  });

  test('a denied mail ends the request', async ({ aws: { world }, clients }) => {
    const arn = await request(clients.acm, { DomainName: 'shop.example.com' });

    world.acm.deny(world.acm.mails[0]!.id);

    expect(await describeIt(clients.acm, arn)).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'DOMAIN_VALIDATION_DENIED',
      DomainValidationOptions: [{ ValidationStatus: 'FAILED' }],
    });
  });

  test('the mail of a deleted request leads nowhere', async ({ aws: { world }, clients }) => {
    const arn = await request(clients.acm, { DomainName: 'shop.example.com' });
    await clients.acm.send(new DeleteCertificateCommand({ CertificateArn: arn }));

    expect(() => {
      world.acm.approve(world.acm.mails[0]!.id);
    }).toThrow('the request behind mail mail-1 for shop.example.com is gone');
  });

  test('a mail can be sent again, but only for a pending name and to it or a parent', async ({ aws, clients }) => {
    const { acm } = aws.world;
    const arn = await request(clients.acm, { DomainName: 'shop.example.com' });
    const resend = (domain: string, validationDomain: string): Promise<unknown> =>
      clients.acm.send(
        new ResendValidationEmailCommand({ CertificateArn: arn, Domain: domain, ValidationDomain: validationDomain }),
      );

    await resend('shop.example.com', 'example.com');
    const resent = acm.mails.at(-1);

    expect(acm.mails.length).toBe(2);
    expect(resent).toMatchObject({ domain: 'shop.example.com', certificateArn: arn });
    expect(resent?.to).toContain('admin@example.com');
    const invalidOptions = { name: 'InvalidDomainValidationOptionsException' };
    await expect(resend('shop.example.com', 'example.net')).rejects.toMatchObject(invalidOptions);
    await expect(resend('other.example.com', 'example.com')).rejects.toMatchObject(invalidOptions);
    acm.approve(resent!.id);
    await expect(resend('shop.example.com', 'example.com')).rejects.toMatchObject({ name: 'InvalidStateException' });
  });

  test('a mail to a domain that is known to have no mail server is lost', async ({ aws: { world }, clients }) => {
    const zone = world.route53.createZone({ name: 'example.com', isPrivate: false });
    await createInSync(world, zone.id, { name: 'example.com', type: 'MX', ttl: 60, values: ['10 mail.example.com.'] });

    await request(clients.acm, {
      DomainName: 'shop.example.com',
      SubjectAlternativeNames: ['api.example.com'],
      DomainValidationOptions: [{ DomainName: 'api.example.com', ValidationDomain: 'example.com' }],
    });

    expect(world.acm.mails.map(({ domain }) => domain)).toEqual(['api.example.com']);
  });

  test('with nobody to write to, the request fails by itself and no mail is sent', async ({
    aws: { world },
    clients,
  }) => {
    world.acm.failures.set('shop.example.com', 'NO_AVAILABLE_CONTACTS');

    const arn = await request(clients.acm, { DomainName: 'shop.example.com' });
    await until(world, arn, () => world.acm.certificates.get(arn)?.status === 'FAILED');

    const detail = await describeIt(clients.acm, arn);
    expect(detail.FailureReason).toBe('NO_AVAILABLE_CONTACTS');
    expect(detail.DomainValidationOptions?.[0]?.ValidationEmails).toEqual([]);
    expect(world.acm.mails).toEqual([]);
  });
});

describe('validation by DNS', () => {
  test('the CNAME appears after a moment, is shared by x and *.x, and is the same for every request', async ({
    aws: { world },
    clients,
  }) => {
    const input: RequestCertificateCommandInput = {
      DomainName: 'example.com',
      SubjectAlternativeNames: ['*.example.com'],
      ValidationMethod: 'DNS',
    };

    const { arn: first, validations } = world.acm.request({
      domainName: 'example.com',
      names: ['*.example.com'],
      method: 'DNS',
    });
    const atOnce = validations.map(({ resourceRecord }) => resourceRecord);
    const second = await request(clients.acm, input);
    await until(world, second, () =>
      [first, second].every((arn) => world.acm.certificates.get(arn)!.validations[0]!.resourceRecord !== undefined),
    );
    const details = await Promise.all([first, second].map((arn) => describeIt(clients.acm, arn)));

    const records = details.flatMap(({ DomainValidationOptions }) =>
      DomainValidationOptions!.map(({ ResourceRecord }) => ResourceRecord),
    );
    expect(atOnce).toEqual([undefined, undefined]);
    expect(first).not.toBe(second);
    expect(new Set(records.map((record) => JSON.stringify(record))).size).toBe(1);
    expect(records[0]).toMatchObject({
      Name: expect.stringMatching(/^_[0-9a-f]{32}\.example\.com\.$/) as string,
      Type: 'CNAME',
      Value: expect.stringMatching(/\.acm-validations\.aws\.$/) as string,
    });
  });

  test('it is issued after the record is in the public zone', async ({ aws: { world }, clients }) => {
    const zone = world.route53.createZone({ name: 'example.com', isPrivate: false });
    const arn = await request(clients.acm, { DomainName: 'shop.example.com', ValidationMethod: 'DNS' });
    const certificate = world.acm.certificates.get(arn)!;
    await until(world, arn, () => certificate.validations[0]!.resourceRecord !== undefined);

    publishValidation(world, zone.id, arn);
    const publishedAt = world.clock.now();
    await until(world, arn, () => certificate.status === 'ISSUED');

    const { zoneChangeMs, dnsValidationMs } = world.settings.durations;
    expect(certificate.issuedAt! - publishedAt).toBeGreaterThan(zoneChangeMs + 0.7 * dnsValidationMs);
    expect(certificate.validations[0]!.status).toBe('SUCCESS');
  });

  test('a record in a private zone, or below a delegation, is not seen', async ({ aws: { world }, clients }) => {
    const isPrivate = world.route53.createZone({ name: 'inside.example', isPrivate: true, vpcIds: ['vpc-1'] });
    const delegating = world.route53.createZone({ name: 'example.com', isPrivate: false });
    world.route53.change(delegating.id, [
      { action: 'CREATE', recordSet: { name: 'shop.example.com', type: 'NS', ttl: 60, values: ['ns.example.net.'] } },
    ]);
    const inside = await request(clients.acm, { DomainName: 'app.inside.example', ValidationMethod: 'DNS' });
    const below = await request(clients.acm, { DomainName: 'shop.example.com', ValidationMethod: 'DNS' });
    const certificates = [inside, below].map((arn) => world.acm.certificates.get(arn)!);
    await until(world, below, () =>
      certificates.every(({ validations }) => validations[0]!.resourceRecord !== undefined),
    );

    publishValidation(world, isPrivate.id, inside);
    publishValidation(world, delegating.id, below);
    const { zoneChangeMs, dnsValidationMs } = world.settings.durations;
    await world.clock.delay(3 * (zoneChangeMs + dnsValidationMs));

    expect(certificates.map(({ status }) => status)).toEqual(['PENDING_VALIDATION', 'PENDING_VALIDATION']);
  });

  test('a CAA record that excludes Amazon fails the request although the domain is validated', async ({
    aws: { world },
    clients,
  }) => {
    const zone = world.route53.createZone({ name: 'example.com', isPrivate: false });
    world.route53.change(zone.id, [
      {
        action: 'CREATE',
        recordSet: { name: 'example.com', type: 'CAA', ttl: 60, values: ['0 issue "letsencrypt.org"'] },
      },
    ]);
    const arn = await request(clients.acm, { DomainName: 'shop.example.com', ValidationMethod: 'DNS' });
    const certificate = world.acm.certificates.get(arn)!;
    await until(world, arn, () => certificate.validations[0]!.resourceRecord !== undefined);

    publishValidation(world, zone.id, arn);
    await until(world, arn, () => certificate.status !== 'PENDING_VALIDATION');

    expect(await describeIt(clients.acm, arn)).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'CAA_ERROR',
      DomainValidationOptions: [{ ValidationStatus: 'SUCCESS' }],
    });
  });

  test('nothing for 72 hours ends as VALIDATION_TIMED_OUT', async () => {
    // 72 simulated hours in about a quarter of a second.
    const { world } = makeAwsWorld({ scale: 1_000_000 });

    const { arn } = world.acm.request({ domainName: 'shop.example.com', names: [], method: 'DNS' });
    await until(world, arn, () => world.acm.certificates.get(arn)?.status !== 'PENDING_VALIDATION');
    world.clock.close();

    expect(world.acm.certificates.get(arn)).toMatchObject({
      status: 'VALIDATION_TIMED_OUT',
      validations: [{ status: 'FAILED' }],
    });
  });
});

describe('requests', () => {
  test('one token names one certificate for an hour, for the same names', async ({ aws: { world }, clients }) => {
    const input = { DomainName: 'shop.example.com', ValidationMethod: 'DNS', IdempotencyToken: 'execution1' } as const;

    const first = await request(clients.acm, input);
    const again = await request(clients.acm, input);
    const other = await request(clients.acm, { ...input, SubjectAlternativeNames: ['www.example.com'] });
    await world.clock.delay(3_600_000);
    const later = await request(clients.acm, input);

    expect(again).toBe(first);
    expect(new Set([first, other, later]).size).toBe(3);
  });

  test.for([
    ['a name that is none', { DomainName: 'not a name' }, 'ValidationException'],
    ['a single label', { DomainName: 'localhost' }, 'ValidationException'],
    [
      'more than ten names',
      {
        DomainName: 'a.example.com',
        SubjectAlternativeNames: Array.from({ length: 10 }, (_, i) => `n${String(i)}.example.com`),
      },
      'LimitExceededException',
    ],
    ['a common name above 64 characters', { DomainName: `${'a'.repeat(60)}.example.com` }, 'InvalidParameterException'],
    [
      'a validation domain that is no parent',
      {
        DomainName: 'shop.example.com',
        DomainValidationOptions: [{ DomainName: 'shop.example.com', ValidationDomain: 'ample.com' }],
      },
      'InvalidDomainValidationOptionsException',
    ],
    [
      'a tag of AWS’s own',
      { DomainName: 'shop.example.com', Tags: [{ Key: 'aws:cloudformation:stack-name', Value: 'x' }] },
      'InvalidTagException',
    ],
  ] satisfies [string, RequestCertificateCommandInput, string][])(
    '%s is refused',
    async ([, input, name], { aws, clients }) => {
      await expect(request(clients.acm, input)).rejects.toMatchObject({ name });

      expect(aws.world.acm.certificates.size).toBe(0);
    },
  );

  test('only RSA certificates are listed unless others are asked for', async ({ clients }) => {
    const rsa = await request(clients.acm, { DomainName: 'rsa.example.com' });
    const elliptic = await request(clients.acm, { DomainName: 'ec.example.com', KeyAlgorithm: 'EC_prime256v1' });

    const usual = await clients.acm.send(new ListCertificatesCommand({}));
    const asked = await clients.acm.send(new ListCertificatesCommand({ Includes: { keyTypes: ['EC_prime256v1'] } }));

    expect(usual.CertificateSummaryList?.map(({ CertificateArn }) => CertificateArn)).toEqual([rsa]);
    expect(asked.CertificateSummaryList?.map(({ CertificateArn }) => CertificateArn)).toEqual([elliptic]);
  });

  test('the list is filtered by status and paged', async ({ aws: { world }, clients }) => {
    const issued = ['a.example.com', 'b.example.com', 'c.example.com'].map((name) => world.acm.issueNow([name]).arn);
    await request(clients.acm, { DomainName: 'pending.example.com' });

    const first = await clients.acm.send(new ListCertificatesCommand({ CertificateStatuses: ['ISSUED'], MaxItems: 2 }));
    const second = await clients.acm.send(
      new ListCertificatesCommand({ CertificateStatuses: ['ISSUED'], MaxItems: 2, NextToken: first.NextToken }),
    );

    expect(
      [first, second].map((page) => page.CertificateSummaryList?.map(({ CertificateArn }) => CertificateArn)),
    ).toEqual([issued.slice(0, 2), issued.slice(2)]);
    expect(second.NextToken).toBeUndefined();
  });

  test('tags are kept, added to and told', async ({ clients }) => {
    const arn = await request(clients.acm, {
      DomainName: 'shop.example.com',
      Tags: [{ Key: 'gen2:app', Value: 'shop' }],
    });

    await clients.acm.send(
      new AddTagsToCertificateCommand({ CertificateArn: arn, Tags: [{ Key: 'team', Value: 'web' }] }),
    );

    const { Tags } = await clients.acm.send(new ListTagsForCertificateCommand({ CertificateArn: arn }));
    expect(Tags).toEqual([
      { Key: 'gen2:app', Value: 'shop' },
      { Key: 'team', Value: 'web' },
    ]);
  });

  test('a certificate that is not there is refused by its ARN', async ({ clients }) => {
    const arn = 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';

    await expect(describeIt(clients.acm, arn)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Could not find certificate ${arn}.`,
    });
    await expect(describeIt(clients.acm, 'arn:aws:iam::123456789012:server-certificate/x')).rejects.toMatchObject({
      name: 'InvalidArnException',
    });
  });

  test('changing the way of validation is refused, not pretended', async ({ clients }) => {
    const arn = await request(clients.acm, { DomainName: 'shop.example.com' });

    await expect(
      clients.acm.send(
        new UpdateCertificateOptionsCommand({
          CertificateArn: arn,
          Options: { CertificateTransparencyLoggingPreference: 'ENABLED' },
        }),
      ),
    ).rejects.toMatchObject({ message: 'The sandbox does not answer acm UpdateCertificateOptions' });
  });
});

describe('in use', () => {
  test('a certificate on a listener says where, and cannot be deleted until it is taken off', async ({
    aws,
    clients,
  }) => {
    const { acm, balancing } = aws.world;
    const own = acm.issueNow(['*.convox.site']);
    const shop = acm.issueNow(['shop.example.com']);
    const balancer = balancing.createLoadBalancer({ name: 'router', scheme: 'internet-facing' });
    const listener = balancing.createListener({
      loadBalancerArn: balancer.arn,
      port: 443,
      protocol: 'HTTPS',
      defaultAction: { type: 'fixed-response', status: 404, body: 'unknown host' },
      defaultCertificateArn: own.arn,
    });
    balancing.addListenerCertificate(listener.arn, shop.arn);
    const remove = (): Promise<unknown> => clients.acm.send(new DeleteCertificateCommand({ CertificateArn: shop.arn }));

    expect((await describeIt(clients.acm, shop.arn)).InUseBy).toEqual([balancer.arn]);
    await expect(remove()).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: `Certificate ${shop.arn} in account 123456789012 is in use.`,
    });
    balancing.removeListenerCertificate(listener.arn, shop.arn);
    await remove();
    expect(acm.certificates.has(shop.arn)).toBe(false);
  });

  test('the chain of an issued certificate stands up in TLS, for its names only', async ({ aws, clients }) => {
    const { acm } = aws.world;
    const { arn, pem } = acm.issueNow(['shop.example.com', '*.shop.example.com']);
    const server = createServer({ key: pem!.key, cert: pem!.chain }, (socket) => socket.end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number }; // a TCP server's address
    const isAuthorized = async (servername: string): Promise<boolean> => {
      const socket: TLSSocket = connect({
        host: '127.0.0.1',
        port,
        servername,
        ca: acm.caPem,
        rejectUnauthorized: false,
      });
      await once(socket, 'secureConnect');
      socket.destroy();
      return socket.authorized;
    };

    const names = ['shop.example.com', 'www.shop.example.com', 'example.com'];
    const authorized = await Promise.all(names.map(isAuthorized));
    const { Certificate } = await clients.acm.send(new GetCertificateCommand({ CertificateArn: arn }));
    server.close();

    expect(authorized).toEqual([true, true, false]);
    expect(new X509Certificate(Certificate!).checkIssued(new X509Certificate(acm.caPem))).toBe(true);
  });

  test('a pending certificate has nothing to hand out', async ({ clients }) => {
    const arn = await request(clients.acm, { DomainName: 'shop.example.com' });

    await expect(clients.acm.send(new GetCertificateCommand({ CertificateArn: arn }))).rejects.toMatchObject({
      name: 'RequestInProgressException',
    });
  });
});
