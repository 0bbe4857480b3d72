import { afterEach, describe, expect, it } from 'vitest';
import { readBalancerQuotas } from '../../src/aws/balancer-quotas.ts';
import { findRackBalancers } from '../../src/aws/balancers.ts';
import { canonicalZoneOf } from '../../src/aws/canonical-zones.ts';
import { readClassicBalancers, readInstanceHealth } from '../../src/aws/classic-balancers.ts';
import { listListenerCertificates, listListenerRules, listListeners } from '../../src/aws/listener-rules.ts';
import { readTargetHealth, waitForHealthyTargets } from '../../src/aws/target-health.ts';
import { INTERNAL, PUBLIC, rackScript } from './support/rack-script.ts';
import { Fault, startScriptedAws, type Reply, type ScriptedAws } from './support/scripted-aws.ts';
import { signal, SteppingClock } from './support/signal.ts';

let aws: ScriptedAws | undefined;
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

const TG = 'arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/2';
const forward = { Type: 'forward', TargetGroupArn: TG };
const rule = (Priority: string, host: string, action: object = forward) => ({
  RuleArn: `rule-${Priority}`,
  Priority,
  IsDefault: Priority === 'default',
  Conditions: {
    member: { Field: 'host-header', Values: { member: host }, HostHeaderConfig: { Values: { member: host } } },
  },
  Actions: { member: action },
});

describe('listeners', () => {
  it('are read with what they do by default', async () => {
    aws = await startScriptedAws({
      DescribeListeners: () => ({
        Listeners: {
          member: [
            {
              ListenerArn: 'l443',
              Port: 443,
              Protocol: 'HTTPS',
              Certificates: { member: { CertificateArn: 'rack' } },
              DefaultActions: {
                member: {
                  Type: 'fixed-response',
                  FixedResponseConfig: { StatusCode: '404', MessageBody: 'unknown host' },
                },
              },
            },
            {
              ListenerArn: 'l80',
              Port: 80,
              Protocol: 'HTTP',
              DefaultActions: {
                member: {
                  Type: 'redirect',
                  RedirectConfig: { StatusCode: 'HTTP_301', Protocol: 'HTTPS', Port: '443' },
                },
              },
            },
          ],
        },
      }),
      DescribeListenerCertificates: () => ({
        Certificates: { member: [{ CertificateArn: 'rack', IsDefault: true }, { CertificateArn: 'apps' }] },
      }),
    });
    const clients = aws.clients();

    const listeners = await listListeners({ clients, balancerArn: 'lb' }, signal);

    expect(listeners).toEqual([
      {
        arn: 'l80',
        port: 80,
        protocol: 'HTTP',
        defaultAction: { type: 'redirect', status: 301, protocol: 'HTTPS', port: '443' },
      },
      {
        arn: 'l443',
        port: 443,
        protocol: 'HTTPS',
        certificateArn: 'rack',
        defaultAction: { type: 'fixed-response', status: 404, body: 'unknown host' },
      },
    ]);
    expect(await listListenerCertificates({ clients, listenerArn: 'l443' }, signal)).toEqual([
      { arn: 'rack', isDefault: true },
      { arn: 'apps', isDefault: false },
    ]);
  });

  it('rules come in the order they are tried, all pages, with their owners', async () => {
    aws = await startScriptedAws({
      DescribeRules: ({ Marker }) =>
        Marker === undefined
          ? { Rules: { member: [rule('900', 'b.example.com'), rule('default', '')] }, NextMarker: 'more' }
          : {
              Rules: {
                member: [
                  rule('7', 'a.example.com', { Type: 'authenticate-oidc' }),
                  rule('20', '*.example.com', {
                    Type: 'forward',
                    ForwardConfig: { TargetGroups: { member: { TargetGroupArn: TG } } },
                  }),
                ],
              },
            },
      DescribeTags: () => ({
        TagDescriptions: {
          member: {
            ResourceArn: TG,
            Tags: {
              member: [
                { Key: 'aws:cloudformation:stack-name', Value: 'convox-shop-ServiceWeb-X' },
                { Key: 'App', Value: 'shop' },
                { Key: 'Service', Value: 'web' },
              ],
            },
          },
        },
      }),
    });

    const rules = await listListenerRules({ clients: aws.clients(), listenerArn: 'l443', withOwners: true }, signal);

    expect(rules.map(({ priority }) => priority)).toEqual([7, 20, 900]);
    expect(rules[0]!.action).toEqual({ type: 'other', name: 'authenticate-oidc' });
    expect(rules[2]).toEqual({
      arn: 'rule-900',
      priority: 900,
      hosts: ['b.example.com'],
      action: { type: 'forward', targetGroupArns: [TG] },
      owner: { stackName: 'convox-shop-ServiceWeb-X', app: 'shop', service: 'web' },
    });
  });

  it.each([
    [{ Type: 'app', Name: 'shop' }, { app: 'shop' }],
    [
      { Type: 'service', App: 'shop', Name: 'web' },
      { app: 'shop', service: 'web' },
    ],
    [{}, {}],
  ])('owners are read from whatever tags the version gave: %o', async (tags, owner) => {
    aws = await startScriptedAws({
      DescribeRules: () => ({ Rules: { member: rule('1', 'a') } }),
      DescribeTags: () => ({
        TagDescriptions: {
          member: { ResourceArn: TG, Tags: { member: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } },
        },
      }),
    });

    const [found] = await listListenerRules({ clients: aws.clients(), listenerArn: 'l', withOwners: true }, signal);

    expect(found!.owner).toEqual(owner);
  });

  it('tags are asked for at most 20 balancers at once', async () => {
    const balancers = Array.from({ length: 45 }, (_, at) => ({
      ...INTERNAL,
      name: `lb-${at}`,
      dnsName: `x${at}.us-east-1.elb.amazonaws.com`,
    }));
    const sizes: number[] = [];
    const script = rackScript({ resources: {}, balancers });
    aws = await startScriptedAws({
      ...script,
      DescribeTags: (params) => {
        sizes.push(Object.keys(params).filter((key) => key.startsWith('ResourceArns.')).length);
        return script['DescribeTags']!(params);
      },
    });

    await findRackBalancers({ rack: { name: 'convox', outputs: {} }, clients: aws.clients() }, signal);

    expect(sizes).toEqual([20, 20, 5]);
  });
});

describe('quotas', () => {
  it('are the account’s own, and AWS’s defaults for those not told', async () => {
    aws = await startScriptedAws({
      DescribeAccountLimits: () => ({
        Limits: { member: [{ Name: 'rules-per-application-load-balancer', Max: '200' }] },
      }),
    });

    expect(await readBalancerQuotas({ clients: aws.clients() }, signal)).toEqual({
      rules: 200,
      certificates: 25,
      targetGroups: 100,
    });
  });
});

describe('target health', () => {
  const health = (...states: readonly (readonly [string, string?, string?])[]): Reply => ({
    TargetHealthDescriptions: {
      member: states.map(([State, Reason, Description], at) => ({
        Target: { Id: `i-${at}`, Port: 3000 + at },
        TargetHealth: { State, Reason, Description },
      })),
    },
  });
  const redirecting = [
    'unhealthy',
    'Target.ResponseCodeMismatch',
    'Health checks failed with these codes: [301]',
  ] as const;
  const options = { clock: new SteppingClock(), timeoutMs: 60_000, targetGroupArns: [TG] };

  it('counts targets that are wanted, not those being taken out', async () => {
    aws = await startScriptedAws({ DescribeTargetHealth: () => health(['healthy'], ['draining'], redirecting) });

    expect(await readTargetHealth({ clients: aws.clients(), targetGroupArn: TG }, signal)).toMatchObject({
      wanted: 2,
      healthy: 1,
    });
  });

  it('must last: a target that fails in between starts the count again', async () => {
    const looks = [
      health(['healthy']),
      health(['healthy']),
      health(redirecting),
      ...Array.from({ length: 9 }, () => health(['healthy'])),
    ];
    aws = await startScriptedAws({ DescribeTargetHealth: () => looks.shift()! });

    await waitForHealthyTargets({ ...options, clients: aws.clients(), steadyMs: 5000, intervalMs: 2000 }, signal);

    expect(aws.calls).toHaveLength(7);
  });

  it('at the limit tells the balancer’s own reason', async () => {
    aws = await startScriptedAws({ DescribeTargetHealth: () => health(redirecting) });

    await expect(waitForHealthyTargets({ ...options, clients: aws.clients() }, signal)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringContaining('these codes: [301]') as string,
    });
  });

  it('is not given by a group without targets, which a balancer answers with 503', async () => {
    aws = await startScriptedAws({ DescribeTargetHealth: () => health() });

    await expect(waitForHealthyTargets({ ...options, clients: aws.clients() }, signal)).rejects.toMatchObject({
      message: expect.stringContaining('web: no targets') as string,
    });
  });

  it('of a group that is gone says so', async () => {
    aws = await startScriptedAws({ DescribeTargetHealth: () => new Fault('TargetGroupNotFound', 'gone') });

    await expect(waitForHealthyTargets({ ...options, clients: aws.clients() }, signal)).rejects.toMatchObject({
      code: 'AWS_NOT_FOUND',
    });
  });
});

describe('classic balancers', () => {
  it('that are gone are left out, even when one request names them with others', async () => {
    aws = await startScriptedAws(rackScript({ resources: { BalancerWeb: PUBLIC } }));

    const found = await readClassicBalancers({ clients: aws.clients(), names: ['gone', PUBLIC.name] }, signal);

    expect(found.map(({ name }) => name)).toEqual([PUBLIC.name]);
  });

  it('tell which instances they use', async () => {
    aws = await startScriptedAws({
      DescribeInstanceHealth: () => ({
        InstanceStates: {
          member: [
            { InstanceId: 'i-1', State: 'InService', Description: 'N/A' },
            { InstanceId: 'i-2', State: 'OutOfService', Description: 'Instance has failed' },
          ],
        },
      }),
    });

    expect(await readInstanceHealth({ clients: aws.clients(), name: 'x' }, signal)).toEqual([
      { instanceId: 'i-1', isInService: true },
      { instanceId: 'i-2', isInService: false, reason: 'Instance has failed' },
    ]);
  });
});

describe('canonicalZoneOf', () => {
  it.each([
    ['dualstack.internal-x-1.EU-central-1.elb.amazonaws.com.', 'Z215JYRZR1TBD5'],
    ['nlb-1.elb.us-east-1.amazonaws.com', 'Z26RNL4JYFTOTI'],
    ['x.mars-east-1.elb.amazonaws.com', undefined],
    ['shop.example.com', undefined],
  ])('%s: %s', (name, zoneId) => {
    expect(canonicalZoneOf(name)).toBe(zoneId);
  });
});
