import { afterEach, describe, expect, it } from 'vitest';
import { certificateAdvice, describeCertificate, pendingActions } from '../../src/aws/certificate-advice.ts';
import {
  deleteCertificate,
  issueCertificate,
  validationRecords,
  waitForValidationRecords,
} from '../../src/aws/certificate-issue.ts';
import { findUsableCertificate } from '../../src/aws/certificate-match.ts';
import {
  findPendingCertificates,
  resendValidationMail,
  waitForCertificate,
  watchCertificates,
} from '../../src/aws/certificate-watch.ts';
import {
  certificateDeadlineMs,
  certificateNameMatches,
  findCertificate,
  type Certificate,
} from '../../src/aws/certificates.ts';
import { DROP, Fault, startScriptedAws, type Params, type Reply, type ScriptedAws } from './support/scripted-aws.ts';
import { signal, SteppingClock } from './support/signal.ts';

const REQUESTED = Date.UTC(2026, 0, 1, 9);
const HOUR = 3_600_000;
const STACK = { arn: 'arn:aws:cloudformation:us-east-1:123456789012:stack/convox-shop/1', name: 'convox-shop' };
const arn = (id: string): string => `arn:aws:acm:us-east-1:123456789012:certificate/${id}`;
const GONE = new Fault('ResourceNotFoundException', 'Could not find certificate');

interface FakeCertificate {
  readonly id: string;
  readonly domains: readonly string[];
  readonly status?: string;
  readonly reason?: string;
  readonly method?: 'EMAIL' | 'DNS';
  readonly proved?: readonly string[];
  readonly records?: boolean;
  readonly notAfterMs?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

function detail(certificate: FakeCertificate): Reply {
  const {
    id,
    domains,
    status = 'PENDING_VALIDATION',
    reason,
    method = 'EMAIL',
    proved = [],
    records = true,
  } = certificate;
  return {
    Certificate: {
      CertificateArn: arn(id),
      DomainName: domains[0],
      SubjectAlternativeNames: domains,
      Status: status,
      FailureReason: reason,
      KeyAlgorithm: 'RSA-2048',
      CreatedAt: REQUESTED / 1000,
      NotAfter: certificate.notAfterMs === undefined ? undefined : certificate.notAfterMs / 1000,
      DomainValidationOptions: domains.map((DomainName) => ({
        DomainName,
        ValidationDomain: 'example.com',
        ValidationMethod: method,
        ValidationStatus: status === 'ISSUED' || proved.includes(DomainName) ? 'SUCCESS' : 'PENDING_VALIDATION',
        ValidationEmails: method === 'EMAIL' ? ['admin@example.com', 'postmaster@example.com'] : undefined,
        ResourceRecord:
          method === 'DNS' && records
            ? { Name: `_x.${DomainName.replace('*.', '')}.`, Type: 'CNAME', Value: '_y.acm-validations.aws.' }
            : undefined,
      })),
    },
  };
}

let aws: ScriptedAws | undefined;
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

/** ACM with these certificates; each answer of `script` may replace one. */
async function acm(
  certificates: readonly FakeCertificate[],
  script: Readonly<Record<string, (params: Params) => Reply>> = {},
): Promise<ReturnType<ScriptedAws['clients']>> {
  const find = (params: Params): FakeCertificate | undefined =>
    certificates.find(({ id }) => arn(id) === params['CertificateArn']);
  aws = await startScriptedAws({
    ListCertificates: ({ CertificateStatuses: wanted }) => ({
      CertificateSummaryList: certificates
        .filter(({ status = 'PENDING_VALIDATION' }) => !Array.isArray(wanted) || wanted.includes(status))
        .map(({ id, domains }) => ({
          CertificateArn: arn(id),
          DomainName: domains[0],
          SubjectAlternativeNameSummaries: domains,
          HasAdditionalSubjectAlternativeNames: false,
        })),
    }),
    DescribeCertificate: (params) => {
      const found = find(params);
      return found === undefined ? GONE : detail(found);
    },
    ListTagsForCertificate: (params) => ({
      Tags: Object.entries(find(params)?.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    }),
    ...script,
  });
  return aws.clients({ maxAttempts: 3 });
}

async function read(fake: FakeCertificate): Promise<Certificate> {
  const found = await findCertificate({ clients: await acm([fake]), arn: arn(fake.id) }, signal);
  return found!;
}

describe('a certificate', () => {
  it('shows status and mailboxes for each of its domains, and both deadlines', async () => {
    const certificate = await read({
      id: '1',
      domains: ['Shop.example.com', 'www.example.com'],
      proved: ['www.example.com'],
    });

    expect(certificate).toMatchObject({
      domains: ['shop.example.com', 'www.example.com'],
      status: 'pending',
      keyAlgorithm: 'RSA_2048',
      validations: [
        {
          domain: 'shop.example.com',
          status: 'pending',
          method: 'email',
          mailboxes: ['admin@example.com', 'postmaster@example.com'],
        },
        { domain: 'www.example.com', status: 'success' },
      ],
    });
    expect(certificateDeadlineMs(certificate, { inStack: false })).toBe(REQUESTED + 72 * HOUR);
    expect(certificateDeadlineMs(certificate, { inStack: true })).toBe(REQUESTED + 12 * HOUR);
    expect(describeCertificate(certificate, REQUESTED + HOUR)).toBe('1 of 2 domains proved, 71 h left');
    expect(pendingActions(certificate)).toEqual([
      'shop.example.com: follow the link in the mail to admin@example.com, postmaster@example.com (any one of them)',
    ]);
  });

  it('says which record to set when it is proved by DNS', async () => {
    const certificate = await read({ id: '1', domains: ['shop.example.com'], method: 'DNS' });

    expect(pendingActions(certificate)).toEqual([
      'shop.example.com: set _x.shop.example.com. CNAME _y.acm-validations.aws.',
    ]);
  });

  it('needs one record for a name and its wildcard', async () => {
    const certificate = await read({ id: '1', domains: ['example.com', '*.example.com'], method: 'DNS' });

    expect(validationRecords(certificate)).toEqual([
      { name: '_x.example.com', type: 'CNAME', value: '_y.acm-validations.aws' },
    ]);
  });

  it('is nothing once a rollback has deleted it', async () => {
    expect(await findCertificate({ clients: await acm([]), arn: arn('1') }, signal)).toBeUndefined();
  });

  it.each([
    ['FAILED', 'NO_AVAILABLE_CONTACTS', /MX/],
    ['FAILED', 'ADDITIONAL_VERIFICATION_REQUIRED', /support/],
    ['FAILED', 'DOMAIN_NOT_ALLOWED', /unsafe/],
    ['FAILED', 'INVALID_PUBLIC_DOMAIN', /public suffix/],
    ['FAILED', 'DOMAIN_VALIDATION_DENIED', /deny/],
    ['FAILED', 'CAA_ERROR', /CAA/],
    ['FAILED', 'SLR_NOT_FOUND', /SLR_NOT_FOUND/],
    ['VALIDATION_TIMED_OUT', undefined, /72 hours/],
    ['EXPIRED', undefined, /request a new one/],
    ['REVOKED', undefined, /request a new one/],
  ])('that is %s for %s says what to do', async (status, reason, advice) => {
    const certificate = await read({ id: '1', domains: ['shop.example.com'], status, ...(reason ? { reason } : {}) });

    expect(certificateAdvice(certificate)).toMatch(advice);
  });

  it('needs no advice while all is well', async () => {
    expect(certificateAdvice(await read({ id: '1', domains: ['a.example.com'] }))).toBeUndefined();
  });
});

describe('certificateNameMatches', () => {
  it.each([
    ['*.example.com', 'shop.example.com', true],
    ['*.example.com', 'a.shop.example.com', false],
    ['*.example.com', 'example.com', false],
    ['Shop.example.com', 'shop.example.com.', true],
  ])('%s covers %s: %s', (name, domain, covers) => {
    expect(certificateNameMatches(name, domain)).toBe(covers);
  });
});

describe('findPendingCertificates', () => {
  const resource = (PhysicalResourceId: string | undefined) => ({
    StackResourceSummaries: {
      member: {
        LogicalResourceId: 'BalancerWebCertificate',
        ResourceType: 'AWS::CertificateManager::Certificate',
        ResourceStatus: 'CREATE_IN_PROGRESS',
        PhysicalResourceId,
        LastUpdatedTimestamp: new Date(REQUESTED),
      },
    },
  });
  const shop = { id: 'mine', domains: ['shop.example.com'] };

  it('takes the one the stack’s resource names', async () => {
    const clients = await acm([shop], { ListStackResources: () => resource(arn('mine')) });

    const found = await findPendingCertificates({ clients, stack: STACK }, signal);

    expect(found.map((certificate) => certificate.arn)).toEqual([arn('mine')]);
  });

  it('picks by the stack’s tag, never by domain: after failed tries several requests for one domain are pending', async () => {
    const dead = {
      id: 'dead',
      domains: ['shop.example.com'],
      tags: { 'aws:cloudformation:stack-name': 'convox-other' },
    };
    const older = {
      id: 'older',
      domains: ['shop.example.com'],
      tags: {
        'aws:cloudformation:stack-name': 'convox-shop',
        'aws:cloudformation:stack-id': 'arn:another-of-that-name',
      },
    };
    const mine = {
      ...shop,
      tags: { 'aws:cloudformation:stack-name': 'convox-shop', 'aws:cloudformation:stack-id': STACK.arn },
    };
    const clients = await acm([dead, older, mine], { ListStackResources: () => resource(undefined) });

    const found = await findPendingCertificates({ clients, stack: STACK }, signal);

    expect(found.map((certificate) => certificate.arn)).toEqual([arn('mine')]);
  });
});

describe('watching', () => {
  const clock = new SteppingClock();
  const options = { clock, timeoutMs: HOUR };

  it('reports each change once and returns when none is pending', async () => {
    const domains = ['a.example.com', 'b.example.com'];
    const states: FakeCertificate[] = [
      { id: '1', domains },
      { id: '1', domains },
      { id: '1', domains, proved: ['a.example.com'] },
      { id: '1', domains, status: 'ISSUED' },
    ];
    const clients = await acm([], {
      DescribeCertificate: () => detail(states.length > 1 ? states.shift()! : states[0]!),
    });
    const seen: string[] = [];

    const [end] = await watchCertificates(
      {
        ...options,
        clients,
        arns: [arn('1')],
        onChange: (certificate) => seen.push(describeCertificate(certificate, REQUESTED)),
      },
      signal,
    );

    expect(end!.certificate!.status).toBe('issued');
    expect(seen).toEqual(['0 of 2 domains proved, 72 h left', '1 of 2 domains proved, 72 h left', 'issued']);
  });

  it('gives ACM some seconds to know a new request, then takes an unknown one for deleted', async () => {
    const clients = await acm([]);

    const wait = waitForCertificate({ ...options, clients, arn: arn('1') }, signal);

    await expect(wait).rejects.toMatchObject({ code: 'CERTIFICATE_GONE' });
    expect(aws!.calls.length).toBeGreaterThan(5);
  });

  it('fails at once for a request that a rollback deletes while it is watched', async () => {
    let reads = 0;
    const clients = await acm([], {
      DescribeCertificate: () => (++reads === 1 ? detail({ id: '1', domains: ['a.example.com'] }) : GONE),
    });

    await expect(waitForCertificate({ ...options, clients, arn: arn('1') }, signal)).rejects.toMatchObject({
      code: 'CERTIFICATE_GONE',
    });
    expect(reads).toBe(2);
  });

  it('fails with the reason and what to do about it', async () => {
    const clients = await acm([{ id: '1', domains: ['a.example.com'], status: 'FAILED', reason: 'CAA_ERROR' }]);

    await expect(waitForCertificate({ ...options, clients, arn: arn('1') }, signal)).rejects.toMatchObject({
      code: 'CERTIFICATE_FAILED',
      message: expect.stringContaining('CAA_ERROR') as string,
      hint: expect.stringContaining('amazon.com') as string,
    });
  });

  it('says at its limit whose mail is waiting', async () => {
    const clients = await acm([{ id: '1', domains: ['a.example.com'] }]);

    await expect(
      waitForCertificate({ ...options, timeoutMs: 10_000, clients, arn: arn('1') }, signal),
    ).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('admin@example.com') as string,
    });
  });
});

describe('resendValidationMail', () => {
  it('has mails sent again for the domains still to be proved, to the domain they went to', async () => {
    const asked: Params[] = [];
    const clients = await acm([{ id: '1', domains: ['a.example.com', 'b.example.com'], proved: ['b.example.com'] }], {
      ResendValidationEmail: (params) => {
        asked.push(params);
        return {};
      },
    });

    const domains = await resendValidationMail({ clients, arn: arn('1') }, signal);

    expect(domains).toEqual(['a.example.com']);
    expect(asked).toEqual([{ CertificateArn: arn('1'), Domain: 'a.example.com', ValidationDomain: 'example.com' }]);
  });

  it('refuses for a certificate that has no mails', async () => {
    const clients = await acm([{ id: '1', domains: ['a.example.com'], method: 'DNS' }]);

    await expect(resendValidationMail({ clients, arn: arn('1') }, signal)).rejects.toMatchObject({
      code: 'CERTIFICATE_FAILED',
    });
  });
});

describe('issueCertificate', () => {
  const domains = ['www.shop.example.com', 'Shop.example.com'];
  const created = { CertificateArn: arn('new') };

  it('requests RSA 2048 by DNS, the shortest name first, with a token that is the same for the same intent', async () => {
    const asked: Params[] = [];
    const clients = await acm([], {
      RequestCertificate: (params) => {
        asked.push(params);
        return created;
      },
    });
    const options = { clients, domains, tags: { App: 'shop' } };

    await issueCertificate({ ...options, idempotencyKey: 'run-1' }, signal);
    await issueCertificate({ ...options, domains: domains.toReversed(), idempotencyKey: 'run-1' }, signal);
    await issueCertificate({ ...options, idempotencyKey: 'run-2' }, signal);

    expect(asked[0]).toMatchObject({
      DomainName: 'shop.example.com',
      SubjectAlternativeNames: ['shop.example.com', 'www.shop.example.com'],
      ValidationMethod: 'DNS',
      KeyAlgorithm: 'RSA_2048',
      Tags: [
        { Key: 'App', Value: 'shop' },
        { Key: 'ManagedBy', Value: 'convox-gen2' },
      ],
    });
    const [first, second, third] = asked.map(({ IdempotencyToken }) => IdempotencyToken);
    expect(first).toMatch(/^\w{32}$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it.each(['PENDING_VALIDATION', 'ISSUED'])(
    'takes ours for the same domains that is %s instead of a second one',
    async (status) => {
      const mine = {
        id: 'mine',
        domains: ['shop.example.com', 'www.shop.example.com'],
        status,
        method: 'DNS' as const,
        tags: { ManagedBy: 'convox-gen2' },
      };
      const foreign = { ...mine, id: 'foreign', tags: {} };
      const clients = await acm([foreign, mine]);

      const issued = await issueCertificate({ clients, domains, idempotencyKey: 'run-1' }, signal);

      expect(issued).toEqual({ arn: arn('mine'), isNew: false });
    },
  );

  it('asks once more after no answer: the token keeps it one certificate', async () => {
    let tries = 0;
    const clients = await acm([], { RequestCertificate: () => (++tries === 1 ? DROP : created) });

    expect(await issueCertificate({ clients, domains, idempotencyKey: 'k' }, signal)).toEqual({
      arn: arn('new'),
      isNew: true,
    });
  });

  it('stops at the account’s limit, which the SDK would take for throttling and repeat', async () => {
    const clients = await acm([], { RequestCertificate: () => new Fault('LimitExceededException', 'no more') });

    await expect(issueCertificate({ clients, domains, idempotencyKey: 'k' }, signal)).rejects.toMatchObject({
      code: 'CERTIFICATE_LIMIT',
      message: expect.stringMatching(/: no more$/) as string,
    });
    expect(aws!.calls.filter((call) => call === 'RequestCertificate')).toHaveLength(1);
  });

  it('refuses names of which none fits into the common name', async () => {
    const long = `${'a'.repeat(60)}.example.com`;

    const issue = issueCertificate({ clients: await acm([]), domains: [long], idempotencyKey: 'k' }, signal);

    await expect(issue).rejects.toMatchObject({ code: 'CERTIFICATE_FAILED' });
  });

  it('waits the seconds until ACM tells the validation records', async () => {
    let reads = 0;
    const clients = await acm([], {
      DescribeCertificate: () => detail({ id: '1', domains: ['a.example.com'], method: 'DNS', records: ++reads > 2 }),
    });

    const records = await waitForValidationRecords({ clients, arn: arn('1'), clock: new SteppingClock() }, signal);

    expect(records).toHaveLength(1);
    expect(reads).toBe(3);
  });
});

describe('deleteCertificate', () => {
  it('waits until the balancer lets go of it', async () => {
    let tries = 0;
    const clients = await acm([{ id: '1', domains: ['a.example.com'] }], {
      DeleteCertificate: () => (++tries < 3 ? new Fault('ResourceInUseException', 'in use') : {}),
    });

    await deleteCertificate({ clients, arn: arn('1'), clock: new SteppingClock() }, signal);

    expect(tries).toBe(3);
  });

  it('is done when it is gone already', async () => {
    const clients = await acm([], { DeleteCertificate: () => GONE });

    await expect(
      deleteCertificate({ clients, arn: arn('1'), clock: new SteppingClock() }, signal),
    ).resolves.toBeUndefined();
  });
});

describe('findUsableCertificate follows the rack’s own rule', () => {
  const NEWEST = '20260421192651';
  const now = Date.UTC(2026, 5, 1);
  const search = async (certificates: readonly FakeCertificate[], version = NEWEST, domains = ['shop.example.com']) =>
    findUsableCertificate({ clients: await acm(certificates), version, domains, nowMs: now }, signal);
  const issued = { id: 'wild', domains: ['*.example.com'], status: 'ISSUED', notAfterMs: now + HOUR };

  it('takes an issued, unexpired one that covers all domains', async () => {
    expect((await search([issued])).certificate?.arn).toBe(arn('wild'));
  });

  it('never before 20180518143010', async () => {
    expect(await search([issued], '20180517151535')).toEqual({ rejected: [] });
  });

  it('takes a pending one between 20180518143010 and 20180520153159, and none since', async () => {
    const pending = { ...issued, status: 'PENDING_VALIDATION' };

    expect((await search([pending], '20180518143010')).certificate).toBeDefined();
    await aws!.close();
    expect((await search([pending], '20180520153159')).rejected).toMatchObject([{ reason: 'it is pending' }]);
  });

  it('takes an expired one before 20190529174125, and none since', async () => {
    const expired = { ...issued, notAfterMs: now - HOUR };

    expect((await search([expired], '20190101000000')).certificate).toBeDefined();
    await aws!.close();
    expect((await search([expired], '20190529174125')).rejected).toMatchObject([{ reason: 'it has expired' }]);
  });

  it('never takes another app’s certificate', async () => {
    const apps = { ...issued, tags: { System: 'convox', Type: 'app', Name: 'blog' } };

    expect(await search([apps])).toMatchObject({ rejected: [{ arn: arn('wild'), reason: 'it belongs to app blog' }] });
  });

  it('takes none of several that only together cover the domains (convox/rack#3003)', async () => {
    const one = { ...issued, id: 'one', domains: ['shop.example.com'] };
    const two = { ...issued, id: 'two', domains: ['www.example.com'] };

    const found = await search([one, two], NEWEST, ['shop.example.com', 'www.example.com']);

    expect(found.certificate).toBeUndefined();
    expect(found.rejected.map(({ reason }) => reason)).toEqual(Array(2).fill('it covers only some of the domains'));
  });
});
