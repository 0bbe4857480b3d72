import { listAppBalancers } from '../aws/app-balancers.ts';
import { listServiceResources } from '../aws/app-targets.ts';
import { balancerMetricName } from '../aws/application-balancers.ts';
import { findQuotaShortages, readBalancerQuotas } from '../aws/balancer-quotas.ts';
import { getRackBalancer } from '../aws/balancers.ts';
import { findCertificate, readCertificateTags } from '../aws/certificates.ts';
import { listListenerCertificates, listListenerRules, listListeners } from '../aws/listener-rules.ts';
import { findAmbiguousNames, findPriorityCollisions, simulateRules, type PlacedRule } from '../aws/rule-simulation.ts';
import { describeTargetHealth, readTargetHealth } from '../aws/target-health.ts';
import { readTraffic } from '../aws/traffic.ts';
import { verifyEndpoint } from '../aws/verify-endpoint.ts';
import type { AwsPort, BalancerRole, TrafficFacts } from '../orchestrator/ports.ts';
import type { AwsContext } from './aws-context.ts';

type BalancingPort = Pick<
  AwsPort,
  | 'findBalancer'
  | 'oldBalancers'
  | 'hostRules'
  | 'listenerCertificates'
  | 'targetHealth'
  | 'checkEndpoint'
  | 'traffic'
  | 'ruleClashes'
>;

const MINUTE_MS = 60_000;
/** How late CloudWatch's figures are; a minute counts once it is so old (aws-side observation: 2 to 3 minutes). */
const METRIC_DELAY_MS = 2 * MINUTE_MS;
/** Minutes that are looked at together. */
const TRAFFIC_WINDOW_MINUTES = 2;

/** Balancers, rules, targets and what they tell of traffic. */
export function balancingPort({ clients, clock, network }: AwsContext): BalancingPort {
  return {
    async findBalancer(role, rack, signal) {
      const { arn, dnsName, canonicalHostedZoneId, warnings } = await getRackBalancer({ role, rack, clients }, signal);
      return { role, arn, dnsName, canonicalHostedZoneId, warnings };
    },

    async oldBalancers(stack, services, signal) {
      const balancers = await listAppBalancers({ clients, stack, services }, signal);
      return balancers.map(({ service, name, dnsName, scheme, kind, metricName }) => ({
        ...{ service: service ?? name, name, dnsName, kind, metricName, isInternal: scheme === 'internal' },
      }));
    },

    async hostRules(balancerArn, signal) {
      const listeners = await listListeners({ clients, balancerArn }, signal);
      const perListener = await Promise.all(
        listeners.map(async ({ arn, port }) => {
          const rules = await listListenerRules({ clients, listenerArn: arn, withOwners: true }, signal);
          return rules.flatMap(({ hosts, priority, owner }) =>
            hosts.map((host) => ({ host, listenerPort: port, priority, ownerApp: owner?.app })),
          );
        }),
      );
      return perListener.flat();
    },

    async listenerCertificates(balancerArn, signal) {
      const listeners = await listListeners({ clients, balancerArn }, signal);
      const secure = listeners.find(({ port }) => port === 443);
      if (secure === undefined) return [];
      const attached = await listListenerCertificates({ clients, listenerArn: secure.arn }, signal);
      return Promise.all(
        attached.map(async ({ arn }) => {
          const [certificate, tags] = await Promise.all([
            findCertificate({ clients, arn }, signal),
            readCertificateTags({ clients, arn }, signal),
          ]);
          return {
            arn,
            names: certificate?.domains ?? [],
            ownerApp: tags['Type'] === 'app' ? tags['Name'] : undefined,
          };
        }),
      );
    },

    async targetHealth(stack, service, signal) {
      const [resources] = await listServiceResources({ clients, stack, services: [service] }, signal);
      const groups = await Promise.all(
        (resources?.targetGroupArns ?? []).map((targetGroupArn) =>
          readTargetHealth({ clients, targetGroupArn }, signal),
        ),
      );
      return {
        healthy: groups.reduce((sum, { healthy }) => sum + healthy, 0),
        total: groups.reduce((sum, { wanted }) => sum + wanted, 0),
        problems: groups.filter(({ healthy, wanted }) => healthy < wanted).map(describeTargetHealth),
      };
    },

    async checkEndpoint({ balancer, host, path, expect }, signal) {
      const accepts = expect === 'exactly-200' ? (status: number) => status === 200 : acceptedByRacks;
      const what = `${host}${path}`;
      const report = await verifyEndpoint({ balancerDnsName: balancer.dnsName, host, path, accepts, network }, signal);
      if (report.verdict === 'unreachable' && balancer.role === 'internal') {
        // From outside the VPC an internal balancer cannot be asked; its rules and targets are judged beside this.
        return { ok: true, what, saw: 'not reachable from here', requested: false };
      }
      return { ok: report.verdict === 'serves', what, saw: report.says, requested: true };
    },

    async traffic({ appStackName, services, oldBalancers, sinceMs }, signal) {
      const toMs = Math.floor((clock.now() - METRIC_DELAY_MS) / MINUTE_MS) * MINUTE_MS;
      const firstMs = Math.ceil(sinceMs / MINUTE_MS) * MINUTE_MS;
      const fromMs = Math.max(firstMs, toMs - TRAFFIC_WINDOW_MINUTES * MINUTE_MS);
      if (toMs - fromMs < TRAFFIC_WINDOW_MINUTES * MINUTE_MS) return NO_FIGURES;
      const names = services.map(({ name }) => name);
      const resources = await listServiceResources({ clients, stack: appStackName, services: names }, signal);
      const newSources = resources.flatMap(({ service, targetGroupArns }) => {
        const balancerArn = services.find(({ name }) => name === service)?.balancerArn ?? '';
        return targetGroupArns.map((arn) => ({
          label: service,
          balancerMetricName: balancerMetricName(balancerArn),
          targetGroupMetricName: balancerMetricName(arn),
        }));
      });
      const oldSources = oldBalancers.map(({ name, kind, metricName }) => ({ label: name, kind, metricName }));
      const reading = await readTraffic({ clients, newSources, oldSources, fromMs, toMs }, signal);
      const total = (counts: readonly { readonly requests: number; readonly errors: number }[]) => ({
        requests: counts.reduce((sum, { requests }) => sum + requests, 0),
        errors: counts.reduce((sum, { errors }) => sum + errors, 0),
      });
      const [young, old] = [total(reading.new), total(reading.old)];
      const minutes = Math.round((toMs - fromMs) / MINUTE_MS);
      const says = `in ${minutes} min: ${young.requests} requests at ${appStackName} (${young.errors} errors), ${old.requests} at the old balancers`;
      return { newRequests: young.requests, newErrors: young.errors, oldRequests: old.requests, says };
    },

    async ruleClashes({ rack, rackVersion, app, services, besides, balancers }, signal) {
      const simulated = simulateRules({
        ...{ version: rackVersion, rackName: rack.name, app },
        services: services.map(({ name, domains, role, hasPort }) => ({
          name,
          domains,
          hasPort,
          isInternal: role === 'internal',
        })),
      });
      const existing: PlacedRule[] = [];
      const problems: string[] = [];
      for (const [role, balancer] of Object.entries(balancers) as [BalancerRole, (typeof balancers)[BalancerRole]][]) {
        if (balancer?.arn === undefined) continue;
        const rules = await placedRules(clients, role, balancer.arn, signal);
        existing.push(...rules);
        problems.push(
          ...(await quotaProblems(
            clients,
            role,
            rules.length,
            simulated.filter((rule) => rule.balancer === role).length,
            signal,
          )),
        );
      }
      const names = services.map(({ name }) => name);
      const ambiguous = findAmbiguousNames({ name: app, services: names }, { name: besides, services: names });
      return [
        ...problems,
        ...findPriorityCollisions(simulated, existing).map(
          ({ balancer, port, priority, rule }) =>
            `rule number ${priority} for ${rule.host} is taken on the ${balancer} balancer, port ${port}`,
        ),
        ...ambiguous.map((name) => `host name ${name} would belong to two services`),
      ];
    },
  };
}

const NO_FIGURES: TrafficFacts = {
  newRequests: 0,
  newErrors: 0,
  oldRequests: 0,
  says: 'no figures of the time after the change yet',
};

/** The widest codes a rack accepts for a health check, from 20180705140223. */
function acceptedByRacks(status: number): boolean {
  return (status >= 200 && status <= 399) || status === 401;
}

async function placedRules(
  clients: AwsContext['clients'],
  balancer: BalancerRole,
  balancerArn: string,
  signal: AbortSignal,
): Promise<readonly PlacedRule[]> {
  const listeners = await listListeners({ clients, balancerArn }, signal);
  const lists = await Promise.all(
    listeners.map(async ({ arn, port }) => {
      const rules = await listListenerRules({ clients, listenerArn: arn, withOwners: true }, signal);
      return rules.map((rule) => ({ ...rule, balancer, port }));
    }),
  );
  return lists.flat();
}

/** Temporary and final app stand side by side for a while: twice the rules of one. */
async function quotaProblems(
  clients: AwsContext['clients'],
  role: BalancerRole,
  current: number,
  additional: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const quotas = await readBalancerQuotas({ clients }, signal);
  const none = { certificates: 0, targetGroups: 0 };
  return findQuotaShortages(quotas, { ...none, rules: current }, { ...none, rules: additional * 2 }).map(
    ({ limit, additional: more }) => `the ${role} balancer has ${current} of ${limit} rules; ${more} more do not fit`,
  );
}
