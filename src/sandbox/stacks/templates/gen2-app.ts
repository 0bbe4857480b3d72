import type { ResourceTemplate, StackOutput, StackTemplate } from '../../model/stacks.ts';
import type { World } from '../../world.ts';
import { readGen2Manifest, type Gen2Manifest, type Gen2Service } from '../manifests/gen2-manifest.ts';
import { ManifestError } from '../manifests/yaml-reader.ts';
import { plainResource, resource } from '../resource-properties.ts';
import { type AppRelease, type AppRequest, formationOf, output } from './app-request.ts';
import { resourceTemplate, resourceUrl } from './app-resource.ts';
import { endpointOf, importsOf, type ServiceParts } from './gen2-routing.ts';
import { serviceOutputs, serviceResources } from './gen2-service.ts';
import { atLeast, FEATURES, upperName } from './rack-features.ts';
import { findReusableCertificate, validationDomainOf } from './reusable-certificate.ts';

type Ref = (logicalId: string) => string;

/**
 * The stack of a generation-2 app as the rack of that version makes it (convox/rack provider/aws/formation/
 * app.json.tmpl; service.json.tmpl since 20180808194846, when services got stacks of their own). Throws ManifestError
 * where the rack refuses to promote.
 */
export function gen2AppTemplate(world: World, request: AppRequest): StackTemplate {
  const { release } = request;
  const common = commonResources();
  if (release === undefined) {
    return {
      resources: common,
      parameters: parametersOf(world, request, undefined),
      outputs: (ref) => commonOutputs(world, request, ref),
    };
  }
  const manifest = readGen2Manifest({
    text: release.manifest,
    environment: release.environment,
    rackVersion: request.rackVersion,
  });
  refuseWhatTheRackLacks(world, manifest);
  const parameters = parametersOf(world, request, manifest);
  const services = manifest.services.map((service) => partsOf(world, request, release, manifest, service, parameters));
  const isNested = atLeast(request.rackVersion, FEATURES.nestedServices);
  return {
    parameters,
    imports: isNested ? [] : [...new Set(services.flatMap(importsOf))],
    resources: [
      ...common,
      ...manifest.resources.map(({ name, type }) =>
        resourceTemplate(world, { app: request.app, name, type, rackVersion: request.rackVersion }),
      ),
      ...services.flatMap(ownCertificate),
      ...services.flatMap((parts) => (isNested ? [nestedService(parts)] : serviceResources(parts))),
      ...timers(manifest, isNested),
    ],
    outputs: (ref) => [
      ...commonOutputs(world, request, ref),
      output('Release', release.id),
      output('Services', manifest.services.map(({ name }) => name).join(',')),
      ...(isNested ? [] : services.flatMap((parts) => flatOutputs(parts, ref))),
    ],
  };
}

function commonResources(): readonly ResourceTemplate[] {
  return [
    plainResource('LogGroup', 'AWS::Logs::LogGroup'),
    plainResource('Registry', 'AWS::ECR::Repository', {}, { retain: true }),
    plainResource('ServiceRole', 'AWS::IAM::Role'),
    plainResource('Settings', 'AWS::S3::Bucket', {}, { retain: true }),
  ];
}

function commonOutputs(world: World, { app }: AppRequest, ref: Ref): readonly StackOutput[] {
  const { accountId, rackName } = world.settings;
  const role = `arn:aws:iam::${accountId}:role/convox/${ref('ServiceRole')}`;
  return [
    output('LogGroup', ref('LogGroup')),
    output('Registry', ref('Registry')),
    output('ServiceRole', role, `${rackName}-${app}:ServiceRole`),
    output('Settings', ref('Settings')),
  ];
}

/** Parameters by the release in which they appeared, with their defaults. */
const PARAMETERS: readonly (readonly [name: string, standard: string, since: string])[] = [
  ['LogBucket', '', ''],
  ['Private', 'No', ''],
  ['InternalDomains', 'Yes', FEATURES.internalDomains],
  ['RedirectHttps', 'Yes', FEATURES.redirectHttps],
  ['LoadBalancerAlgorithm', 'round_robin', '20200814203135'],
  ['SlowStartDuration', '0', '20201022082425'],
  ['CircuitBreaker', 'No', '20210310212746'],
  ['LoadBalancerSuccessCodes', '200-399,401', FEATURES.successCodes],
];

function parametersOf(
  world: World,
  { rackVersion, parameters }: AppRequest,
  manifest: Gen2Manifest | undefined,
): ReadonlyMap<string, string> {
  const declared: (readonly [string, string])[] = PARAMETERS.filter(([, , since]) => atLeast(rackVersion, since)).map(
    ([name, standard]) => [name, standard],
  );
  const formations = (manifest?.services ?? []).map(
    ({ name, scale }) => [`${upperName(name)}Formation`, `${scale.count},${scale.cpu},${scale.memory}`] as const,
  );
  return new Map(
    [...declared, ...formations].map(([name, standard]) => [name, parameters.get(name) ?? standard] as const),
  ).set('Rack', world.settings.rackName);
}

function refuseWhatTheRackLacks(world: World, { services }: Gen2Manifest): void {
  const rack = world.cloudFormation.find(world.settings.rackName)?.parameters;
  for (const { isInternal } of services) {
    if (isInternal && rack?.get('Internal') !== 'Yes') {
      throw new ManifestError('rack does not support internal services');
    }
    if (!isInternal && rack?.get('InternalOnly') === 'Yes') {
      throw new ManifestError('rack only supports internal services');
    }
  }
}

function partsOf(
  world: World,
  request: AppRequest,
  release: AppRelease,
  manifest: Gen2Manifest,
  service: Gen2Service,
  parameters: ReadonlyMap<string, string>,
): ServiceParts {
  const upper = upperName(service.name);
  const isNested = atLeast(request.rackVersion, FEATURES.nestedServices);
  const usable = findReusableCertificate(world, request.rackVersion, service.domains);
  return {
    world,
    request,
    release,
    manifest,
    service,
    prefix: isNested ? 'Balancer' : `Balancer${upper}`,
    names: isNested
      ? { ecsService: 'Service', tasks: 'Tasks' }
      : { ecsService: `Service${upper}Service`, tasks: `Service${upper}Tasks` },
    formation: formationOf(parameters.get(`${upper}Formation`), '1,128,256'),
    certificateArn: (ref) => usable ?? ref(`Balancer${upper}Certificate`),
    resourceUrl: (name, ref) => resourceUrl(world, ref(`Resource${upperName(name)}`)),
  };
}

/** The certificate of a service with domains, unless one that exists is taken instead. */
function ownCertificate({ world, request, service }: ServiceParts): readonly ResourceTemplate[] {
  const { domains, port, name } = service;
  const [domainName] = domains;
  if (domainName === undefined || port === undefined) return [];
  if (findReusableCertificate(world, request.rackVersion, domains) !== undefined) return [];
  return [
    resource(`Balancer${upperName(name)}Certificate`, 'AWS::CertificateManager::Certificate', () => ({
      domainName,
      names: domains,
      validationDomains: new Map(domains.map((domain) => [domain, validationDomainOf(world, domain)])),
    })),
  ];
}

/** A stack of the service's own. What it needs of the app's stack comes in by parameters. */
function nestedService(parts: ServiceParts): ResourceTemplate {
  const { request, service, formation } = parts;
  const [count, cpu, memory] = formation;
  return resource(`Service${upperName(service.name)}`, 'AWS::CloudFormation::Stack', (ref) => {
    const certificate = service.domains.length > 0 && service.port !== undefined ? parts.certificateArn(ref) : '';
    const urls = new Map(service.resources.map((name) => [name, parts.resourceUrl(name, ref)]));
    const inner: ServiceParts = {
      ...parts,
      certificateArn: () => certificate,
      resourceUrl: (name) => urls.get(name) ?? '',
    };
    return {
      template: {
        resources: serviceResources(inner),
        outputs: (innerRef) => serviceOutputs(inner, innerRef),
        imports: importsOf(inner),
      },
      parameters: new Map([
        ['Certificate', certificate],
        ['Count', String(count)],
        ['Cpu', String(cpu)],
        ['Memory', String(memory)],
        ['Rack', parts.world.settings.rackName],
        ['Role', ref('ServiceRole')],
        ['Settings', ref('Settings')],
        ...['InternalDomains', 'RedirectHttps', 'LoadBalancerSuccessCodes', 'CircuitBreaker'].flatMap((name) => {
          const value = request.parameters.get(name);
          return value === undefined ? [] : [[name, value] as const];
        }),
      ]),
      tags: new Map([
        ['App', request.app],
        ['Name', service.name],
        ['Type', 'service'],
      ]),
    };
  });
}

function flatOutputs(parts: ServiceParts, ref: Ref): readonly StackOutput[] {
  const { service } = parts;
  if (service.port === undefined) return [];
  const upper = upperName(service.name);
  return [
    ...(service.domains.length > 0 ? [output(`Service${upper}Certificate`, parts.certificateArn(ref))] : []),
    output(`Service${upper}Endpoint`, endpointOf(parts)),
  ];
}

/** Timers are there, and never fire. */
function timers({ timers: all }: Gen2Manifest, isNested: boolean): readonly ResourceTemplate[] {
  if (all.length === 0) return [];
  const rules = all.flatMap(({ name, schedule, command }) => {
    const upper = upperName(name);
    return [
      plainResource(isNested ? `Timer${upper}` : `${upper}Timer`, 'AWS::Events::Rule', {
        schedule: `cron(${schedule} *)`,
        command,
      }),
    ];
  });
  return [plainResource('TimerRole', 'AWS::IAM::Role'), ...rules];
}
