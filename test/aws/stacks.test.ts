import { afterEach, describe, expect, it } from 'vitest';
import { listAppBalancers } from '../../src/aws/app-balancers.ts';
import { listServiceResources } from '../../src/aws/app-targets.ts';
import { firstCause, listStackEvents, type StackEvent } from '../../src/aws/stack-events.ts';
import { waitForStack, waitForStackDeleted } from '../../src/aws/stack-watch.ts';
import { findStack, findStackResource, listStackResources, readStack, stackOutcome } from '../../src/aws/stacks.ts';
import { rackScript } from './support/rack-script.ts';
import { Fault, startScriptedAws, type Params, type Reply, type ScriptedAws } from './support/scripted-aws.ts';
import { signal, SteppingClock } from './support/signal.ts';

const ARN = 'arn:aws:cloudformation:us-east-1:123456789012:stack/convox-shop/1';
const NESTED = 'arn:aws:cloudformation:us-east-1:123456789012:stack/convox-shop-ServiceWeb-X/2';
const AT = Date.UTC(2026, 0, 1, 12);

let aws: ScriptedAws | undefined;
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

function stack(status: string, more: Readonly<Record<string, unknown>> = {}): Reply {
  const facts = { StackId: ARN, StackName: 'convox-shop', StackStatus: status, CreationTime: new Date(AT), ...more };
  return { Stacks: { member: facts } };
}

function resources(...list: readonly (readonly [string, string, string, string?])[]): Reply {
  return {
    StackResourceSummaries: {
      member: list.map(([LogicalResourceId, ResourceType, PhysicalResourceId, ResourceStatus = 'CREATE_COMPLETE']) => ({
        LogicalResourceId,
        ResourceType,
        PhysicalResourceId,
        ResourceStatus,
        LastUpdatedTimestamp: new Date(AT),
      })),
    },
  };
}

const event = (id: string, LogicalResourceId: string, ResourceStatus: string, reason?: string, StackId = ARN) => ({
  EventId: id,
  StackId,
  StackName: 'convox-shop',
  LogicalResourceId,
  ResourceType: 'AWS::ECS::Service',
  ResourceStatus,
  ResourceStatusReason: reason,
  Timestamp: new Date(AT + Number(id) * 1000),
});

const notThere = new Fault('ValidationError', 'Stack with id convox-shop does not exist');

describe('findStack', () => {
  it('reads outputs, tags, protection and times, but no parameter that holds a secret', async () => {
    aws = await startScriptedAws({
      DescribeStacks: () =>
        stack('UPDATE_COMPLETE', {
          LastUpdatedTime: new Date(AT + 1000),
          EnableTerminationProtection: true,
          ParentId: NESTED,
          Tags: { member: { Key: 'Generation', Value: '2' } },
          Outputs: { member: { OutputKey: 'A', OutputValue: 'b' } },
          Parameters: {
            member: [
              { ParameterKey: 'Password', ParameterValue: 'canary' },
              { ParameterKey: 'Version', ParameterValue: '1' },
            ],
          },
        }),
    });

    const found = await readStack({ clients: aws.clients(), stack: 'convox-shop' }, signal);

    expect(found).toEqual({
      arn: ARN,
      name: 'convox-shop',
      status: 'UPDATE_COMPLETE',
      outcome: 'done',
      parameters: { Version: '1' },
      outputs: { A: 'b' },
      tags: { Generation: '2' },
      createdAtMs: AT,
      updatedAtMs: AT + 1000,
      parentArn: NESTED,
      isDeletionProtected: true,
    });
  });

  it('answers nothing for a stack that is not there, and readStack says so', async () => {
    aws = await startScriptedAws({ DescribeStacks: () => notThere });
    const ref = { clients: aws.clients(), stack: 'convox-shop' };

    expect(await findStack(ref, signal)).toBeUndefined();
    await expect(readStack(ref, signal)).rejects.toMatchObject({ code: 'AWS_NOT_FOUND' });
  });

  it('takes another refusal for what it is', async () => {
    aws = await startScriptedAws({ DescribeStacks: () => new Fault('ValidationError', 'name is too long') });

    await expect(findStack({ clients: aws.clients(), stack: 'x' }, signal)).rejects.toMatchObject({
      code: 'AWS_REFUSED',
    });
  });
});

describe('stackOutcome', () => {
  it.each([
    ['CREATE_COMPLETE', 'done'],
    ['UPDATE_COMPLETE', 'done'],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'busy'],
    ['UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'busy'],
    ['UPDATE_ROLLBACK_COMPLETE', 'rolled-back'],
    ['ROLLBACK_COMPLETE', 'rolled-back'],
    ['DELETE_FAILED', 'failed'],
    ['UPDATE_ROLLBACK_FAILED', 'failed'],
    ['DELETE_COMPLETE', 'deleted'],
  ])('%s is %s', (status, outcome) => {
    expect(stackOutcome(status)).toBe(outcome);
  });
});

describe('resources of a stack', () => {
  it('are read past the first page: racks have more than 100', async () => {
    const withToken = (reply: Reply): Reply => Object.assign({}, reply, { NextToken: 'more' });
    const page = (from: number) =>
      resources(
        ...Array.from({ length: 100 }, (_, at) => [`R${from + at}`, 'AWS::S3::Bucket', `b${from + at}`] as const),
      );
    aws = await startScriptedAws({
      ListStackResources: ({ NextToken }) => (NextToken === undefined ? withToken(page(0)) : page(100)),
    });

    expect(await listStackResources({ clients: aws.clients(), stack: ARN }, signal)).toHaveLength(200);
  });

  it('one that was deleted is not there', async () => {
    const detail = {
      LogicalResourceId: 'Router',
      ResourceType: 't',
      ResourceStatus: 'DELETE_COMPLETE',
      LastUpdatedTimestamp: new Date(AT),
    };
    aws = await startScriptedAws({ DescribeStackResource: () => ({ StackResourceDetail: detail }) });

    expect(
      await findStackResource({ clients: aws.clients(), stack: ARN, logicalId: 'Router' }, signal),
    ).toBeUndefined();
  });
});

describe('first cause of a failure', () => {
  const happened = (list: readonly (readonly [string, string, string?])[]): StackEvent[] =>
    list.map(([logicalId, status, reason], at) => ({
      id: String(at),
      stackArn: ARN,
      logicalId,
      type: 'T',
      status,
      atMs: at,
      ...(reason === undefined ? {} : { reason }),
    }));

  it('is neither “Resource creation cancelled” nor the stack’s own summary', () => {
    const events = happened([
      ['Cancelled', 'CREATE_FAILED', 'Resource creation cancelled'],
      [
        'ServiceWeb',
        'CREATE_FAILED',
        'Embedded stack arn was not successfully created: The following resource(s) failed to create: [Service].',
      ],
      ['Rule', 'CREATE_FAILED', "Priority '17524' is currently in use"],
      ['convox-shop', 'ROLLBACK_IN_PROGRESS', 'The following resource(s) failed to create: [Rule]'],
    ]);

    expect(firstCause(events)?.logicalId).toBe('Rule');
  });

  it('is nothing when nothing failed', () => {
    expect(firstCause(happened([['A', 'CREATE_COMPLETE']]))).toBeUndefined();
  });

  it('is a bare failure when none gives a reason', () => {
    expect(firstCause(happened([['A', 'CREATE_FAILED']]))?.logicalId).toBe('A');
  });
});

describe('listStackEvents', () => {
  it('gives those after a known one, oldest first, and asks no page too many', async () => {
    const pages: Params[] = [];
    aws = await startScriptedAws({
      DescribeStackEvents: (params) => {
        pages.push(params);
        return {
          StackEvents: { member: [event('3', 'C', 'X'), event('2', 'B', 'X'), event('1', 'A', 'X')] },
          NextToken: 'more',
        };
      },
    });

    const events = await listStackEvents({ clients: aws.clients(), stack: ARN, afterId: '1' }, signal);

    expect(events.map(({ logicalId }) => logicalId)).toEqual(['B', 'C']);
    expect(pages).toHaveLength(1);
  });

  it('merges those of nested stacks by time', async () => {
    aws = await startScriptedAws({
      ListStackResources: ({ StackName }) =>
        StackName === ARN ? resources(['ServiceWeb', 'AWS::CloudFormation::Stack', NESTED]) : resources(),
      DescribeStackEvents: ({ StackName }) => ({
        StackEvents: {
          member:
            StackName === ARN
              ? [event('3', 'Outer', 'X'), event('1', 'First', 'X')]
              : [event('2', 'Inner', 'X', undefined, NESTED)],
        },
      }),
    });

    const events = await listStackEvents({ clients: aws.clients(), stack: ARN, withNested: true }, signal);

    expect(events.map(({ logicalId }) => logicalId)).toEqual(['First', 'Inner', 'Outer']);
  });
});

describe('waitForStack', () => {
  const clock = new SteppingClock();
  const options = { clock, timeoutMs: 600_000, intervalMs: 1000 };

  it('waits through the clean-up phase and reports each event once', async () => {
    const statuses = ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_COMPLETE'];
    const seen: string[] = [];
    aws = await startScriptedAws({
      DescribeStacks: () => stack(statuses.shift() ?? 'UPDATE_COMPLETE'),
      ListStackResources: () => resources(),
      DescribeStackEvents: () => ({ StackEvents: { member: [event('2', 'B', 'X'), event('1', 'A', 'X')] } }),
    });

    const found = await waitForStack(
      { ...options, clients: aws.clients(), stack: ARN, onEvent: ({ logicalId }) => seen.push(logicalId) },
      signal,
    );

    expect(found.outcome).toBe('done');
    expect(seen).toEqual(['A', 'B']);
  });

  it('fails with the first cause, found in a nested stack, though the Rack API shows such a stack as running', async () => {
    aws = await startScriptedAws({
      DescribeStacks: () => stack('UPDATE_ROLLBACK_COMPLETE'),
      ListStackResources: ({ StackName }) =>
        StackName === ARN ? resources(['ServiceWeb', 'AWS::CloudFormation::Stack', NESTED]) : resources(),
      DescribeStackEvents: ({ StackName }) => ({
        StackEvents: {
          member:
            StackName === ARN
              ? [event('2', 'ServiceWeb', 'UPDATE_FAILED', 'Embedded stack x was not successfully updated')]
              : [event('1', 'Service', 'UPDATE_FAILED', 'did not stabilize', NESTED)],
        },
      }),
    });

    const wait = waitForStack({ ...options, clients: aws.clients(), stack: ARN, sinceMs: AT }, signal);

    await expect(wait).rejects.toMatchObject({
      code: 'STACK_FAILED',
      message: expect.stringContaining('did not stabilize') as string,
      details: { cause: { logicalId: 'Service' } },
    });
  });

  it('says that a stack awaited is gone', async () => {
    aws = await startScriptedAws({ DescribeStacks: () => notThere });

    await expect(waitForStack({ ...options, clients: aws.clients(), stack: ARN }, signal)).rejects.toMatchObject({
      code: 'AWS_NOT_FOUND',
    });
  });
});

describe('waitForStackDeleted', () => {
  const options = { clock: new SteppingClock(), timeoutMs: 600_000, intervalMs: 1000 };

  it('takes DELETE_COMPLETE by ARN for deleted', async () => {
    const statuses = ['DELETE_IN_PROGRESS', 'DELETE_COMPLETE'];
    aws = await startScriptedAws({ DescribeStacks: () => stack(statuses.shift() ?? 'DELETE_COMPLETE') });

    await expect(
      waitForStackDeleted({ ...options, clients: aws.clients(), stack: ARN }, signal),
    ).resolves.toBeUndefined();
  });

  it('takes “does not exist” for deleted', async () => {
    aws = await startScriptedAws({ DescribeStacks: () => notThere });

    await expect(
      waitForStackDeleted({ ...options, clients: aws.clients(), stack: 'convox-shop' }, signal),
    ).resolves.toBeUndefined();
  });

  it('fails on DELETE_FAILED, which reads “running” through the Rack API, with the cause', async () => {
    aws = await startScriptedAws({
      DescribeStacks: () => stack('DELETE_FAILED'),
      ListStackResources: () => resources(),
      DescribeStackEvents: () => ({ StackEvents: { member: [event('1', 'Cert', 'DELETE_FAILED', 'is in use')] } }),
    });

    await expect(waitForStackDeleted({ ...options, clients: aws.clients(), stack: ARN }, signal)).rejects.toMatchObject(
      {
        code: 'STACK_FAILED',
        message: expect.stringContaining('is in use') as string,
      },
    );
  });
});

describe('what an app has', () => {
  it('its classic balancers, with the service each belongs to', async () => {
    const elb = { name: 'shop-web-ABC', dnsName: 'shop-web-ABC-1.us-east-1.elb.amazonaws.com' };
    const inner = {
      name: 'shop-api-DEF-i',
      dnsName: 'internal-shop-api-DEF-i-2.us-east-1.elb.amazonaws.com',
      scheme: 'internal',
    };
    const script = rackScript({ resources: { BalancerWeb: elb, BalancerApiInternal: inner } });
    const classic = 'AWS::ElasticLoadBalancing::LoadBalancer';
    aws = await startScriptedAws({
      ...script,
      ListStackResources: () =>
        resources(
          ['BalancerWeb', classic, elb.name],
          ['BalancerApiInternal', classic, inner.name],
          ['BalancerOld', classic, 'gone', 'DELETE_COMPLETE'],
        ),
    });

    const found = await listAppBalancers({ clients: aws.clients(), stack: ARN, services: ['web', 'api'] }, signal);

    expect(found).toMatchObject([
      {
        service: 'web',
        kind: 'classic',
        dnsName: elb.dnsName,
        metricName: 'shop-web-ABC',
        classic: {
          listeners: [{ port: 443, protocol: 'TCP', instancePort: 3000 }],
          healthCheckTarget: 'TCP:3000',
          instanceIds: ['i-1'],
        },
      },
      { service: 'api', scheme: 'internal', canonicalHostedZoneId: 'Z35SXDOTRQ7X7K' },
    ]);
  });

  it.each([
    ['in its own stack, before 20180808194846', 'BalancerMyWeb', ''],
    ['in a nested stack, since', 'Balancer', NESTED],
  ])('its target groups and rules %s', async (_, prefix, nested) => {
    const group = 'AWS::ElasticLoadBalancingV2::TargetGroup';
    const rule = 'AWS::ElasticLoadBalancingV2::ListenerRule';
    const parts = [
      [`${prefix}TargetGroup`, group, 'tg-arn'],
      [`${prefix}ListenerRule443Domain0`, rule, 'rule-arn'],
      ['BalancerMyWebCertificate', 'AWS::CertificateManager::Certificate', 'arn:aws:acm:x'],
    ] as const;
    aws = await startScriptedAws({
      ListStackResources: ({ StackName }) =>
        StackName === ARN && nested !== ''
          ? resources(['ServiceMyWeb', 'AWS::CloudFormation::Stack', nested], parts[2])
          : resources(...parts),
    });

    const found = await listServiceResources({ clients: aws.clients(), stack: ARN, services: ['my-web'] }, signal);

    expect(found).toEqual([
      {
        service: 'my-web',
        stack: nested || ARN,
        targetGroupArns: ['tg-arn'],
        ruleArns: ['rule-arn'],
        certificateArn: 'arn:aws:acm:x',
      },
    ]);
  });
});
