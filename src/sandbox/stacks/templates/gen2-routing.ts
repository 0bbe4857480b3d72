import type { ResourceTemplate } from '../../model/stacks.ts';
import type { World } from '../../world.ts';
import type { Gen2Manifest, Gen2Service } from '../manifests/gen2-manifest.ts';
import { resource } from '../resource-properties.ts';
import { importValue } from '../stack-exports.ts';
import type { AppRelease, AppRequest } from './app-request.ts';
import { atLeast, FEATURES } from './rack-features.ts';
import { rulePriority, type RuleKind } from './rule-priority.ts';

/** One service of a generation-2 app, and what its resources are called in this version's template. */
export interface ServiceParts {
  readonly world: World;
  readonly request: AppRequest;
  readonly release: AppRelease;
  readonly manifest: Gen2Manifest;
  readonly service: Gen2Service;
  /** `BalancerWeb` in the flat template, `Balancer` in a stack of the service's own. */
  readonly prefix: string;
  readonly names: { readonly ecsService: string; readonly tasks: string };
  readonly formation: readonly [number, number, number];
  /** The certificate for the service's domains: one that exists, or the reference to the stack's own. */
  readonly certificateArn: (ref: (logicalId: string) => string) => string;
  readonly resourceUrl: (name: string, ref: (logicalId: string) => string) => string;
}

export function routerOf(service: Pick<Gen2Service, 'isInternal'>): 'Router' | 'RouterInternal' {
  return service.isInternal ? 'RouterInternal' : 'Router';
}

/** `A-S.<host of the balancer>`, the name every service with a port has. */
export function endpointOf({ world, request, service }: ServiceParts): string {
  return `${request.app}-${service.name}.${rackValue(world, `${routerOf(service)}Host`)}`;
}

/** What the stack with a service's rules uses of the rack's stack. */
export function importsOf({ world, request, service }: ServiceParts): readonly string[] {
  if (service.port === undefined) return [];
  const router = routerOf(service);
  const names = [`${router}Host`, `${router}Listener443`, 'Vpc'];
  if (hasHttpRules(request)) names.push(`${router}Listener80`);
  if (hasConvoxNames(request, service)) names.push('HostedZone', service.isInternal ? 'DomainInternal' : 'Domain');
  return names.map((name) => `${world.settings.rackName}:${name}`);
}

/** Value of an export of the rack's stack. */
export function rackValue(world: World, name: string): string {
  return importValue(world, `${world.settings.rackName}:${name}`);
}

export function targetGroupId({ prefix, service }: ServiceParts): string {
  return `${prefix}TargetGroup${service.isInternal ? 'Internal' : ''}`;
}

/** Rules on port 80 exist where it does not redirect to HTTPS. */
function hasHttpRules({ rackVersion, parameters }: AppRequest): boolean {
  return !atLeast(rackVersion, FEATURES.redirectHttps) || parameters.get('RedirectHttps') === 'No';
}

/** False for a service with a domain whose app has InternalDomains=No: no convox.site rule, no `.convox` names. */
function hasInternalDomains({ rackVersion, parameters }: AppRequest, service: Gen2Service): boolean {
  const isOff = parameters.get('InternalDomains') === 'No' && service.domains.length > 0;
  return !(isOff && atLeast(rackVersion, FEATURES.internalDomainsOffDropsRules));
}

function hasConvoxNames(request: AppRequest, service: Gen2Service): boolean {
  return atLeast(request.rackVersion, FEATURES.convoxHostNames) && hasInternalDomains(request, service);
}

/** Target group, rules and listener certificate of a service with a port. */
export function balancerResources(parts: ServiceParts): readonly ResourceTemplate[] {
  const { world, request, service, prefix } = parts;
  const convoxName = `${service.name}.${request.app}.${world.settings.rackName}.convox`;
  const rules: ResourceTemplate[] = [];
  if (hasInternalDomains(request, service)) {
    rules.push(...rulePair(parts, '', { type: 'default' }, () => [endpointOf(parts)]));
  }
  if (hasConvoxNames(request, service)) {
    rules.push(...rulePair(parts, 'Internal', { type: 'internal' }, () => [convoxName]));
    rules.push(convoxRecord(parts, convoxName));
  }
  service.domains.forEach((domain, index) => {
    rules.push(...rulePair(parts, `Domain${index}`, { type: 'domain', domain, index }, () => [domain]));
  });
  if (service.domains.length > 0) {
    rules.push(
      resource(`${prefix}ListenerCertificate`, 'AWS::ElasticLoadBalancingV2::ListenerCertificate', (ref) => ({
        certificateArn: parts.certificateArn(ref),
        listenerArn: rackValue(world, `${routerOf(service)}Listener443`),
      })),
    );
  }
  return [targetGroup(parts), ...rules];
}

/** The rules of one kind on 80 (where there are any) and 443; each domain's waits for the one before it. */
function rulePair(
  parts: ServiceParts,
  suffix: string,
  kind: RuleKind,
  hosts: () => readonly string[],
): readonly ResourceTemplate[] {
  const { world, request, service, prefix } = parts;
  const priority = rulePriority({ app: request.app, service: service.name, rackVersion: request.rackVersion }, kind);
  const ports = hasHttpRules(request) ? ([80, 443] as const) : ([443] as const);
  return ports.map((port) =>
    resource(
      `${prefix}ListenerRule${port}${suffix}`,
      'AWS::ElasticLoadBalancingV2::ListenerRule',
      (ref) => ({
        listenerArn: rackValue(world, `${routerOf(service)}Listener${port}`),
        priority,
        hosts: hosts(),
        targetGroupArn: ref(targetGroupId(parts)),
      }),
      kind.type === 'domain' && kind.index > 0
        ? { dependsOn: [`${prefix}ListenerRule${port}Domain${kind.index - 1}`] }
        : {},
    ),
  );
}

/** The name inside the VPC, in the rack's private zone. */
function convoxRecord({ world, service, prefix }: ServiceParts, name: string): ResourceTemplate {
  return resource(`${prefix === 'Balancer' ? '' : prefix}RecordSetInternal`, 'AWS::Route53::RecordSet', () => ({
    hostedZoneId: rackValue(world, 'HostedZone'),
    recordSet: {
      name: `${name}.`,
      type: 'CNAME',
      ttl: 3600,
      values: [rackValue(world, service.isInternal ? 'DomainInternal' : 'Domain')],
    },
  }));
}

function targetGroup(parts: ServiceParts): ResourceTemplate {
  const { request, service } = parts;
  const { rackVersion, parameters } = request;
  return resource(targetGroupId(parts), 'AWS::ElasticLoadBalancingV2::TargetGroup', () => ({
    protocol: service.port?.scheme === 'https' ? 'HTTPS' : 'HTTP',
    port: service.port?.number ?? 80,
    healthCheck: {
      protocol: service.port?.scheme === 'https' ? 'HTTPS' : 'HTTP',
      path: service.health.path,
      intervalSeconds: service.health.intervalSeconds,
      timeoutSeconds: service.health.timeoutSeconds,
      healthyThreshold: atLeast(rackVersion, FEATURES.healthyThreshold2) ? 2 : 5,
      unhealthyThreshold: 2,
      matcher: matcherOf(rackVersion, parameters),
    },
    deregistrationDelaySeconds: service.drainSeconds,
    stickiness: service.isSticky,
    tags: atLeast(rackVersion, FEATURES.targetGroupTags)
      ? new Map([
          ['App', request.app],
          ['Service', service.name],
        ])
      : new Map<string, string>(),
  }));
}

function matcherOf(rackVersion: string, parameters: ReadonlyMap<string, string>): string {
  if (!atLeast(rackVersion, FEATURES.matcher399)) return '200';
  if (!atLeast(rackVersion, FEATURES.matcher401)) return '200-399';
  const standard = '200-399,401';
  return atLeast(rackVersion, FEATURES.successCodes)
    ? (parameters.get('LoadBalancerSuccessCodes') ?? standard)
    : standard;
}
