import { MigrationError } from '../../errors.ts';
import type { OldBalancer } from '../ports.ts';
import { toDo, type Step, type StepContext } from '../step.ts';
import type { Restoration } from './restore-steps.ts';

const MINUTE = 60_000;
const HEALTH_TIMEOUT_MS = 15 * MINUTE;

export function verifyOldApp({ app, exported }: Restoration): Step {
  return {
    id: 'verify-old-app',
    phase: 'restore',
    title: 'Verify',
    expectedMs: MINUTE,
    plan: () => toDo('every service at its old size, every balancer with instances in service'),
    async run(context, signal) {
      let problems: readonly string[] = [];
      await context
        .wait(
          async () => {
            problems = await look(context, { app, exported }, signal);
            return problems.length === 0
              ? { state: 'ready', value: undefined }
              : { state: 'pending', saw: problems.join('; ') };
          },
          { what: `${app} to serve`, timeoutMs: HEALTH_TIMEOUT_MS, intervalMs: 5000 },
          signal,
        )
        .catch((error: unknown) => {
          if (!MigrationError.is(error, 'TIMED_OUT')) throw error;
          throw new MigrationError('VERIFICATION_FAILED', `${app}: ${problems.join('; ')}`, {
            hint: 'Look at its processes and logs, then run the same command again.',
            details: { problems },
            cause: error,
          });
        });
      const balancers = await restoredBalancers(context, { app, exported }, signal);
      return `${exported.services.length} services run; ${balancers.map(({ service, dnsName }) => `${service}: ${dnsName}`).join(', ')}`;
    },
  };
}

async function look(
  context: Pick<StepContext, 'ports' | 'facts'>,
  restoration: Pick<Restoration, 'app' | 'exported'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { rack, aws } = context.ports;
  const { app, exported } = restoration;
  const [services, balancers] = await Promise.all([
    rack.services.list(app, signal),
    restoredBalancers(context, restoration, signal),
  ]);
  const problems = exported.services.flatMap(({ name, count }) => {
    const now = services.find((service) => service.name === name)?.count;
    return now === count ? [] : [`${name}: ${now ?? 0} of ${count}`];
  });
  for (const { service } of exported.facts.old.balancers) {
    const balancer = balancers.find((found) => found.service === service);
    if (balancer === undefined) {
      problems.push(`${service}: no balancer`);
      continue;
    }
    const health = await aws.oldBalancerHealth(balancer, signal);
    if (health !== undefined && health.healthy === 0) {
      problems.push(`${service}: no instance in service ${health.problems.join('; ')}`.trim());
    }
  }
  return problems;
}

/** The balancers the app has now. */
export function restoredBalancers(
  { ports, facts }: Pick<StepContext, 'ports' | 'facts'>,
  { app, exported }: Pick<Restoration, 'app' | 'exported'>,
  signal: AbortSignal,
): Promise<readonly OldBalancer[]> {
  const names = exported.services.map(({ name }) => name);
  return ports.aws.oldBalancers(`${facts.rack.name}-${app}`, names, signal);
}
