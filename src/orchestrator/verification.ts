/** Looking whether an app really serves: targets, rules, certificates, and answers through the balancer. */
import { MigrationError } from '../errors.ts';
import { growingPace } from '../time/wait.ts';
import type { Assessment, PlannedService } from './plan.ts';
import type { BalancerRole, EndpointCheck, SharedBalancer } from './ports.ts';
import { stackName } from './app-changes.ts';
import { covers } from './host-names.ts';
import type { StepContext } from './step.ts';

const MINUTE = 60_000;
/** How long an app may take to become healthy after its stack is complete. */
const VERIFY_TIMEOUT_MS = 15 * MINUTE;
/** What is right soon is seen soon; what stays wrong is not asked for hundreds of times. */
const VERIFY_PACE = growingPace({ firstMs: 0, everyMs: 2_000 });

export type Balancers = Readonly<Partial<Record<BalancerRole, SharedBalancer>>>;

/** An app, and the balancers it is looked at through. */
export interface Served {
  readonly app: string;
  readonly balancers: Balancers;
}

export function servicesWithPort(facts: Assessment): readonly PlannedService[] {
  return facts.services.filter(({ port }) => port !== undefined);
}

/**
 * The balancers as they are now: an update of the rack may have replaced one. With `those-there-are` an internal one that
 * the rack does not have is left out.
 */
export async function currentBalancers(
  context: StepContext,
  signal: AbortSignal,
  which: 'all' | 'those-there-are' = 'all',
): Promise<Balancers> {
  const roles = new Set(servicesWithPort(context.facts).map(({ role }) => role));
  const known = await context.ports.aws.knownBalancers([...roles], signal);
  if (known !== undefined) return known;
  const rack = await context.ports.rack.system.get(signal);
  const found: Partial<Record<BalancerRole, SharedBalancer>> = {};
  for (const role of roles) {
    try {
      found[role] = await context.ports.aws.findBalancer(role, rack, signal);
    } catch (error) {
      if (which === 'all' || !MigrationError.is(error, 'RACK_INTERNAL_DISABLED')) throw error;
    }
  }
  return found;
}

/** All targets of all services healthy. @throws `VERIFICATION_FAILED` with what was wrong last. */
export async function waitForHealthyTargets(context: StepContext, app: string, signal: AbortSignal): Promise<void> {
  const { facts, ports } = context;
  const name = stackName(facts.rack.name, app);
  const services = servicesWithPort(facts).map((service) => service.name);
  await verifying(
    context,
    `targets of ${app}`,
    async () => {
      const targets = await ports.aws.serviceTargets(name, services, signal);
      const found = await Promise.all(
        targets.map(async ({ service, targetGroupArns }) => {
          const health = await ports.aws.targetHealth(targetGroupArns, signal);
          const { healthy, total, problems } = health;
          const isWell = total > 0 && healthy === total;
          return isWell ? [] : [`${service}: ${healthy} of ${total} healthy ${problems.join('; ')}`];
        }),
      );
      return found.flat();
    },
    signal,
  );
}

/** Every custom domain answered through its balancer, with its certificate, as if DNS pointed there already. */
export async function verifyDomains(
  context: StepContext,
  { app, balancers }: Served,
  signal: AbortSignal,
): Promise<string> {
  const checks = new Map<string, EndpointCheck>();
  await verifying(
    context,
    `domains of ${app}`,
    async () => {
      const problems: string[] = [];
      for (const check of await checkDomains(context, balancers, signal)) {
        checks.set(check.what, check);
        if (!check.ok) problems.push(`${check.what}: ${check.saw}`);
      }
      return problems;
    },
    signal,
  );
  const requested = [...checks.values()].filter((check) => check.requested).length;
  const judged = checks.size - requested;
  return `${requested} answers verified${judged > 0 ? `, ${judged} from AWS data alone` : ''}`;
}

async function checkDomains(
  context: StepContext,
  balancers: Balancers,
  signal: AbortSignal,
): Promise<readonly EndpointCheck[]> {
  const expect = context.settings.healthCodes ?? 'exactly-200';
  const checks: Promise<EndpointCheck>[] = [];
  for (const { role, domains, healthPath } of servicesWithPort(context.facts)) {
    const balancer = balancers[role];
    if (balancer === undefined) continue;
    for (const host of domains) {
      checks.push(context.ports.aws.checkEndpoint({ balancer, host, path: healthPath, expect }, signal));
    }
  }
  return Promise.all(checks);
}

/** Every service answered under the name the rack gives it (`APP-SERVICE.….convox.site`). */
export async function verifyDefaultHosts(
  context: StepContext,
  { app, balancers }: Served,
  signal: AbortSignal,
): Promise<void> {
  const { facts, ports } = context;
  const expect = context.settings.healthCodes ?? 'exactly-200';
  await verifying(
    context,
    `services of ${app}`,
    async () => {
      const problems: string[] = [];
      const services = await ports.rack.services.list(app, signal);
      for (const { name, role, healthPath } of servicesWithPort(facts)) {
        const host = services.find((service) => service.name === name)?.domain ?? '';
        const balancer = balancers[role];
        if (host === '' || balancer === undefined) {
          problems.push(`${name}: the rack names no host for it`);
          continue;
        }
        const check = await ports.aws.checkEndpoint({ balancer, host, path: healthPath, expect }, signal);
        if (!check.ok) problems.push(`${check.what}: ${check.saw}`);
      }
      return problems;
    },
    signal,
  );
}

/** Every domain has a rule of `app` on each listener of its balancer; `alone` asks that no other app has one. */
export async function waitForRules(
  context: StepContext,
  { app, balancers, alone }: Served & { readonly alone: 'alone' | 'among-others' },
  signal: AbortSignal,
): Promise<void> {
  await verifying(
    context,
    `listener rules of ${app}`,
    async () => {
      const problems: string[] = [];
      for (const { role, domains } of servicesWithPort(context.facts)) {
        const arn = balancers[role]?.arn;
        if (arn === undefined || domains.length === 0) continue;
        const rules = await context.ports.aws.hostRules(arn, signal);
        for (const host of domains) {
          const owners = rules.filter((rule) => rule.host.toLowerCase() === host.toLowerCase());
          if (!owners.some(({ ownerApp }) => ownerApp === app)) problems.push(`${host}: no rule of ${app}`);
          const others = owners.filter(({ ownerApp }) => ownerApp !== app).map(({ ownerApp }) => ownerApp ?? '?');
          if (alone === 'alone' && others.length > 0) problems.push(`${host}: still a rule of ${others.join(', ')}`);
        }
      }
      return problems;
    },
    signal,
  );
}

/** A valid certificate that covers each domain is on the listener and does not belong to `goingApp`, whose own go with it. */
export async function verifyCertificatesWithout(
  context: StepContext,
  { goingApp, balancers }: Pick<Served, 'balancers'> & { readonly goingApp: string },
  signal: AbortSignal,
): Promise<void> {
  await verifying(
    context,
    `certificates besides those of ${goingApp}`,
    async () => {
      const problems: string[] = [];
      for (const { role, domains } of servicesWithPort(context.facts)) {
        const arn = balancers[role]?.arn;
        if (arn === undefined || domains.length === 0) continue;
        const staying = (await context.ports.aws.listenerCertificates(arn, signal)).filter(
          ({ ownerApp, isValid }) => isValid && ownerApp !== goingApp,
        );
        for (const host of domains) {
          if (!staying.some(({ names }) => names.some((name) => covers(name, host)))) {
            problems.push(`${host}: no valid certificate on the listener covers it but those of ${goingApp}`);
          }
        }
      }
      return problems;
    },
    signal,
  );
}

/** Looks until there are no problems. @throws `VERIFICATION_FAILED` with the last ones. */
async function verifying(
  context: StepContext,
  what: string,
  look: () => Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<void> {
  let problems: readonly string[] = [];
  await context
    .wait(
      async () => {
        problems = await look();
        return problems.length === 0
          ? { state: 'ready', value: undefined }
          : { state: 'pending', saw: problems.join('; ') };
      },
      { what: `${what} to be as they must`, timeoutMs: VERIFY_TIMEOUT_MS, intervalMs: VERIFY_PACE },
      signal,
    )
    .catch((error: unknown) => {
      if (!MigrationError.is(error, 'TIMED_OUT')) throw error;
      throw new MigrationError('VERIFICATION_FAILED', `${what}: ${problems.join('; ')}`, {
        hint: 'Look at the app behind the balancer (its logs, its health path). Then `gen2 resume`, or go back with `gen2 abort`.',
        details: { problems },
        cause: error,
      });
    });
}
