import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ListCertificatesCommand } from '@aws-sdk/client-acm';
import { ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetChangeCommand, GetHostedZoneCommand, ListHostedZonesCommand } from '@aws-sdk/client-route-53';
import { GetCallerIdentityCommand, GetSessionTokenCommand } from '@aws-sdk/client-sts';
import { describe, expect } from 'vitest';
import { makeClients, test, type Clients } from './aws-world.ts';

/** One harmless question to each service, by the name of the service. */
const QUESTIONS: readonly (readonly [string, (clients: Clients) => Promise<unknown>])[] = [
  ['cloudformation', ({ cloudFormation }) => cloudFormation.send(new DescribeStacksCommand({}))],
  ['elasticloadbalancing', ({ elbv2 }) => elbv2.send(new DescribeLoadBalancersCommand({}))],
  ['acm', ({ acm }) => acm.send(new ListCertificatesCommand({}))],
  ['route53', ({ route53 }) => route53.send(new ListHostedZonesCommand({}))],
  ['monitoring', ({ cloudWatch }) => cloudWatch.send(new ListMetricsCommand({}))],
  ['sts', ({ sts }) => sts.send(new GetCallerIdentityCommand({}))],
];
const IAM_ACTIONS: Readonly<Record<string, string>> = {
  cloudformation: 'cloudformation:DescribeStacks',
  elasticloadbalancing: 'elasticloadbalancing:DescribeLoadBalancers',
  acm: 'acm:ListCertificates',
  route53: 'route53:ListHostedZones',
  monitoring: 'cloudwatch:ListMetrics',
  sts: 'sts:GetCallerIdentity',
};
const JSON_SERVICES = new Set(['acm']);

describe('who may ask', () => {
  test('the account of the credentials is told', async ({ clients, aws }) => {
    const identity = await clients.sts.send(new GetCallerIdentityCommand({}));

    expect(identity.Account).toBe(aws.world.settings.accountId);
    expect(identity.Arn).toBe(`arn:aws:iam::${aws.world.settings.accountId}:user/sandbox`);
  });

  test.for(QUESTIONS)('%s refuses a key it does not know', async ([service, ask], { endpoint }) => {
    const strangers = makeClients(endpoint, { accessKeyId: 'AKIANOBODY' });

    const name = JSON_SERVICES.has(service) ? 'UnrecognizedClientException' : 'InvalidClientTokenId';
    await expect(ask(strangers)).rejects.toMatchObject({
      name,
      message: 'The security token included in the request is invalid.',
    });
  });

  test.for(QUESTIONS)('%s refuses a signature made with another secret', async ([service, ask], { endpoint }) => {
    const forgers = makeClients(endpoint, { secretAccessKey: 'guessed' });

    const name = JSON_SERVICES.has(service) ? 'InvalidSignatureException' : 'SignatureDoesNotMatch';
    await expect(ask(forgers)).rejects.toMatchObject({ name });
  });

  test('an expired session is refused as such', async ({ endpoint }) => {
    const { sts, acm } = makeClients(endpoint, { sessionToken: 'expired-session' });

    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' });
    await expect(acm.send(new ListCertificatesCommand({}))).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  });

  test('a clock ten minutes behind is refused with both times in the message', async ({ endpoint }) => {
    const { sts } = makeClients(endpoint, { systemClockOffset: -600_000 });

    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      message: expect.stringMatching(/^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z/) as string,
    });
  });

  test('a clock ten minutes ahead is refused too', async ({ endpoint }) => {
    const { sts } = makeClients(endpoint, { systemClockOffset: 600_000 });

    await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      message: expect.stringMatching(/^Signature not yet current: /) as string,
    });
  });

  test('a request without a signature is refused', async ({ endpoint }) => {
    const response = await fetch(endpoint, { method: 'POST', body: 'Action=GetCallerIdentity&Version=2011-06-15' });

    expect(response.status).toBe(403);
    expect(await response.text()).toContain('<Code>MissingAuthenticationToken</Code>');
  });

  test.for(QUESTIONS)('%s cannot be asked with a region that does not exist', async ([service, ask], { endpoint }) => {
    const lost = makeClients(endpoint, { region: 'mars-north-1' });

    await expect(ask(lost)).rejects.toMatchObject({
      name: JSON_SERVICES.has(service) ? 'InvalidSignatureException' : 'SignatureDoesNotMatch',
      message: "Credential should be scoped to a valid region, not 'mars-north-1'.",
    });
  });
});

describe('regions', () => {
  test('another region shows an empty account', async ({ aws, endpoint }) => {
    aws.world.balancing.createLoadBalancer({ name: 'shop', scheme: 'internet-facing' });
    aws.world.acm.issueNow(['shop.example.com']);
    const elsewhere = makeClients(endpoint, { region: 'eu-west-1' });

    const balancers = await elsewhere.elbv2.send(new DescribeLoadBalancersCommand({}));
    const certificates = await elsewhere.acm.send(new ListCertificatesCommand({}));

    expect(balancers.LoadBalancers).toEqual([]);
    expect(certificates.CertificateSummaryList).toEqual([]);
  });

  test('Route 53 answers alike from every region', async ({ aws, endpoint }) => {
    const zone = aws.world.route53.createZone({ name: 'example.com', isPrivate: false });
    const elsewhere = makeClients(endpoint, { region: 'eu-west-1' });

    const answer = await elsewhere.route53.send(new GetHostedZoneCommand({ Id: zone.id }));

    expect(answer.HostedZone?.Name).toBe('example.com.');
  });
});

describe('faults and counters', () => {
  test.for(QUESTIONS)('%s says who lacks which permission', async ([service, ask], { aws, clients }) => {
    aws.world.faults.add(() => ({ type: 'deny' }));

    const action = IAM_ACTIONS[service] ?? '';
    await expect(ask(clients)).rejects.toMatchObject({
      name: JSON_SERVICES.has(service) ? 'AccessDeniedException' : 'AccessDenied',
      message: expect.stringContaining(
        `User: arn:aws:iam::${aws.world.settings.accountId}:user/sandbox is not authorized to perform: ${action} `,
      ) as string,
    });
  });

  test.for(QUESTIONS)('%s throttles in its own words', async ([service, ask], { aws, clients }) => {
    aws.world.faults.add(() => ({ type: 'throttle' }));

    await expect(ask(clients)).rejects.toMatchObject({
      name: JSON_SERVICES.has(service) ? 'ThrottlingException' : 'Throttling',
      message: 'Rate exceeded',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('a fault can carry a code of its own', async ({ aws, clients }) => {
    aws.world.faults.add(() => ({ type: 'error', status: 400, code: 'PriorRequestNotComplete', message: 'wait' }));

    await expect(clients.route53.send(new GetChangeCommand({ Id: 'C1' }))).rejects.toMatchObject({
      name: 'PriorRequestNotComplete',
    });
  });

  test('a fault sees what is asked and whether it changes anything', async ({ aws, clients }) => {
    const seen: unknown[] = [];
    aws.world.faults.add((request) => {
      seen.push(request);
      return undefined;
    });

    await clients.sts.send(new GetCallerIdentityCommand({}));

    expect(seen).toEqual([{ service: 'sts', operation: 'GetCallerIdentity', mutates: false }]);
  });

  test('a connection can be closed instead of answered', async ({ aws, clients }) => {
    aws.world.faults.add(() => ({ type: 'reset', applied: false }));

    await expect(clients.sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('a request can be held until it is let go', async ({ aws, clients }) => {
    let letGo = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isHeld = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    aws.world.faults.add(() => {
      isHeld();
      return { type: 'hold', until };
    });

    let answered = false;
    const answer = clients.sts.send(new GetCallerIdentityCommand({})).then(() => {
      answered = true;
    });
    await held;
    expect(answered).toBe(false);
    letGo();
    await answer;

    expect(answered).toBe(true);
  });

  test('every request is counted by service and operation', async ({ aws, clients }) => {
    for (const [, ask] of QUESTIONS) await ask(clients);

    expect(aws.world.counters.entries()).toEqual([
      ['acm ListCertificates', 1],
      ['cloudformation DescribeStacks', 1],
      ['elasticloadbalancing DescribeLoadBalancers', 1],
      ['monitoring ListMetrics', 1],
      ['route53 ListHostedZones', 1],
      ['sts GetCallerIdentity', 1],
    ]);
  });

  test('an operation the sandbox does not have is refused by name', async ({ clients }) => {
    await expect(clients.sts.send(new GetSessionTokenCommand({}))).rejects.toMatchObject({
      name: 'InvalidAction',
      message: 'The sandbox does not answer sts GetSessionToken',
    });
  });
});
