import { findQuotaShortages, readBalancerQuotas, type BalancerQuotas } from '../aws/balancer-quotas.ts';
import { listListenerCertificates, listListenerRules, listListeners, type Listener } from '../aws/listener-rules.ts';
import {
  findAmbiguousNames,
  findPriorityCollisions,
  simulateRules,
  type PlacedRule,
  type SimulatedRule,
} from '../aws/rule-simulation.ts';
import type {
  AwsPort,
  BalancerRole,
  BalancerShortage,
  CertificateForecast,
  FutureApp,
  SharedBalancer,
} from '../orchestrator/ports.ts';
import type { AwsContext } from './aws-context.ts';

type Clients = AwsContext['clients'];

const ROLES = ['public', 'internal'] as const satisfies readonly BalancerRole[];
const QUOTA_WORDS = { rules: 'rules', certificates: 'certificates', targetGroups: 'target groups' } as const;

/** Whether an app that is not there yet fits on the rack's balancers. */
export function rulesPort({ clients }: AwsContext): Pick<AwsPort, 'balancerRoom'> {
  return {
    async balancerRoom(future, signal) {
      const quotas = await readBalancerQuotas({ clients }, signal);
      const held = {
        public: await heldBy(clients, 'public', future.balancers.public, signal),
        internal: await heldBy(clients, 'internal', future.balancers.internal, signal),
      };
      const existing = [...held.public.rules, ...held.internal.rules];
      return {
        clashes: Object.fromEntries(future.names.map((name) => [name, clashesOf(name, future, existing)])),
        shortages: ROLES.flatMap((role) => shortagesOf(role, future, quotas, held[role])),
      };
    },
  };
}

function clashesOf(name: string, future: FutureApp, existing: readonly PlacedRule[]): readonly string[] {
  const services = future.services.map((service) => service.name);
  const ambiguous = findAmbiguousNames({ name, services }, { name: future.besides, services });
  return [
    ...findPriorityCollisions(rulesOf(name, future), existing).map(
      ({ balancer, port, priority, rule }) =>
        `rule number ${priority} for ${rule.host} is taken on the ${balancer} balancer, port ${port}`,
    ),
    ...ambiguous.map((host) => `host name ${host} would belong to two services`),
  ];
}

/** Temporary and final app stand side by side for a while: twice what one needs. */
function shortagesOf(
  role: BalancerRole,
  future: FutureApp,
  quotas: BalancerQuotas,
  { counts, certificateArns }: Held,
): readonly BalancerShortage[] {
  const services = future.services.filter((service) => service.role === role);
  const needed = {
    // How many there are does not depend on the name.
    rules: 2 * rulesOf(future.besides, future).filter(({ balancer }) => balancer === role).length,
    certificates: certificatesNeeded({ services }, future.certificates, certificateArns),
    targetGroups: 2 * services.filter(({ hasPort }) => hasPort).length,
  };
  return findQuotaShortages(quotas, counts, needed).map(({ quota, limit, current, additional }) => ({
    ...{ role, what: QUOTA_WORDS[quota], limit, present: current, needed: additional },
  }));
}

function rulesOf(app: string, { rack, rackVersion, redirectsHttp, services }: FutureApp): readonly SimulatedRule[] {
  return simulateRules({
    ...{ version: rackVersion, rackName: rack.name, app, redirectsHttp },
    services: services.map(({ name, domains, role, hasPort }) => ({
      name,
      domains,
      hasPort,
      isInternal: role === 'internal',
    })),
  });
}

/** One for each service of each app where the rack makes it; one that both use counts once, and not if it is there. */
function certificatesNeeded(
  { services }: Pick<FutureApp, 'services'>,
  certificates: readonly CertificateForecast[],
  present: ReadonlySet<string>,
): number {
  const own = certificates.filter(({ service }) => services.some(({ name }) => name === service));
  const reused = new Set(own.flatMap(({ reuses }) => (reuses === undefined || present.has(reuses) ? [] : [reuses])));
  const count = (way: CertificateForecast['way']): number =>
    own.filter((certificate) => certificate.way === way).length;
  return 2 * count('mail') + count('dns') + reused.size;
}

interface Held {
  readonly rules: readonly PlacedRule[];
  readonly counts: BalancerQuotas;
  /** Besides the listeners' default ones. */
  readonly certificateArns: ReadonlySet<string>;
}

/** What a balancer holds of that for which there are quotas; nothing where there is no balancer yet. */
async function heldBy(
  clients: Clients,
  role: BalancerRole,
  balancer: SharedBalancer | undefined,
  signal: AbortSignal,
): Promise<Held> {
  const listeners =
    balancer?.arn === undefined ? [] : await listListeners({ clients, balancerArn: balancer.arn }, signal);
  const rules = await placedRules(clients, role, listeners, signal);
  const certificateArns = new Set<string>();
  for (const { arn, protocol } of listeners) {
    if (protocol !== 'HTTPS') continue;
    const attached = await listListenerCertificates({ clients, listenerArn: arn }, signal);
    for (const certificate of attached) if (!certificate.isDefault) certificateArns.add(certificate.arn);
  }
  const actions = [...rules.map(({ action }) => action), ...listeners.map(({ defaultAction }) => defaultAction)];
  const targetGroups = new Set(actions.flatMap((action) => (action.type === 'forward' ? action.targetGroupArns : [])));
  return {
    ...{ rules, certificateArns },
    counts: { rules: rules.length, certificates: certificateArns.size, targetGroups: targetGroups.size },
  };
}

async function placedRules(
  clients: Clients,
  balancer: BalancerRole,
  listeners: readonly Listener[],
  signal: AbortSignal,
): Promise<readonly PlacedRule[]> {
  const lists = await Promise.all(
    listeners.map(async ({ arn, port }) => {
      const rules = await listListenerRules({ clients, listenerArn: arn, withOwners: true }, signal);
      return rules.map((rule) => ({ ...rule, balancer, port }));
    }),
  );
  return lists.flat();
}
