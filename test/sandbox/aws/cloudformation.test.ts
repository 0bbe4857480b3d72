import {
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListExportsCommand,
  ListStacksCommand,
  paginateDescribeStackEvents,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { describe, expect } from 'vitest';
import type { Stack, StackEvent, StackResource } from '../../../src/sandbox/model/stacks.ts';
import { test } from './aws-world.ts';

const AT = Date.UTC(2026, 0, 5, 9, 0, 0);

function arnOf(name: string, number = 1): string {
  return `arn:aws:cloudformation:us-east-1:123456789012:stack/${name}/0000000${String(number)}`;
}

function stackOf(name: string, change: Partial<Stack> = {}): Stack {
  return {
    arn: arnOf(name),
    name,
    parentArn: undefined,
    createdAt: AT,
    updatedAt: undefined,
    deletedAt: undefined,
    status: 'UPDATE_COMPLETE',
    statusReason: undefined,
    terminationProtection: false,
    parameters: new Map(),
    tags: new Map(),
    outputs: [],
    resources: new Map(),
    events: [],
    ...change,
  };
}

function resourceOf(logicalId: string, change: Partial<StackResource> = {}): StackResource {
  return {
    logicalId,
    type: 'AWS::S3::Bucket',
    physicalId: `physical-${logicalId}`,
    status: 'CREATE_COMPLETE',
    reason: undefined,
    updatedAt: AT,
    ...change,
  };
}

function resourcesOf(...resources: StackResource[]): Map<string, StackResource> {
  return new Map(resources.map((resource) => [resource.logicalId, resource]));
}

function eventOf(number: number): StackEvent {
  return {
    id: `event-${String(number)}`,
    at: AT + number * 1000,
    logicalId: 'Bucket',
    physicalId: 'physical',
    type: 'AWS::S3::Bucket',
    status: 'CREATE_COMPLETE',
    reason: number === 1 ? 'Resource creation Initiated' : undefined,
  };
}

describe('stacks', () => {
  test('everything about a stack is told, its password hidden', async ({ aws, clients }) => {
    aws.stacks.push(
      stackOf('convox', {
        parameters: new Map([
          ['Internal', 'Yes'],
          ['Password', 'in clear'],
        ]),
        tags: new Map([['System', 'convox']]),
        outputs: [{ key: 'Domain', value: 'router.example', exportName: 'convox:Domain' }],
        terminationProtection: true,
      }),
    );

    const { Stacks } = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName: 'convox' }));

    expect(Stacks).toMatchObject([
      {
        StackId: arnOf('convox'),
        StackName: 'convox',
        StackStatus: 'UPDATE_COMPLETE',
        CreationTime: new Date(AT),
        EnableTerminationProtection: true,
        Parameters: [
          { ParameterKey: 'Internal', ParameterValue: 'Yes' },
          { ParameterKey: 'Password', ParameterValue: '****' },
        ],
        Tags: [{ Key: 'System', Value: 'convox' }],
        Outputs: [{ OutputKey: 'Domain', OutputValue: 'router.example', ExportName: 'convox:Domain' }],
      },
    ]);
  });

  test('a deleted stack is found by its ARN only', async ({ aws, clients }) => {
    aws.stacks.push(stackOf('convox-shop', { status: 'DELETE_COMPLETE', deletedAt: AT }));
    const ask = (StackName: string) => clients.cloudFormation.send(new DescribeStacksCommand({ StackName }));

    const byArn = await ask(arnOf('convox-shop'));
    const all = await clients.cloudFormation.send(new DescribeStacksCommand({}));

    expect(byArn.Stacks).toMatchObject([{ StackStatus: 'DELETE_COMPLETE', DeletionTime: new Date(AT) }]);
    expect(all.Stacks).toEqual([]);
    await expect(ask('convox-shop')).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Stack with id convox-shop does not exist',
    });
  });

  test('a nested stack names its parent and its root', async ({ aws, clients }) => {
    aws.stacks.push(
      stackOf('convox-shop'),
      stackOf('convox-shop-ServiceWeb', { parentArn: arnOf('convox-shop') }),
      stackOf('convox-shop-ServiceWeb-Deep', { parentArn: arnOf('convox-shop-ServiceWeb') }),
    );

    const { Stacks } = await clients.cloudFormation.send(
      new DescribeStacksCommand({ StackName: 'convox-shop-ServiceWeb-Deep' }),
    );

    expect(Stacks).toMatchObject([{ ParentId: arnOf('convox-shop-ServiceWeb'), RootId: arnOf('convox-shop') }]);
  });

  test('stacks are listed by status, deleted ones too, and their exports', async ({ aws, clients }) => {
    aws.stacks.push(
      stackOf('live', { outputs: [{ key: 'Domain', value: 'x', exportName: 'live:Domain' }] }),
      stackOf('gone', {
        status: 'DELETE_COMPLETE',
        outputs: [{ key: 'Domain', value: 'y', exportName: 'gone:Domain' }],
      }),
    );

    const gone = await clients.cloudFormation.send(new ListStacksCommand({ StackStatusFilter: ['DELETE_COMPLETE'] }));
    const exports = await clients.cloudFormation.send(new ListExportsCommand({}));

    expect(gone.StackSummaries?.map(({ StackName }) => StackName)).toEqual(['gone']);
    expect(exports.Exports).toEqual([{ ExportingStackId: arnOf('live'), Name: 'live:Domain', Value: 'x' }]);
  });

  test('what is not modelled is refused', async ({ clients }) => {
    await expect(clients.cloudFormation.send(new GetTemplateCommand({ StackName: 'x' }))).rejects.toMatchObject({
      message: 'The sandbox does not answer cloudformation GetTemplate',
    });
  });
});

describe('resources', () => {
  test('one is found by its logical id, or refused with both names', async ({ aws, clients }) => {
    aws.stacks.push(stackOf('convox', { resources: resourcesOf(resourceOf('Router', { physicalId: 'arn:router' })) }));
    const ask = (StackName: string, LogicalResourceId: string) =>
      clients.cloudFormation.send(new DescribeStackResourceCommand({ StackName, LogicalResourceId }));

    const { StackResourceDetail } = await ask('convox', 'Router');

    expect(StackResourceDetail).toMatchObject({
      StackId: arnOf('convox'),
      LogicalResourceId: 'Router',
      PhysicalResourceId: 'arn:router',
      ResourceStatus: 'CREATE_COMPLETE',
      LastUpdatedTimestamp: new Date(AT),
    });
    await expect(ask('convox', 'RouterInternal')).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Resource RouterInternal does not exist for stack convox',
    });
    await expect(ask('other', 'Router')).rejects.toMatchObject({
      name: 'ValidationError',
      message: "Stack 'other' does not exist",
    });
  });

  test('the list comes in pages of 100; the older call stops at 100', async ({ aws, clients }) => {
    const resources = Array.from({ length: 148 }, (_, index) => resourceOf(`R${String(index)}`));
    aws.stacks.push(stackOf('convox', { resources: resourcesOf(...resources) }));

    const sizes: (number | undefined)[] = [];
    for await (const page of paginateListStackResources({ client: clients.cloudFormation }, { StackName: 'convox' })) {
      sizes.push(page.StackResourceSummaries?.length);
    }
    const older = await clients.cloudFormation.send(new DescribeStackResourcesCommand({ StackName: 'convox' }));

    expect(sizes).toEqual([100, 48]);
    expect(older.StackResources?.length).toBe(100);
  });

  test('the stack of a resource is found by its physical id', async ({ aws, clients }) => {
    aws.stacks.push(stackOf('one'), stackOf('two', { resources: resourcesOf(resourceOf('Bucket')) }));

    const { StackResources } = await clients.cloudFormation.send(
      new DescribeStackResourcesCommand({ PhysicalResourceId: 'physical-Bucket' }),
    );

    expect(StackResources).toMatchObject([{ StackName: 'two', LogicalResourceId: 'Bucket' }]);
  });

  test('a resource that is being made has no physical id yet', async ({ aws, clients }) => {
    const pending = resourceOf('Certificate', { physicalId: '', status: 'CREATE_IN_PROGRESS' });
    aws.stacks.push(stackOf('convox', { resources: resourcesOf(pending) }));

    const { StackResourceDetail } = await clients.cloudFormation.send(
      new DescribeStackResourceCommand({ StackName: 'convox', LogicalResourceId: 'Certificate' }),
    );

    expect(StackResourceDetail?.PhysicalResourceId).toBeUndefined();
  });
});

describe('events', () => {
  test('come newest first, with their reasons', async ({ aws, clients }) => {
    aws.stacks.push(stackOf('convox', { events: [eventOf(1), eventOf(2)] }));

    const { StackEvents } = await clients.cloudFormation.send(new DescribeStackEventsCommand({ StackName: 'convox' }));

    expect(StackEvents?.map(({ EventId, ResourceStatusReason }) => [EventId, ResourceStatusReason])).toEqual([
      ['event-2', undefined],
      ['event-1', 'Resource creation Initiated'],
    ]);
  });

  test('pages stay in step while new events arrive', async ({ aws, clients }) => {
    const stack = stackOf('convox', { events: Array.from({ length: 150 }, (_, index) => eventOf(index + 1)) });
    aws.stacks.push(stack);

    const seen: (string | undefined)[] = [];
    for await (const page of paginateDescribeStackEvents({ client: clients.cloudFormation }, { StackName: 'convox' })) {
      seen.push(...(page.StackEvents ?? []).map(({ EventId }) => EventId));
      stack.events.push(eventOf(stack.events.length + 1));
    }

    expect(seen.length).toBe(150);
    expect(new Set(seen).size).toBe(150);
  });

  test('of an unknown stack are refused in their own words', async ({ clients }) => {
    await expect(
      clients.cloudFormation.send(new DescribeStackEventsCommand({ StackName: 'nowhere' })),
    ).rejects.toMatchObject({ name: 'ValidationError', message: 'Stack [nowhere] does not exist' });
  });
});
