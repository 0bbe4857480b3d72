import { findQuotaShortages, readBalancerQuotas, type BalancerQuotas } from '../aws/balancer-quotas.ts';
import { listListenerCertificates, listListenerRules, listListeners, type Listener } from '../aws/listener-rules.ts';
import {
  findAmbiguousNames,
  findPriorityCollisions,
  simulateRules,
  type PlacedRule,
  type SimulatedRule,
} from '../aws/rule-simulation.ts';
import type { AwsPort, BalancerRole, CertificateForecast, FutureApp, SharedBalancer } from '../orchestrator/ports.ts';
import type { AwsContext } from './aws-context.ts';

type Clients = AwsContext['clients'];

const ROLES = ['public', 'internal'] as const satisfies readonly BalancerRole[];
const QUOTA_WORDS = { rules: 'rules', certificates: 'certificates', targetGroups: 'target groups' } as const;

/** Whether an app that is not there yet fits on the rack's balancers. */
export function rulesPort({ clients }: AwsContext): Pick<AwsPort, 'ruleClashes' | 'balancerShortages'> {
  return {
    async ruleClashes({ besides, ...future }, signal) {
      const { app, services, balancers } = future;
      const existing: PlacedRule[] = [];
      for (const role of ROLES) {
        const listeners = await listenersOf(clients, balancers[role], signal);
        existing.push(...(await placedRules(clients, role, listeners, signal)));
      }
      const names = services.map(({ name }) => name);
      const ambiguous = findAmbiguousNames({ name: app, services: names }, { name: besides, services: names });
      return [
        ...findPriorityCollisions(rulesOf(future), existing).map(
          ({ balancer, port, priority, rule }) =>
            `rule number ${priority} for ${rule.host} is taken on the ${balancer} balancer, port ${port}`,
        ),
        ...ambiguous.map((name) => `host name ${name} would belong to two services`),
      ];
    },

    async balancerShortages({ certificates, ...future }, signal) {
      const quotas = await readBalancerQuotas({ clients }, signal);
      const rules = rulesOf(future);
      const shortages = [];
      for (const role of ROLES) {
        const held = await heldBy(clients, role, future.balancers[role], signal);
        const ofRole = { ...future, services: future.services.filter((service) => service.role === role) };
        const needed = {
          rules: 2 * rules.filter(({ balancer }) => balancer === role).length,
          certificates: certificatesNeeded(ofRole, certificates, held.certificateArns),
          targetGroups: 2 * ofRole.services.filter(({ hasPort }) => hasPort).length,
        };
        for (const { quota, limit, current, additional } of findQuotaShortages(quotas, held.counts, needed))
          shortages.push({ role, what: QUOTA_WORDS[quota], limit, present: current, needed: additional });
      }
      return shortages;
    },
  };
}

function rulesOf({ rack, rackVersion, app, redirectsHttp, services }: FutureApp): readonly SimulatedRule[] {
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
  const listeners = await listenersOf(clients, balancer, signal);
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
    certificateArns,
    counts: { rules: rules.length, certificates: certificateArns.size, targetGroups: targetGroups.size },
  };
}

async function listenersOf(
  clients: Clients,
  balancer: SharedBalancer | undefined,
  signal: AbortSignal,
): Promise<readonly Listener[]> {
  return balancer?.arn === undefined ? [] : listListeners({ clients, balancerArn: balancer.arn }, signal);
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
