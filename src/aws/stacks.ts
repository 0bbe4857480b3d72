import {
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  paginateListStackResources,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { MigrationError } from '../errors.ts';
import { ask, askAll, awsCodeOf, present } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

type Clients = Pick<AwsClients, 'cloudFormation'>;

/** Where a stack's last operation stands. `rolled-back` is what the Rack API shows as "running". */
export type StackOutcome = 'busy' | 'done' | 'rolled-back' | 'failed' | 'deleted';

/** A stack as CloudFormation describes it. */
export interface StackFacts {
  readonly arn: string;
  readonly name: string;
  /** CloudFormation's own word, e.g. `UPDATE_ROLLBACK_COMPLETE`. */
  readonly status: string;
  readonly outcome: StackOutcome;
  readonly statusReason?: string;
  /** Values of parameters that hold secrets are never here. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** ms since 1970. */
  readonly createdAtMs: number;
  /** ms since 1970, of the last update or deletion begun. */
  readonly updatedAtMs?: number;
  /** The ARN of the stack this one is nested in. */
  readonly parentArn?: string;
  readonly isDeletionProtected: boolean;
}

export interface StackResource {
  readonly logicalId: string;
  /** An ARN or a name, as the type has it; absent until AWS has made it. */
  readonly physicalId?: string;
  /** E.g. `AWS::ElasticLoadBalancingV2::LoadBalancer`. */
  readonly type: string;
  readonly status: string;
  readonly statusReason?: string;
}

export interface StackRef {
  readonly clients: Clients;
  /** ARN or name. Once known, use the ARN: a name may mean another stack after a deletion, and then nothing. */
  readonly stack: string;
}

/** Reads a stack; `undefined` when there is none of that name (a deleted one is still found by its ARN, for 90 days). */
export async function findStack({ clients, stack }: StackRef, signal: AbortSignal): Promise<StackFacts | undefined> {
  const what = `read stack ${stackLabel(stack)}`;
  try {
    const answer = await ask(
      what,
      'cloudformation:DescribeStacks',
      (options) => clients.cloudFormation.send(new DescribeStacksCommand({ StackName: stack }), options),
      signal,
    );
    const found = answer.Stacks?.[0];
    return found === undefined ? undefined : stackFacts(found, what);
  } catch (error) {
    if (isStackAbsent(error)) return undefined;
    throw error;
  }
}

/** @throws {MigrationError} `AWS_NOT_FOUND` if there is no such stack. */
export async function readStack(ref: StackRef, signal: AbortSignal): Promise<StackFacts> {
  const found = await findStack(ref, signal);
  if (found !== undefined) return found;
  throw new MigrationError('AWS_NOT_FOUND', `there is no stack ${stackLabel(ref.stack)}`, {
    hint: 'Check the name, the region and the account of the AWS credentials.',
    details: { stack: ref.stack },
  });
}

/** Reads all resources of a stack: `DescribeStackResources` would stop at 100, and racks have more (AWS API reference). */
export async function listStackResources(
  { clients, stack }: StackRef,
  signal: AbortSignal,
): Promise<readonly StackResource[]> {
  const what = `list the resources of stack ${stackLabel(stack)}`;
  const summaries = await askAll(
    what,
    'cloudformation:ListStackResources',
    (options) => paginateListStackResources({ client: clients.cloudFormation }, { StackName: stack }, options),
    (page) => page.StackResourceSummaries,
    signal,
  );
  return summaries.flatMap((summary) => {
    // A resource whose condition is false has no id in some stand-ins for AWS.
    if (!summary.LogicalResourceId) return [];
    return [
      {
        logicalId: summary.LogicalResourceId,
        type: summary.ResourceType ?? '',
        status: summary.ResourceStatus ?? '',
        ...(summary.PhysicalResourceId ? { physicalId: summary.PhysicalResourceId } : {}),
        ...(summary.ResourceStatusReason ? { statusReason: summary.ResourceStatusReason } : {}),
      },
    ];
  });
}

/** Reads one resource by its logical id; `undefined` when the stack has none, or has none any more. */
export async function findStackResource(
  { clients, stack, logicalId }: StackRef & { readonly logicalId: string },
  signal: AbortSignal,
): Promise<StackResource | undefined> {
  const what = `read resource ${logicalId} of stack ${stackLabel(stack)}`;
  try {
    const answer = await ask(
      what,
      'cloudformation:DescribeStackResource',
      (options) =>
        clients.cloudFormation.send(
          new DescribeStackResourceCommand({ StackName: stack, LogicalResourceId: logicalId }),
          options,
        ),
      signal,
    );
    const detail = answer.StackResourceDetail;
    if (!detail?.LogicalResourceId || detail.ResourceStatus === 'DELETE_COMPLETE') return undefined;
    return {
      logicalId: detail.LogicalResourceId,
      type: detail.ResourceType ?? '',
      status: detail.ResourceStatus ?? '',
      ...(detail.PhysicalResourceId ? { physicalId: detail.PhysicalResourceId } : {}),
      ...(detail.ResourceStatusReason ? { statusReason: detail.ResourceStatusReason } : {}),
    };
  } catch (error) {
    if (isStackAbsent(error)) return undefined;
    throw error;
  }
}

/** The ARNs of a stack's nested stacks (type `AWS::CloudFormation::Stack`), by logical id. */
export async function listNestedStacks(ref: StackRef, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const resources = await listStackResources(ref, signal);
  return new Map(
    resources.flatMap(({ logicalId, type, physicalId, status }) =>
      type === 'AWS::CloudFormation::Stack' && physicalId !== undefined && status !== 'DELETE_COMPLETE'
        ? [[logicalId, physicalId] as const]
        : [],
    ),
  );
}

/** What a status of CloudFormation means for whoever waits (AWS CloudFormation user guide, stack status codes). */
export function stackOutcome(status: string): StackOutcome {
  if (status === 'DELETE_COMPLETE') return 'deleted';
  // Also UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: what the update replaced is removed only now.
  if (status.endsWith('_IN_PROGRESS')) return 'busy';
  if (status.includes('ROLLBACK_COMPLETE')) return 'rolled-back';
  if (status.endsWith('_COMPLETE')) return 'done';
  return 'failed';
}

/** True for the answers that mean "no such stack" or "no such resource in it". */
function isStackAbsent(error: unknown): boolean {
  return awsCodeOf(error) === 'ValidationError' && error instanceof Error && /does not exist/.test(error.message);
}

/** The name in an ARN, for messages; other text as it is. */
function stackLabel(stack: string): string {
  return stack.startsWith('arn:') ? (stack.split('/')[1] ?? stack) : stack;
}

const SECRET_NAME = /password|secret|token|credential/i;

function stackFacts(stack: Stack, what: string): StackFacts {
  const status = present(stack.StackStatus, 'StackStatus', what);
  const updatedAt = stack.DeletionTime ?? stack.LastUpdatedTime;
  return {
    arn: present(stack.StackId, 'StackId', what),
    name: present(stack.StackName, 'StackName', what),
    status,
    outcome: stackOutcome(status),
    ...(stack.StackStatusReason ? { statusReason: stack.StackStatusReason } : {}),
    parameters: Object.fromEntries(
      (stack.Parameters ?? []).flatMap(({ ParameterKey: key, ParameterValue: value }) =>
        key === undefined || SECRET_NAME.test(key) ? [] : [[key, value ?? '']],
      ),
    ),
    outputs: record((stack.Outputs ?? []).map((output) => [output.OutputKey, output.OutputValue])),
    tags: record((stack.Tags ?? []).map((tag) => [tag.Key, tag.Value])),
    createdAtMs: stack.CreationTime?.getTime() ?? 0,
    ...(updatedAt === undefined ? {} : { updatedAtMs: updatedAt.getTime() }),
    ...(stack.ParentId ? { parentArn: stack.ParentId } : {}),
    isDeletionProtected: stack.EnableTerminationProtection ?? false,
  };
}

function record(
  entries: readonly (readonly [string | undefined, string | undefined])[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.flatMap(([key, value]) => (key === undefined ? [] : [[key, value ?? '']])));
}
