import { sideBySide } from '../side-by-side.ts';
import { toDo, type Step, type StepContext } from '../step.ts';
import {
  currentBalancers,
  verifyDefaultHosts,
  verifyDomains,
  waitForHealthyTargets,
  waitForRules,
} from '../verification.ts';

/** Targets must stay healthy for this long: a crash loop looks healthy for a moment. */
const STAYS_HEALTHY_MS = 30_000;

export const verifyTemporaryApp: Step = {
  id: 'verify-temporary-app',
  phase: 'prepare',
  title: 'Verify the temporary app',
  expectedMs: 15_000,
  plan({ facts }) {
    const domains = facts.services.flatMap((service) => service.domains);
    return toDo(
      `ask for ${domains.length === 0 ? 'every service' : domains.join(', ')} through the new balancer, before DNS points there`,
    );
  },
  async run(context, signal) {
    const app = context.facts.temporaryApp;
    const served = { app, balancers: await currentBalancers(context, signal) };
    await waitForHealthyTargets(context, app, signal);
    await context.once('healthy-since', () => Promise.resolve(context.ports.clock.now()));
    const [says] = await sideBySide(
      [
        (stop) => verifyDomains(context, served, stop),
        (stop) => waitForRules(context, { ...served, alone: 'alone' }, stop),
        (stop) => verifyDefaultHosts(context, served, stop),
      ],
      signal,
    );
    return says;
  },
};

/** What is left of the time in which the targets must stay healthy: it passes while a person reads what they agree to. */
export async function stayHealthy(context: StepContext, signal: AbortSignal): Promise<void> {
  const since = Number(context.recorded('healthy-since', verifyTemporaryApp.id) ?? Number.NaN);
  if (Number.isNaN(since)) return;
  const { clock } = context.ports;
  const leftMs = await context.once('stays-healthy-left', () =>
    Promise.resolve(Math.min(STAYS_HEALTHY_MS, Math.max(0, since + STAYS_HEALTHY_MS - clock.now()))),
  );
  if (leftMs > 0) await context.sleep('stays-healthy', leftMs, 'the targets to stay healthy', signal);
}
