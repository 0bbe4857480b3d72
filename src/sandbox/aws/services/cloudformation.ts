import type { Stack, StackEvent, StackResource } from '../../model/stacks.ts';
import { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';
import { pageOf } from '../wire/pages.ts';
import { queryService, type QueryParameters } from '../wire/query.ts';
import { members, xmlTime, type XmlElement } from '../wire/xml.ts';

/** CloudFormation API reference: ListStackResources, DescribeStackEvents and DescribeStackResources answer so many. */
const PAGE_SIZE = 100;
/** Parameters the rack template declares `NoEcho` (convox/rack provider/aws/templates rack.json). */
const NO_ECHO: ReadonlySet<string> = new Set(['Password']);

export const cloudFormationService = queryService({
  id: 'cloudformation',
  versions: {
    '2010-05-15': {
      namespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
      operations: {
        DescribeStacks: describeStacks,
        DescribeStackResource: describeStackResource,
        DescribeStackResources: describeStackResources,
        ListStackResources: listStackResources,
        DescribeStackEvents: describeStackEvents,
        ListStacks: listStacks,
        ListExports: listExports,
      },
    },
  },
});

function describeStacks(parameters: QueryParameters, account: Account): XmlElement {
  const name = parameters.find('StackName');
  if (name !== undefined) {
    const stack = account.findStack(name);
    if (stack === undefined) throw new AwsRefusal('ValidationError', `Stack with id ${name} does not exist`);
    return { Stacks: members([stack], (found) => writeStack(found, account)) };
  }
  const live = account.stacks.filter(({ status }) => status !== 'DELETE_COMPLETE');
  const page = pageOf(live, { size: PAGE_SIZE, token: parameters.find('NextToken'), keyOf: ({ arn }) => arn });
  return { Stacks: members(page.items, (stack) => writeStack(stack, account)), NextToken: page.next };
}

function describeStackResource(parameters: QueryParameters, account: Account): XmlElement {
  const name = parameters.get('StackName');
  const logicalId = parameters.get('LogicalResourceId');
  const stack = namedStack(name, account);
  const resource = stack.resources.get(logicalId);
  if (resource === undefined) {
    throw new AwsRefusal('ValidationError', `Resource ${logicalId} does not exist for stack ${name}`);
  }
  const { Timestamp: LastUpdatedTimestamp, ...detail } = writeResource(resource);
  return { StackResourceDetail: { StackId: stack.arn, StackName: stack.name, ...detail, LastUpdatedTimestamp } };
}

function describeStackResources(parameters: QueryParameters, account: Account): XmlElement {
  const name = parameters.find('StackName');
  const physicalId = parameters.find('PhysicalResourceId');
  const logicalId = parameters.find('LogicalResourceId');
  if ((name === undefined) === (physicalId === undefined)) {
    throw new AwsRefusal('ValidationError', 'Exactly one of StackName and PhysicalResourceId must be specified');
  }
  const stack = name === undefined ? stackOfResource(physicalId ?? '', account) : namedStack(name, account);
  const resources = [...stack.resources.values()]
    .filter((resource) => logicalId === undefined || resource.logicalId === logicalId)
    .slice(0, PAGE_SIZE);
  return {
    StackResources: members(resources, (resource) => ({
      StackId: stack.arn,
      StackName: stack.name,
      ...writeResource(resource),
    })),
  };
}

function listStackResources(parameters: QueryParameters, account: Account): XmlElement {
  const stack = namedStack(parameters.get('StackName'), account);
  const page = pageOf([...stack.resources.values()], {
    size: PAGE_SIZE,
    token: parameters.find('NextToken'),
    keyOf: ({ logicalId }) => logicalId,
  });
  return {
    StackResourceSummaries: members(page.items, (resource) => {
      const { Timestamp: LastUpdatedTimestamp, ...summary } = writeResource(resource);
      return { ...summary, LastUpdatedTimestamp };
    }),
    NextToken: page.next,
  };
}

function describeStackEvents(parameters: QueryParameters, account: Account): XmlElement {
  const name = parameters.get('StackName');
  const stack = account.findStack(name);
  if (stack === undefined) throw new AwsRefusal('ValidationError', `Stack [${name}] does not exist`);
  const newestFirst = stack.events.toReversed();
  const page = pageOf(newestFirst, { size: PAGE_SIZE, token: parameters.find('NextToken'), keyOf: ({ id }) => id });
  return { StackEvents: members(page.items, (event) => writeEvent(stack, event)), NextToken: page.next };
}

function listStacks(parameters: QueryParameters, account: Account): XmlElement {
  const wanted = parameters.list('StackStatusFilter');
  const stacks = account.stacks.filter(({ status }) => wanted.length === 0 || wanted.includes(status));
  const page = pageOf(stacks, { size: PAGE_SIZE, token: parameters.find('NextToken'), keyOf: ({ arn }) => arn });
  return { StackSummaries: members(page.items, (stack) => writeSummary(stack)), NextToken: page.next };
}

function listExports(parameters: QueryParameters, account: Account): XmlElement {
  const exports = account.stacks
    .filter(({ status }) => status !== 'DELETE_COMPLETE')
    .flatMap(({ arn, outputs }) =>
      outputs.flatMap(({ exportName, value }) => (exportName === undefined ? [] : [{ arn, exportName, value }])),
    );
  const page = pageOf(exports, {
    size: PAGE_SIZE,
    token: parameters.find('NextToken'),
    keyOf: ({ exportName }) => exportName,
  });
  return {
    Exports: members(page.items, ({ arn, exportName, value }) => ({
      ExportingStackId: arn,
      Name: exportName,
      Value: value,
    })),
    NextToken: page.next,
  };
}

function namedStack(name: string, account: Account): Stack {
  const stack = account.findStack(name);
  if (stack === undefined) throw new AwsRefusal('ValidationError', `Stack '${name}' does not exist`);
  return stack;
}

function stackOfResource(physicalId: string, account: Account): Stack {
  const stack = account.stacks.find(
    ({ status, resources }) =>
      status !== 'DELETE_COMPLETE' && [...resources.values()].some((resource) => resource.physicalId === physicalId),
  );
  if (stack === undefined) throw new AwsRefusal('ValidationError', `Stack for ${physicalId} does not exist`);
  return stack;
}

function writeSummary(stack: Stack): XmlElement {
  return {
    StackId: stack.arn,
    StackName: stack.name,
    CreationTime: xmlTime(stack.createdAt),
    LastUpdatedTime: stack.updatedAt === undefined ? undefined : xmlTime(stack.updatedAt),
    DeletionTime: stack.deletedAt === undefined ? undefined : xmlTime(stack.deletedAt),
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    ParentId: stack.parentArn,
    RootId: stack.parentArn,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

function writeStack(stack: Stack, account: Account): XmlElement {
  return {
    ...writeSummary(stack),
    RootId: rootOf(stack, account),
    DisableRollback: false,
    Capabilities: { member: ['CAPABILITY_IAM'] },
    EnableTerminationProtection: stack.terminationProtection,
    Parameters: members(stack.parameters, ([key, value]) => ({
      ParameterKey: key,
      ParameterValue: NO_ECHO.has(key) ? '****' : value,
    })),
    Tags: members(stack.tags, ([Key, Value]) => ({ Key, Value })),
    Outputs: members(stack.outputs, ({ key, value, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      ExportName: exportName,
    })),
  };
}

function rootOf(stack: Stack, account: Account): string | undefined {
  let root = stack.parentArn;
  for (let parent = root; parent !== undefined; parent = account.findStack(parent)?.parentArn) root = parent;
  return root;
}

function writeResource({ logicalId, physicalId, type, updatedAt, status, reason }: StackResource) {
  return {
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId === '' ? undefined : physicalId,
    ResourceType: type,
    Timestamp: xmlTime(updatedAt),
    ResourceStatus: status,
    ResourceStatusReason: reason,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  };
}

function writeEvent(stack: Stack, { id, at, logicalId, physicalId, type, status, reason }: StackEvent): XmlElement {
  return {
    StackId: stack.arn,
    EventId: id,
    StackName: stack.name,
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    Timestamp: xmlTime(at),
    ResourceStatus: status,
    ResourceStatusReason: reason,
  };
}
