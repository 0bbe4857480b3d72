/** Links between an app and the rack's resources; a resource's stack must have settled before and after each change. */
import { MigrationError } from '../errors.ts';
import { growingPace } from '../time/wait.ts';
import { currentTry, failTry } from './attempts.ts';
import type { StepContext } from './step.ts';

const MINUTE = 60_000;
/** A change of a link is an update of the resource's stack. */
const LINK_TIMEOUT_MS = 20 * MINUTE;
const LINK_PACE = growingPace({ firstMs: 4_500, everyMs: 2_000 });

interface Link {
  readonly resource: string;
  readonly app: string;
}

export function linkResource(context: StepContext, link: Link, signal: AbortSignal): Promise<void> {
  return changeLink(context, { ...link, change: 'link' }, signal);
}

export function unlinkResource(context: StepContext, link: Link, signal: AbortSignal): Promise<void> {
  return changeLink(context, { ...link, change: 'unlink' }, signal);
}

/** Waits for the link itself: `running` alone also follows an update that was rolled back. */
async function changeLink(
  context: StepContext,
  { resource, app, change }: Link & { readonly change: 'link' | 'unlink' },
  signal: AbortSignal,
): Promise<void> {
  const { resources } = context.ports.rack;
  const isAsWanted = ({ linkedApps }: { readonly linkedApps: readonly string[] }): boolean =>
    linkedApps.includes(app) === (change === 'link');
  const thisTry = currentTry(context, `${change}-${resource}`);
  await context.once(thisTry, async () => {
    if (!isAsWanted(await settled(context, resource, () => true, signal)))
      await resources[change](resource, app, signal);
    return true;
  });
  try {
    await settled(context, resource, isAsWanted, signal);
  } catch (error) {
    if (!MigrationError.is(error, 'TIMED_OUT') || signal.aborted) throw error;
    const failure = new MigrationError(
      'STACK_FAILED',
      `resource ${resource}: no ${change} of ${app}: ${error.message}`,
      {
        hint: `Look at the events of the resource's stack, mend the cause, then \`gen2 resume\` to ${change} it again.`,
        details: { resource, app },
        cause: error,
      },
    );
    await failTry(context, thisTry, failure);
  }
}

type Resource = Awaited<ReturnType<StepContext['ports']['rack']['resources']['get']>>;

function settled(
  context: StepContext,
  resource: string,
  isDone: (resource: Resource) => boolean,
  signal: AbortSignal,
): Promise<Resource> {
  return context.wait(
    async () => {
      const found = await context.ports.rack.resources.get(resource, signal);
      if (found.status !== 'running') return { state: 'pending', saw: found.status };
      return isDone(found)
        ? { state: 'ready', value: found }
        : { state: 'pending', saw: 'running, the link as it was' };
    },
    { what: `resource ${resource} to settle`, timeoutMs: LINK_TIMEOUT_MS, intervalMs: LINK_PACE },
    signal,
  );
}
