import { MigrationError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { waitFor } from '../time/wait.ts';
import { StackEventFeed } from './stack-event-feed.ts';
import { describeCause, firstCause, listStackEvents, type StackEvent } from './stack-events.ts';
import { findStack, type StackFacts, type StackRef } from './stacks.ts';

export interface WaitForStackOptions extends StackRef {
  readonly clock: Clock;
  /** Limit in ms. */
  readonly timeoutMs: number;
  /** Pause between two looks in ms; default 1500. */
  readonly intervalMs?: number;
  /** Where this operation's events begin (ms since 1970 on AWS's clock); default: the stack's last change. */
  readonly sinceMs?: number;
  /** Called for each event of the stack and its nested ones as it is noticed, oldest first. */
  readonly onEvent?: (event: StackEvent) => void;
}

/**
 * Waits until the stack's operation is over and has succeeded.
 *
 * @throws {MigrationError} `STACK_FAILED` with the first cause when it failed or was rolled back, `AWS_NOT_FOUND` when
 * the stack is gone, `TIMED_OUT`.
 */
export async function waitForStack(options: WaitForStackOptions, signal: AbortSignal): Promise<StackFacts> {
  const label = options.stack;
  const stack = await watch(options, `stack ${label} to finish`, (facts) => facts?.outcome !== 'busy', signal);
  if (stack === undefined || stack.outcome === 'deleted') {
    throw new MigrationError('AWS_NOT_FOUND', `stack ${label} is gone`, {
      hint: 'Somebody deleted it while it was awaited.',
      details: { stack: label },
    });
  }
  if (stack.outcome !== 'done') throw await stackFailure(options, stack, signal);
  return stack;
}

/**
 * Waits until the stack is deleted; by ARN, so that a new stack of the same name is not mistaken for it.
 *
 * @throws {MigrationError} `STACK_FAILED` with the first cause on `DELETE_FAILED`, which the Rack API shows as
 * "running" (convox/rack@20171213132441 provider/aws/helpers.go), `TIMED_OUT`.
 */
export async function waitForStackDeleted(options: WaitForStackOptions, signal: AbortSignal): Promise<void> {
  const isOver = (facts: StackFacts | undefined): boolean =>
    facts === undefined || facts.outcome === 'deleted' || facts.status === 'DELETE_FAILED';
  const stack = await watch(options, `stack ${options.stack} to be deleted`, isOver, signal);
  if (stack?.status === 'DELETE_FAILED') throw await stackFailure(options, stack, signal);
}

/** The error for a stack that failed or was rolled back, with the first cause found in it and its nested stacks. */
async function stackFailure(
  { clients, sinceMs }: Pick<WaitForStackOptions, 'clients' | 'sinceMs'>,
  stack: StackFacts,
  signal: AbortSignal,
): Promise<MigrationError> {
  const from = sinceMs ?? stack.updatedAtMs ?? stack.createdAtMs;
  const events = await listStackEvents({ clients, stack: stack.arn, sinceMs: from, withNested: true }, signal);
  const cause = firstCause(events);
  const said = cause === undefined ? (stack.statusReason ?? 'no reason given') : describeCause(cause);
  return new MigrationError('STACK_FAILED', `stack ${stack.name} is ${stack.status}: ${said}`, {
    hint: `Remove the cause, then run the command again. All events: aws cloudformation describe-stack-events --stack-name ${stack.arn}`,
    details: { stack: stack.arn, status: stack.status, ...(cause === undefined ? {} : { cause }) },
  });
}

async function watch(
  options: WaitForStackOptions,
  what: string,
  isOver: (facts: StackFacts | undefined) => boolean,
  signal: AbortSignal,
): Promise<StackFacts | undefined> {
  const { clients, stack, clock, timeoutMs, intervalMs, onEvent } = options;
  const report = (events: readonly StackEvent[] = []): void => events.forEach((event) => onEvent?.(event));
  let feed: StackEventFeed | undefined;
  const answer = await waitFor<{ readonly facts: StackFacts | undefined }>(
    async () => {
      // Side by side: one after the other they would be noticed later.
      const [facts, events] = await Promise.all([findStack({ clients, stack }, signal), feed?.look(signal)]);
      report(events);
      if (onEvent !== undefined && facts !== undefined) {
        const sinceMs = options.sinceMs ?? facts.updatedAtMs ?? facts.createdAtMs;
        feed ??= new StackEventFeed({ clients, stackArn: facts.arn, sinceMs });
      }
      const isLast = isOver(facts);
      if (isLast) report(await feed?.lookAtAll(signal));
      if (isLast) return { state: 'ready', value: { facts } };
      return { state: 'pending', saw: facts?.status ?? 'no such stack' };
    },
    { what, clock, timeoutMs, ...(intervalMs === undefined ? {} : { intervalMs }) },
    signal,
  );
  return answer.facts;
}
