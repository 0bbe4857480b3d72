import { paginateDescribeStackEvents, type StackEvent as SdkStackEvent } from '@aws-sdk/client-cloudformation';
import { awsError } from './aws-error.ts';
import { listNestedStacks, type StackRef } from './stacks.ts';

/** One line of a stack's history. */
export interface StackEvent {
  readonly id: string;
  readonly stackArn: string;
  readonly logicalId: string;
  readonly physicalId?: string;
  /** E.g. `AWS::ECS::Service`; `AWS::CloudFormation::Stack` for the stack itself and nested ones. */
  readonly type: string;
  /** E.g. `CREATE_FAILED`. */
  readonly status: string;
  readonly reason?: string;
  /** ms since 1970. */
  readonly atMs: number;
}

export interface StackEventsOptions extends StackRef {
  /** Events at or after this time only (ms since 1970). Default: all that CloudFormation keeps. */
  readonly sinceMs?: number;
  /** Events after this one only; more exact than a time when polling. */
  readonly afterId?: string;
  /** True: the events of nested stacks too, merged by time. Default false. */
  readonly withNested?: boolean;
}

/** Reads a stack's events, oldest first. */
export async function listStackEvents(
  options: StackEventsOptions,
  signal: AbortSignal,
): Promise<readonly StackEvent[]> {
  const own = await listOwnEvents(options, signal);
  if (options.withNested !== true) return own;
  const { clients, stack } = options;
  const nested = await listNestedStacks({ clients, stack }, signal);
  const lists = await Promise.all(
    [...nested.values()].map((arn) => listStackEvents({ ...options, stack: arn }, signal)),
  );
  return [...own, ...lists.flat()].toSorted((a, b) => a.atMs - b.atMs);
}

async function listOwnEvents(
  { clients, stack, sinceMs = 0, afterId }: StackEventsOptions,
  signal: AbortSignal,
): Promise<readonly StackEvent[]> {
  const newestFirst: StackEvent[] = [];
  try {
    const pages = paginateDescribeStackEvents(
      { client: clients.cloudFormation },
      { StackName: stack },
      { abortSignal: signal },
    );
    for await (const page of pages) {
      for (const event of page.StackEvents ?? []) {
        const read = stackEvent(event);
        if (read.id === afterId || read.atMs < sinceMs) return newestFirst.toReversed();
        newestFirst.push(read);
      }
    }
  } catch (error) {
    throw awsError(`read the events of stack ${stack}`, 'cloudformation:DescribeStackEvents', error, signal);
  }
  return newestFirst.toReversed();
}

/** Reasons that only say something else failed first. */
const FOLLOW_UP =
  /^(Resource (creation|update|deletion) cancelled|The following resource\(s\) failed|Embedded stack .* was not successfully|Nested stack|Rollback requested|User Initiated|Resource handler returned message: "?Resource (creation|update) cancelled)/i;

/**
 * The first real failure among events of one operation: not "Resource creation cancelled" and not the stack's own
 * summary. `undefined` when none of them is a failure.
 */
export function firstCause(events: readonly StackEvent[]): StackEvent | undefined {
  const failures = events.filter((event) => event.status.endsWith('_FAILED')).toSorted((a, b) => a.atMs - b.atMs);
  return failures.find((event) => event.reason !== undefined && !FOLLOW_UP.test(event.reason)) ?? failures[0];
}

/** The failure in one line: `Service (AWS::ECS::Service): …`. */
export function describeCause(event: StackEvent): string {
  return `${event.logicalId} (${event.type}): ${event.reason ?? event.status}`;
}

function stackEvent(event: SdkStackEvent): StackEvent {
  return {
    id: event.EventId ?? '',
    stackArn: event.StackId ?? '',
    logicalId: event.LogicalResourceId ?? '',
    type: event.ResourceType ?? '',
    status: event.ResourceStatus ?? '',
    atMs: event.Timestamp?.getTime() ?? 0,
    ...(event.PhysicalResourceId ? { physicalId: event.PhysicalResourceId } : {}),
    ...(event.ResourceStatusReason ? { reason: event.ResourceStatusReason } : {}),
  };
}
