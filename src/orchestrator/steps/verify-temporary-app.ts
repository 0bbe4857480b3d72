import { toDo, type Step } from '../step.ts';
import { verifyDefaultHosts, verifyDomains, waitForHealthyTargets, waitForRules } from '../verification.ts';

const MINUTE = 60_000;
/** Targets must stay healthy for this long: a crash loop looks healthy for a moment. */
const STAYS_HEALTHY_MS = 30_000;

export const verifyTemporaryApp: Step = {
  id: 'verify-temporary-app',
  phase: 'prepare',
  title: 'Verify the temporary app',
  expectedMs: MINUTE,
  plan({ facts }) {
    const domains = facts.services.flatMap((service) => service.domains);
    return toDo(
      `ask for ${domains.length === 0 ? 'every service' : domains.join(', ')} through the new balancer, before DNS points there`,
    );
  },
  async run(context, signal) {
    const app = context.facts.temporaryApp;
    await waitForHealthyTargets(context, app, signal);
    await context.sleep('stays-healthy', STAYS_HEALTHY_MS, 'the targets to stay healthy');
    await waitForHealthyTargets(context, app, signal);
    await verifyDefaultHosts(context, app, signal);
    await waitForRules(context, { app, alone: 'alone' }, signal);
    return verifyDomains(context, app, signal);
  },
};
