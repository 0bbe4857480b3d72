import { listAppBalancers } from '../aws/app-balancers.ts';
import { listServiceResources } from '../aws/app-targets.ts';
import { readConnectionDraining, readInstanceHealth } from '../aws/classic-balancers.ts';
import { findCertificate, readCertificateTags } from '../aws/certificates.ts';
import { listListenerCertificates, listListenerRules, listListeners, type Listener } from '../aws/listener-rules.ts';
import { describeTargetHealth, readTargetHealth } from '../aws/target-health.ts';
import { TokenBucket } from '../aws/token-bucket.ts';
import { sampleEndpoint, verifyEndpoint } from '../aws/verify-endpoint.ts';
import type { AwsPort } from '../orchestrator/ports.ts';
import type { AwsContext } from './aws-context.ts';
import { balancerFinder } from './known-balancers.ts';
import { readOldTraffic, readRecentTraffic, readTrafficByMinute } from './aws-traffic.ts';

type BalancingPort = Pick<
  AwsPort,
  | 'findBalancer'
  | 'knownBalancers'
  | 'oldBalancers'
  | 'oldBalancerHealth'
  | 'oldBalancerDraining'
  | 'hostRules'
  | 'listenerCertificates'
  | 'serviceTargets'
  | 'targetHealth'
  | 'checkEndpoint'
  | 'probe'
  | 'traffic'
  | 'oldTraffic'
  | 'trafficByMinute'
>;

/** Requests to somebody's app, of both sides together: far more than the watch asks for in real time. */
const MAX_PROBES_PER_SECOND = 40;

/** Balancers, rules, targets and what they tell of traffic. */
export function balancingPort(context: AwsContext): BalancingPort {
  const { clients, network } = context;
  // In real time: on a clock that runs faster than the world the watch would ask as often as the machine can.
  // A stack tags its certificate when it requests it, and a certificate has one stack for life.
  const owners = new Map<string, string | undefined>();
  const ownerOf = async (arn: string, signal: AbortSignal): Promise<string | undefined> => {
    if (owners.has(arn)) return owners.get(arn);
    const tags = await readCertificateTags({ clients, arn }, signal);
    const owner = tags['Type'] === 'app' ? tags['Name'] : undefined;
    owners.set(arn, owner);
    return owner;
  };
  const probes = new TokenBucket({ perSecond: MAX_PROBES_PER_SECOND, burst: MAX_PROBES_PER_SECOND });
  return {
    ...balancerFinder(context),

    async oldBalancers(stack, services, signal) {
      const balancers = await listAppBalancers({ clients, stack, services }, signal);
      return balancers.map(({ service, name, dnsName, scheme, kind, metricName, classic }) => ({
        ...{ service: service ?? name, name, dnsName, kind, metricName, isInternal: scheme === 'internal' },
        // An ALB of a gen-1 app has the listeners its classic balancer would have; those are not read here.
        answersHttp: classic?.listeners.some(({ port }) => port === 80) ?? true,
      }));
    },

    async oldBalancerHealth({ name, kind }, signal) {
      if (kind !== 'classic') return undefined;
      const instances = await readInstanceHealth({ clients, name }, signal);
      const out = instances.filter(({ isInService }) => !isInService);
      return {
        healthy: instances.length - out.length,
        total: instances.length,
        problems: out.map(({ instanceId, reason }) => `${instanceId}: ${reason ?? 'out of service'}`),
      };
    },

    async oldBalancerDraining({ name, kind }, signal) {
      return kind === 'classic' ? readConnectionDraining({ clients, name }, signal) : undefined;
    },

    async hostRules(balancerArn, signal) {
      const secure = await findSecureListener(clients, balancerArn, signal);
      if (secure === undefined) return [];
      const rules = await listListenerRules({ clients, listenerArn: secure.arn, withOwners: true }, signal);
      return rules.flatMap(({ hosts, priority, owner }) =>
        hosts.map((host) => ({ host, priority, ownerApp: owner?.app })),
      );
    },

    async listenerCertificates(balancerArn, signal) {
      const secure = await findSecureListener(clients, balancerArn, signal);
      if (secure === undefined) return [];
      const attached = await listListenerCertificates({ clients, listenerArn: secure.arn }, signal);
      return Promise.all(
        attached.map(async ({ arn }) => {
          const [certificate, ownerApp] = await Promise.all([
            findCertificate({ clients, arn }, signal),
            ownerOf(arn, signal),
          ]);
          return {
            arn,
            names: certificate?.domains ?? [],
            ownerApp,
            isValid: certificate?.status === 'issued' && (certificate.expiresAtMs ?? Infinity) > context.clock.now(),
          };
        }),
      );
    },

    async serviceTargets(stack, services, signal) {
      const resources = await listServiceResources({ clients, stack, services }, signal);
      return resources.map(({ service, targetGroupArns }) => ({ service, targetGroupArns }));
    },

    async targetHealth(targetGroupArns, signal) {
      const groups = await Promise.all(
        targetGroupArns.map((targetGroupArn) => readTargetHealth({ clients, targetGroupArn }, signal)),
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

    async probe({ side, dnsName, host, path }, signal) {
      await probes.take(signal);
      return sampleEndpoint({ balancerDnsName: dnsName, host, path, isShared: side === 'new', network }, signal);
    },

    traffic: (request, signal) => readRecentTraffic(context, request, signal),
    oldTraffic: (request, signal) => readOldTraffic(context, request, signal),
    trafficByMinute: (request, signal) => readTrafficByMinute(context, request, signal),
  };
}

/** The widest codes a rack accepts for a health check, from 20180705140223. */
function acceptedByRacks(status: number): boolean {
  return (status >= 200 && status <= 399) || status === 401;
}

async function findSecureListener(
  clients: AwsContext['clients'],
  balancerArn: string,
  signal: AbortSignal,
): Promise<Listener | undefined> {
  return (await listListeners({ clients, balancerArn }, signal)).find(({ port }) => port === 443);
}
