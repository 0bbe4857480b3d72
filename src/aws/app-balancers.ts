import { balancerMetricName, findApplicationBalancer } from './application-balancers.ts';
import { canonicalZoneOf } from './canonical-zones.ts';
import { readClassicBalancers, type ClassicBalancer } from './classic-balancers.ts';
import type { AwsClients } from './clients.ts';
import { upperName } from './rack-facts.ts';
import { listStackResources } from './stacks.ts';

/** A balancer a gen-1 app has of its own. */
export interface AppBalancer {
  readonly logicalId: string;
  /** The service it belongs to, if one of the given ones. */
  readonly service?: string;
  /** Nearly always classic; an ALB with the app parameter `Balancer<S>Type=ALB` (racks since 2017-10). */
  readonly kind: 'classic' | 'application';
  readonly name: string;
  readonly dnsName: string;
  readonly canonicalHostedZoneId?: string;
  readonly scheme: 'internet-facing' | 'internal';
  /** What CloudWatch calls it: the name, or `app/<name>/<id>`. */
  readonly metricName: string;
  /** Listeners, health check and instances, of a classic one. */
  readonly classic?: ClassicBalancer;
}

export interface ListAppBalancersOptions {
  readonly clients: Pick<AwsClients, 'cloudFormation' | 'elb' | 'elbv2'>;
  /** ARN or name (`<rack>-<app>`) of the app's stack. */
  readonly stack: string;
  /** The app's service names, to say which balancer is whose. */
  readonly services?: readonly string[];
}

/** Finds every balancer an app's own stack has: the ones its records point at before the migration. */
export async function listAppBalancers(
  { clients, stack, services = [] }: ListAppBalancersOptions,
  signal: AbortSignal,
): Promise<readonly AppBalancer[]> {
  const resources = await listStackResources({ clients, stack }, signal);
  const alive = resources.filter((resource) => resource.status !== 'DELETE_COMPLETE');
  const classic = alive.filter(({ type }) => type === 'AWS::ElasticLoadBalancing::LoadBalancer');
  const application = alive.filter(({ type }) => type === 'AWS::ElasticLoadBalancingV2::LoadBalancer');
  const names = classic.flatMap(({ physicalId }) => (physicalId === undefined ? [] : [physicalId]));
  const found = await readClassicBalancers({ clients, names }, signal);

  const balancers: AppBalancer[] = [];
  for (const { logicalId, physicalId } of classic) {
    const balancer = found.find(({ name }) => name === physicalId);
    if (balancer === undefined) continue;
    const zone = balancer.canonicalHostedZoneId ?? canonicalZoneOf(balancer.dnsName);
    balancers.push({
      ...owner(logicalId, services),
      kind: 'classic',
      name: balancer.name,
      dnsName: balancer.dnsName,
      ...(zone === undefined ? {} : { canonicalHostedZoneId: zone }),
      scheme: balancer.scheme,
      metricName: balancer.name,
      classic: balancer,
    });
  }
  for (const { logicalId, physicalId: arn } of application) {
    const balancer = arn === undefined ? undefined : await findApplicationBalancer({ clients, arn }, signal);
    if (balancer === undefined) continue;
    const { name, dnsName, canonicalHostedZoneId, scheme } = balancer;
    const metricName = balancerMetricName(balancer.arn);
    balancers.push({
      ...owner(logicalId, services),
      kind: 'application',
      name,
      dnsName,
      canonicalHostedZoneId,
      scheme,
      metricName,
    });
  }
  return balancers;
}

/** `Balancer<S>`, `Balancer<S>Internal`, each with `ALB` behind it (convox/rack@20171213132441 api/manifest/balancer.go). */
function owner(logicalId: string, services: readonly string[]): Pick<AppBalancer, 'logicalId' | 'service'> {
  const bare = logicalId.replace(/ALB$/, '');
  const service =
    services.find((name) => bare === `Balancer${upperName(name)}`) ??
    services.find((name) => bare === `Balancer${upperName(name)}Internal`);
  return { logicalId, ...(service === undefined ? {} : { service }) };
}
