import type { Action } from '../../model/load-balancing.ts';
import type { ResourceTemplate, StackOutput } from '../../model/stacks.ts';
import type { World } from '../../world.ts';
import { resource } from '../resource-properties.ts';
import { output } from './app-request.ts';
import { atLeast, FEATURES } from './rack-features.ts';

export interface RackParts {
  readonly world: World;
  readonly version: string;
  readonly parameters: ReadonlyMap<string, string>;
}

type Ref = (logicalId: string) => string;
type Router = 'Router' | 'RouterInternal';

/** The shared balancers that a rack of this version and parameters has. */
export function routersOf({ parameters }: RackParts): readonly Router[] {
  const routers: Router[] = [];
  if (parameters.get('InternalOnly') !== 'Yes') routers.push('Router');
  if (parameters.get('Internal') === 'Yes' || parameters.get('InternalOnly') === 'Yes') routers.push('RouterInternal');
  return routers;
}

/** Older racks let their API answer requests for unknown hosts. */
export function forwardsToApi(version: string): boolean {
  return !atLeast(version, FEATURES.unknownHost);
}

/** `<label>.<region>.convox.site` of a balancer: the first two labels of its DNS name. */
export function convoxHost(world: World, arn: string): string {
  const dnsName = world.balancing.loadBalancers.get(arn)?.dnsName ?? '';
  return `${dnsName.split('.').slice(0, 2).join('.')}.convox.site`;
}

/** A shared balancer with certificate, listeners and the group of API tasks that unknown hosts reach on older racks. */
export function routerResources(parts: RackParts, router: Router): readonly ResourceTemplate[] {
  const { world, version, parameters } = parts;
  const isInternal = router === 'RouterInternal';
  const certificate = isInternal ? 'RouterInternalCertificate' : 'RouterApiCertificate';
  const hasTag = atLeast(version, isInternal ? FEATURES.internalRouterTag : FEATURES.routerName);
  const name = isInternal ? internalName(parts) : undefined;
  const listener = (port: 80 | 443): ResourceTemplate =>
    resource(`${router}Listener${port}`, 'AWS::ElasticLoadBalancingV2::Listener', (ref) => ({
      loadBalancerArn: ref(router),
      port,
      protocol: port === 443 ? 'HTTPS' : 'HTTP',
      defaultAction: defaultAction(version, router, port, ref),
      ...(port === 443 ? { certificateArn: ref(certificate) } : {}),
    }));
  return [
    resource(router, 'AWS::ElasticLoadBalancingV2::LoadBalancer', () => ({
      ...(name === undefined ? {} : { name }),
      scheme: isInternal ? 'internal' : 'internet-facing',
      tags: hasTag ? new Map([['Rack', world.settings.rackName]]) : new Map<string, string>(),
    })),
    routerCertificate(world, certificate, router),
    ...(forwardsToApi(version) ? [apiTargetGroup(`${router}ApiTargetGroup`)] : []),
    ...(parameters.get('DisableALBPort80') === 'Yes' ? [] : [listener(80)]),
    listener(443),
  ];
}

/** The wildcard certificate under convox.site, approved by Convox's own robot. */
export function routerCertificate(world: World, id: string, router: string): ResourceTemplate {
  return resource(id, 'AWS::CertificateManager::Certificate', (ref) => {
    const domainName = `*.${convoxHost(world, ref(router)).toLowerCase()}`;
    return {
      domainName,
      names: [domainName],
      validationDomains: new Map([[domainName, 'convox.site']]),
      isApprovedByConvox: true,
    };
  });
}

export function apiTargetGroup(id: string): ResourceTemplate {
  return resource(id, 'AWS::ElasticLoadBalancingV2::TargetGroup', () => ({
    protocol: 'HTTP',
    port: 3000,
    healthCheck: {
      protocol: 'HTTP',
      path: '/check',
      intervalSeconds: 5,
      timeoutSeconds: 3,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
      matcher: '200',
    },
    deregistrationDelaySeconds: 30,
    stickiness: false,
  }));
}

export function routerOutputs(parts: RackParts, router: Router, ref: Ref): readonly StackOutput[] {
  const { world, version, parameters } = parts;
  const isInternal = router === 'RouterInternal';
  const arn = ref(router);
  const balancer = world.balancing.loadBalancers.get(arn);
  const values: (readonly [string, string])[] = [
    [`${router}Host`, convoxHost(world, arn)],
    [`${router}Listener443`, ref(`${router}Listener443`)],
  ];
  if (parameters.get('DisableALBPort80') !== 'Yes') values.push([`${router}Listener80`, ref(`${router}Listener80`)]);
  if (!isInternal || hasInternalDomain(version)) {
    values.push([isInternal ? 'DomainInternal' : 'Domain', balancer?.dnsName ?? '']);
  }
  if (atLeast(version, isInternal ? FEATURES.routerInternalName : FEATURES.routerName)) {
    values.push([`${router}Name`, arn.slice(arn.indexOf('loadbalancer/') + 'loadbalancer/'.length)]);
  }
  if (isInternal && atLeast(version, FEATURES.internalOnly)) {
    values.push(['RouterInternalCertificate', ref('RouterInternalCertificate')]);
  }
  if (!isInternal && atLeast(version, FEATURES.routerCertificateOutput)) {
    values.push(['RouterCertificate', ref('RouterApiCertificate')]);
  }
  if (!isInternal && !atLeast(version, FEATURES.internalOnly))
    values.push(['Endpoint', `rack.${convoxHost(world, arn)}`]);
  return values.map(([key, value]) => output(key, value, `${world.settings.rackName}:${key}`));
}

/** Output DomainInternal: 20171206173224–20171208…, absent 20171209011923–20180105…, again since 20180106174952. */
function hasInternalDomain(version: string): boolean {
  return (version >= '20171206173224' && version < '20171209011923') || atLeast(version, FEATURES.convoxHostNames);
}

/** Name of the internal balancer; undefined = CloudFormation makes one up. */
function internalName({ world, version, parameters }: RackParts): string | undefined {
  const { rackName } = world.settings;
  if (!atLeast(version, FEATURES.internalSuffix)) return `${rackName}-rti`;
  const parameter = atLeast(version, FEATURES.internalRouterSuffix) ? 'InternalRouterSuffix' : 'InternalSuffix';
  const suffix = parameters.get(parameter) ?? '-rti';
  return suffix === '' ? undefined : `${rackName}${suffix}`;
}

function defaultAction(version: string, router: Router, port: 80 | 443, ref: Ref): Action {
  const redirectsSince = router === 'Router' ? FEATURES.redirectHttps : FEATURES.unknownHost;
  if (port === 80 && atLeast(version, redirectsSince)) return { type: 'redirect-to-https' };
  if (port === 443 && atLeast(version, FEATURES.unknownHost)) {
    return { type: 'fixed-response', status: 404, body: 'unknown host' };
  }
  return { type: 'forward', targetGroupArn: ref(`${router}ApiTargetGroup`) };
}
