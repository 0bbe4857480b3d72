import { crc32 } from 'node:zlib';

import type { ClassicBalancer, ClassicListener, HealthCheck } from '../../model/load-balancing.ts';
import type { ResourceTemplate, StackOutput } from '../../model/stacks.ts';
import type { World } from '../../world.ts';
import { balancerPorts, isInternal, numberLabel, type Gen1Port, type Gen1Service } from '../manifests/gen1-manifest.ts';
import { ManifestError } from '../manifests/yaml-reader.ts';
import { plainResource, resource } from '../resource-properties.ts';
import { output } from './app-request.ts';
import { classicBalancerName } from './classic-balancer-name.ts';
import { upperName } from './rack-features.ts';

export interface Gen1BalancerParts {
  readonly world: World;
  readonly app: string;
  readonly service: Gen1Service;
  /** The stack's parameters, defaults filled in. */
  readonly parameters: ReadonlyMap<string, string>;
}

type Ref = (logicalId: string) => string;
type Protocol = ClassicListener['protocol'];

/** Host port of a container port: fixed for an app, service and port, so that it never changes between releases. */
export function hostPortOf(app: string, service: string, port: number): number {
  return 40_000 + ((crc32(`${app}:${service}:${port}`) >>> 0) % 20_000);
}

/** True when the service has a balancer now: TCP ports, not switched off, not scaled to -1. */
export function hasBalancer({ service, parameters }: Gen1BalancerParts): boolean {
  const count = (parameters.get(`${upperName(service.name)}Formation`) ?? '').split(',')[0];
  return balancerPorts(service).length > 0 && count !== '-1';
}

/** `BalancerWeb`, or `BalancerWebInternal` when any TCP port is a single number. */
export function balancerId(service: Gen1Service): string {
  return `Balancer${upperName(service.name)}${isInternal(service) ? 'Internal' : ''}`;
}

/** An application balancer of the service's own instead of a classic one: app parameter `Balancer<S>Type`. */
export function isApplicationBalancer({ service, parameters }: Gen1BalancerParts): boolean {
  return parameters.get(`Balancer${upperName(service.name)}Type`) === 'ALB';
}

/** DNS name of the service's balancer; '' while it is not there. */
export function balancerHost(parts: Gen1BalancerParts, ref: Ref): string {
  const { balancing } = parts.world;
  const id = balancerId(parts.service);
  return isApplicationBalancer(parts)
    ? (balancing.loadBalancers.get(ref(`${id}ALB`))?.dnsName ?? '')
    : (balancing.classic.get(ref(id))?.dnsName ?? '');
}

export function balancerResources(parts: Gen1BalancerParts): readonly ResourceTemplate[] {
  if (!hasBalancer(parts)) return [];
  const security = plainResource(`${balancerId(parts.service)}SecurityGroup`, 'AWS::EC2::SecurityGroup');
  return [security, ...(isApplicationBalancer(parts) ? applicationBalancer(parts) : [classicBalancer(parts)])];
}

export function balancerOutputs(parts: Gen1BalancerParts, ref: Ref): readonly StackOutput[] {
  if (!hasBalancer(parts)) return [];
  const upper = upperName(parts.service.name);
  return [
    output(`Balancer${upper}Host`, balancerHost(parts, ref)),
    ...balancerPorts(parts.service).flatMap(({ balancer }) => [
      output(`${upper}Port${balancer}Balancer`, String(balancer)),
      output(`${upper}Port${balancer}BalancerName`, nameOf(parts)),
    ]),
  ];
}

function nameOf({ world, app, service, parameters }: Gen1BalancerParts): string {
  return classicBalancerName({
    rack: world.settings.rackName,
    app,
    service: service.name,
    isInternal: isInternal(service),
    isInternalApp: parameters.get('Internal') === 'Yes',
  });
}

function schemeOf({ service, parameters }: Gen1BalancerParts): ClassicBalancer['scheme'] {
  return isInternal(service) || parameters.get('Internal') === 'Yes' ? 'internal' : 'internet-facing';
}

function classicBalancer(parts: Gen1BalancerParts): ResourceTemplate {
  const { service } = parts;
  const id = balancerId(service);
  const properties = {
    name: nameOf(parts),
    scheme: schemeOf(parts),
    listeners: balancerPorts(service).map((port) => listenerOf(parts, port)),
    healthCheck: healthOf(service),
    drainingSeconds: secondsLabel(service, 'convox.draining.timeout', 60),
    idleSeconds: secondsLabel(service, 'convox.idle.timeout', 3600),
  };
  return resource(id, 'AWS::ElasticLoadBalancing::LoadBalancer', () => properties, {
    dependsOn: [`${id}SecurityGroup`],
  });
}

function secondsLabel(service: Gen1Service, name: string, standard: number): number {
  const seconds = numberLabel(service, name, standard);
  if (seconds < 1 || seconds > 3600) throw new ManifestError(`${name} must be between 1 and 3600`);
  return seconds;
}

/** Parameter `<S>Port<n>Listener`: host port and certificate. */
function listenerParameter({ app, service, parameters }: Gen1BalancerParts, port: number): readonly [number, string] {
  const value = parameters.get(`${upperName(service.name)}Port${port}Listener`) ?? '';
  const [hostPort = '', certificate = ''] = value.split(',');
  return [/^\d+$/.test(hostPort) ? Number(hostPort) : hostPortOf(app, service.name, port), certificate];
}

function listenerOf(parts: Gen1BalancerParts, { balancer }: Gen1Port): ClassicListener {
  const { labels } = parts.service;
  const [instancePort, certificateArn] = listenerParameter(parts, balancer);
  const protocol = protocolOf(labels.get(`convox.port.${balancer}.protocol`), certificateArn !== '');
  const isHttp = protocol === 'HTTP' || protocol === 'HTTPS';
  const isSecure = labels.get(`convox.port.${balancer}.secure`) === 'true';
  const plain = isHttp ? 'HTTP' : 'TCP';
  return {
    port: balancer,
    protocol,
    instanceProtocol: isSecure ? (isHttp ? 'HTTPS' : 'SSL') : plain,
    instancePort,
    certificateArn: certificateArn === '' ? undefined : certificateArn,
  };
}

/** Without a label a port is TCP, or SSL once it has a certificate. */
function protocolOf(label: string | undefined, hasCertificate: boolean): Protocol {
  switch (label) {
    case 'http':
      return 'HTTP';
    case 'https':
      return 'HTTPS';
    case 'tls':
      return 'SSL';
    case 'tcp':
      return 'TCP';
    default:
      return hasCertificate ? 'SSL' : 'TCP';
  }
}

function healthOf(service: Gen1Service): HealthCheck {
  const path = service.labels.get('convox.health.path') ?? '';
  const timeoutSeconds = numberLabel(service, 'convox.health.timeout', 3);
  const port = numberLabel(service, 'convox.health.port', balancerPorts(service)[0]?.container ?? 0);
  const checked = balancerPorts(service).find(({ container }) => container === port);
  const isSecure = service.labels.get(`convox.port.${checked?.balancer ?? 0}.secure`) === 'true';
  return {
    protocol: path === '' ? (isSecure ? 'SSL' : 'TCP') : isSecure ? 'HTTPS' : 'HTTP',
    path,
    intervalSeconds: numberLabel(service, 'convox.health.interval', timeoutSeconds + 2),
    timeoutSeconds,
    healthyThreshold: numberLabel(service, 'convox.health.threshold.healthy', 2),
    unhealthyThreshold: numberLabel(service, 'convox.health.threshold.unhealthy', 2),
    // A classic ELB accepts exactly 200 (AWS docs, "Configure health checks for your Classic Load Balancer").
    matcher: path === '' ? '' : '200',
  };
}

function applicationBalancer(parts: Gen1BalancerParts): readonly ResourceTemplate[] {
  const { service } = parts;
  const id = balancerId(service);
  const health = healthOf(service);
  const first = balancerPorts(service)[0]?.balancer ?? 80;
  const [port, certificateArn] = listenerParameter(parts, first);
  const listener = (number: 80 | 443): ResourceTemplate =>
    resource(`${id}Listener${number}`, 'AWS::ElasticLoadBalancingV2::Listener', (ref) => ({
      loadBalancerArn: ref(`${id}ALB`),
      port: number,
      protocol: number === 443 ? 'HTTPS' : 'HTTP',
      defaultAction: { type: 'forward', targetGroupArn: ref(`${id}TargetGroup`) },
      ...(number === 443 ? { certificateArn } : {}),
    }));
  return [
    resource(
      `${id}ALB`,
      'AWS::ElasticLoadBalancingV2::LoadBalancer',
      () => ({ name: nameOf(parts), scheme: schemeOf(parts) }),
      { dependsOn: [`${id}SecurityGroup`] },
    ),
    resource(
      `${id}TargetGroup`,
      'AWS::ElasticLoadBalancingV2::TargetGroup',
      () => ({
        protocol: 'HTTP',
        port,
        healthCheck: { ...health, protocol: 'HTTP', path: health.path === '' ? '/' : health.path, matcher: '200' },
        deregistrationDelaySeconds: secondsLabel(service, 'convox.draining.timeout', 60),
        stickiness: true,
      }),
      { dependsOn: [`${id}ALB`] },
    ),
    listener(80),
    ...(certificateArn === '' ? [] : [listener(443)]),
  ];
}
