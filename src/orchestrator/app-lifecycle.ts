/** Creating and deleting apps, and how each is known to have worked. */
import { MigrationError } from '../errors.ts';
import { growingPace } from '../time/wait.ts';
import type { AppFacts, StackFacts } from './ports.ts';
import { stackName } from './app-changes.ts';
import { currentTry, failTry } from './attempts.ts';
import type { StepContext } from './step.ts';

const MINUTE = 60_000;
const CREATE_TIMEOUT_MS = 30 * MINUTE;
const DELETE_TIMEOUT_MS = 60 * MINUTE;
/**
 * Each API process of a rack caches descriptions of stacks for 5 s, and two answer in turn (convox/rack@20171213132441
 * provider/aws): for that long one of them may not know of a change that the other one made.
 */
const RACK_CACHE_MS = 6_000;
const STALE_REFUSAL_TIMEOUT_MS = 2 * MINUTE;
/** A stack without services is made within seconds. */
const CREATE_PACE = growingPace({ firstMs: 3_000, everyMs: 1_500 });
/** Tasks drain and balancers let go first. */
const DELETE_PACE = growingPace({ firstMs: 30_000, everyMs: 2_000 });

/**
 * Creates an app and waits until it and its stack say so; gives the ARN of its stack. An app whose creation failed is
 * removed by the next try.
 */
export async function createApp(
  context: StepContext,
  { app, generation }: Pick<AppFacts, 'generation'> & { readonly app: string },
  signal: AbortSignal,
): Promise<string> {
  const { rack, aws } = context.ports;
  const name = stackName(context.facts.rack.name, app);
  const thisTry = currentTry(context, 'create');
  await context.once(thisTry, async () => {
    // Only what a try of this execution left; what others left is not ours to delete.
    const left = context.recorded('create-1-failed') === undefined ? undefined : await aws.findStack(name, signal);
    if (left !== undefined && hasFailed(left)) {
      await requestDeletion(context, { app, stackArn: left.arn }, signal);
      await waitUntilDeleted(context, { app, stackArn: left.arn }, signal);
    }
    if ((await rack.apps.find(app, signal)) === undefined) await rack.apps.create({ name: app, generation }, signal);
    return true;
  });
  const made = await context.wait<string | MigrationError>(
    async () => {
      const stack = await aws.findStack(name, signal);
      const isGone = stack?.arn === context.facts.old.stackArn;
      if (stack === undefined || isGone) return { state: 'pending', saw: 'not listed yet' };
      if (stack.status === 'CREATE_COMPLETE') return { state: 'ready', value: stack.arn };
      if (hasFailed(stack)) {
        return { state: 'ready', value: createFailed(app, stack.status, await aws.firstCause(stack.arn, 0, signal)) };
      }
      return { state: 'pending', saw: stack.status };
    },
    { what: `app ${app} to be created`, timeoutMs: CREATE_TIMEOUT_MS, intervalMs: CREATE_PACE },
    signal,
  );
  if (made instanceof MigrationError) return failTry(context, thisTry, made);
  await context.sleep('rack-caches', RACK_CACHE_MS, "the rack's own caches to know the new app");
  await context.wait(
    async () => {
      const found = await rack.apps.find(app, signal);
      if (found?.status !== 'running') return { state: 'pending', saw: found?.status ?? 'not listed' };
      if (found.generation !== generation) return { state: 'failed', error: wrongGeneration(found) };
      return { state: 'ready', value: undefined };
    },
    { what: `rack to list app ${app}`, timeoutMs: CREATE_TIMEOUT_MS },
    signal,
  );
  return made;
}

function hasFailed({ status }: StackFacts): boolean {
  return /^(CREATE_FAILED|ROLLBACK_COMPLETE|ROLLBACK_FAILED)$/.test(status);
}

interface OwnApp {
  readonly app: string;
  readonly stackArn: string;
  /** Called at each look while its stack is being deleted. */
  readonly meanwhile?: () => Promise<void>;
}

/** Deletes an app whose stack is known and waits until that stack, read by its ARN, is gone. Safe to repeat. */
export async function deleteApp(context: StepContext, own: OwnApp, signal: AbortSignal): Promise<void> {
  const { app, stackArn } = own;
  const thisTry = currentTry(context, 'delete');
  await context.once(thisTry, async () => {
    await requestDeletion(context, own, signal);
    return { askedAt: context.ports.clock.now() };
  });
  try {
    await waitUntilDeleted(context, own, signal);
  } catch (error) {
    if (!MigrationError.is(error, 'TIMED_OUT') || signal.aborted) throw error;
    const cause = await context.ports.aws.firstCause(stackArn, 0, signal);
    const failure = new MigrationError('APP_DELETE_FAILED', `app ${app} was not deleted: ${cause ?? error.message}`, {
      hint: 'Remove what holds the resource, then run the same command again.',
      details: { app, stackArn },
      cause: error,
    });
    await failTry(context, thisTry, failure);
  }
}

async function requestDeletion(context: StepContext, { app, stackArn }: OwnApp, signal: AbortSignal): Promise<void> {
  const { rack, aws } = context.ports;
  await context.wait(
    async () => {
      const stack = await aws.findStack(stackArn, signal);
      if (stack === undefined || /^DELETE_(IN_PROGRESS|COMPLETE)$/.test(stack.status))
        return { state: 'ready', value: undefined };
      try {
        await rack.apps.delete(app, signal);
        return { state: 'ready', value: undefined };
      } catch (error) {
        // An API process that still sees a link which is gone refuses; a refusal changes nothing.
        if (MigrationError.is(error, 'RACK_CONFLICT')) return { state: 'pending', saw: error.message };
        throw error;
      }
    },
    {
      what: `rack to accept the deletion of ${app}`,
      timeoutMs: STALE_REFUSAL_TIMEOUT_MS,
    },
    signal,
  );
}

async function waitUntilDeleted(
  context: StepContext,
  { app, stackArn, meanwhile }: OwnApp,
  signal: AbortSignal,
): Promise<void> {
  await context.wait(
    async () => {
      const stack = await context.ports.aws.findStack(stackArn, signal);
      if (stack === undefined || stack.status === 'DELETE_COMPLETE') return { state: 'ready', value: undefined };
      await meanwhile?.();
      // The rack repeats a failed delete once within ten minutes (provider/aws/apps.go `cleanup`), so one look is not enough.
      return { state: 'pending', saw: stack.status };
    },
    {
      what: `stack of ${app} to be deleted`,
      timeoutMs: DELETE_TIMEOUT_MS,
      intervalMs: DELETE_PACE,
      hint: "Look at the stack's events: a resource of it cannot be deleted. Then run the same command again.",
    },
    signal,
  );
}

function wrongGeneration({ name, generation }: AppFacts): MigrationError {
  return new MigrationError('RACK_UNSUPPORTED', `the rack made ${name} as a generation ${generation} app`, {
    hint:
      generation === '1'
        ? 'Generation 2 needs rack 20171204232334 or later: run again with --update-rack.'
        : `This rack makes no apps of generation 1. Delete ${name} again.`,
    details: { app: name },
  });
}

function createFailed(app: string, status: string, cause: string | undefined): MigrationError {
  return new MigrationError(
    'APP_CREATE_FAILED',
    `app ${app} was not created (${status}): ${cause ?? 'no cause in its events'}`,
    {
      hint: 'Mend the cause, then `gen2 resume` to remove what is left of it and create it again.',
      details: { app, status },
    },
  );
}
