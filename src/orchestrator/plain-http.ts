/** Keeping `http://` as it was: racks since 20190103234204 would redirect it to HTTPS for generation 2. */
import { stackName } from './app-changes.ts';
import type { Assessment } from './plan.ts';
import type { StepContext } from './step.ts';

const MINUTE = 60_000;
/** App parameter, since 20190103234204 (convox/rack provider/aws/formation/app.json.tmpl). */
const PARAMETER = 'RedirectHttps';

/** What `createApp` is to add, for the plan; empty when nothing is. */
export function keepsHttpSays({ keepsHttp }: Pick<Assessment, 'keepsHttp'>): string {
  return keepsHttp ? `, with ${PARAMETER}=No: http:// is answered as before` : '';
}

/** Sets the parameter on an app that has no release yet, and waits until its stack has it. Safe to repeat. */
export async function keepPlainHttp(context: StepContext, app: string, signal: AbortSignal): Promise<void> {
  const { facts, ports } = context;
  if (!facts.keepsHttp) return;
  await context.once('keep-http', async () => {
    await ports.rack.apps.setParameters(app, { [PARAMETER]: 'No' }, signal);
    return true;
  });
  const name = stackName(facts.rack.name, app);
  await context.wait(
    async () => {
      const [stack, found] = await Promise.all([ports.aws.findStack(name, signal), ports.rack.apps.find(app, signal)]);
      const isSet = stack?.parameters[PARAMETER] === 'No' && stack.status.endsWith('_COMPLETE');
      if (isSet && found?.status === 'running') return { state: 'ready', value: undefined };
      return { state: 'pending', saw: `stack ${stack?.status ?? 'not listed'}` };
    },
    { what: `${app} to have ${PARAMETER}=No`, timeoutMs: 30 * MINUTE },
    signal,
  );
}
