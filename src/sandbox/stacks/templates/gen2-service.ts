import type { ResourceTemplate, StackOutput } from '../../model/stacks.ts';
import { gen2Environment } from '../manifests/delivered-environment.ts';
import { resource } from '../resource-properties.ts';
import { output, programOf } from './app-request.ts';
import {
  balancerResources,
  endpointOf,
  rackValue,
  routerOf,
  targetGroupId,
  type ServiceParts,
} from './gen2-routing.ts';
import { atLeast, FEATURES } from './rack-features.ts';

/** Instances of a rack: one task of an agent runs on each. */
const INSTANCES = 3;

type Ref = (logicalId: string) => string;

/** Target group, rules, listener certificate, ECS service: everything a service consists of but its certificate. */
export function serviceResources(parts: ServiceParts): readonly ResourceTemplate[] {
  return parts.service.port === undefined
    ? [taskDefinition(parts), ecsService(parts)]
    : [...balancerResources(parts), taskDefinition(parts), ecsService(parts)];
}

export function serviceOutputs(parts: ServiceParts, ref: Ref): readonly StackOutput[] {
  if (parts.service.port === undefined) return [output('Service', ref(parts.names.ecsService))];
  return [
    ...(parts.service.domains.length > 0 ? [output('Certificate', parts.certificateArn(ref))] : []),
    output('Endpoint', endpointOf(parts)),
    output('Service', ref(parts.names.ecsService)),
    output('TargetGroup', ref(targetGroupId(parts))),
  ];
}

/** Which rule must be there before the ECS service starts, and so outlives it when the stack is deleted. */
function ecsDependencies({ request, service, prefix }: ServiceParts): readonly string[] {
  if (service.port === undefined) return [];
  const { rackVersion } = request;
  const first = service.domains.length > 0 ? 'Domain0' : '';
  if (atLeast(rackVersion, FEATURES.redirectHttps)) return [`${prefix}ListenerRule443${first}`];
  if (atLeast(rackVersion, FEATURES.serviceAfterDomainRule)) return [`${prefix}ListenerRule80${first}`];
  if (atLeast(rackVersion, FEATURES.internalDomainsOffDropsRules)) return [];
  return [`${prefix}ListenerRule80`];
}

function ecsService(parts: ServiceParts): ResourceTemplate {
  const { request, service, formation, names } = parts;
  const hasGrace = service.port !== undefined || !atLeast(request.rackVersion, FEATURES.healthGraceWithPortOnly);
  return resource(
    names.ecsService,
    'AWS::ECS::Service',
    (ref) => ({
      app: request.app,
      service: service.name,
      desiredCount: service.isAgent ? INSTANCES : formation[0],
      minimumPercent: service.minimumPercent,
      maximumPercent: service.maximumPercent,
      graceSeconds: hasGrace ? service.health.graceSeconds : 0,
      taskDefinitionArn: ref(names.tasks),
      targetGroupArns: service.port === undefined ? [] : [ref(targetGroupId(parts))],
      classicBalancerNames: [],
    }),
    { dependsOn: ecsDependencies(parts) },
  );
}

function taskDefinition(parts: ServiceParts): ResourceTemplate {
  const { world, request, release, service, names } = parts;
  return resource(names.tasks, 'AWS::ECS::TaskDefinition', (ref) => ({
    family: `${world.settings.rackName}-${request.app}-service-${service.name}`,
    taskDefinition: {
      app: request.app,
      service: service.name,
      release: release.id,
      generation: 2,
      program: programOf(release, service.name),
      port: service.port?.number,
      environment: gen2Environment({
        app: request.app,
        rack: world.settings.rackName,
        region: world.settings.region,
        rackVersion: request.rackVersion,
        release: release.id,
        build: release.build,
        service,
        appEnvironment: release.environment,
        linkVariables: linkVariables(parts),
        resourceVariables: new Map(
          service.resources.map((name) => [urlVariable(name, request.rackVersion), parts.resourceUrl(name, ref)]),
        ),
      }),
    },
  }));
}

/** `FOO_URL` = `https://A-foo.<host>` by the balancer that serves foo. */
function linkVariables({ world, request, service, manifest }: ServiceParts): ReadonlyMap<string, string> {
  return new Map(
    service.links.flatMap((name) => {
      const other = manifest.services.find((candidate) => candidate.name === name);
      if (other === undefined) return [];
      const url = `https://${request.app}-${name}.${rackValue(world, `${routerOf(other)}Host`)}`;
      return [[urlVariable(name, request.rackVersion), url] as const];
    }),
  );
}

/** Dashes became underscores in 2021 only. */
function urlVariable(name: string, rackVersion: string): string {
  const upper = name.toUpperCase();
  return `${atLeast(rackVersion, FEATURES.linkDashes) ? upper.replaceAll('-', '_') : upper}_URL`;
}
