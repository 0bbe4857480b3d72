/** Links between an app and the rack's resources; a resource's stack must have settled before and after each change. */
import type { StepContext } from './step.ts';

const MINUTE = 60_000;

interface Link {
  readonly resource: string;
  readonly app: string;
}

export async function linkResource(context: StepContext, { resource, app }: Link, signal: AbortSignal): Promise<void> {
  const { resources } = context.ports.rack;
  await waitForResource(context, resource, signal);
  await context.once(`link-${resource}`, async () => {
    if (!(await resources.get(resource, signal)).linkedApps.includes(app)) await resources.link(resource, app, signal);
    return true;
  });
  await waitForResource(context, resource, signal);
}

export async function unlinkResource(
  context: StepContext,
  { resource, app }: Link,
  signal: AbortSignal,
): Promise<void> {
  const { resources } = context.ports.rack;
  await context.once(`unlink-${resource}`, async () => {
    if ((await resources.get(resource, signal)).linkedApps.includes(app)) await resources.unlink(resource, app, signal);
    return true;
  });
  await waitForResource(context, resource, signal);
}

async function waitForResource(context: StepContext, resource: string, signal: AbortSignal): Promise<void> {
  await context.wait(
    async () => {
      const { status } = await context.ports.rack.resources.get(resource, signal);
      return status === 'running' ? { state: 'ready', value: undefined } : { state: 'pending', saw: status };
    },
    { what: `resource ${resource} to settle`, timeoutMs: 20 * MINUTE, intervalMs: 5000 },
    signal,
  );
}
