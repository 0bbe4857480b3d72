import type { ResourceTemplate, StackTemplate } from '../../model/stacks.ts';
import type { World } from '../../world.ts';
import { gen1Environment } from '../manifests/delivered-environment.ts';
import { balancerPorts, isAgent, numberLabel, readGen1Manifest, type Gen1Service } from '../manifests/gen1-manifest.ts';
import { plainResource, resource } from '../resource-properties.ts';
import { type AppRelease, type AppRequest, formationOf, output, programOf } from './app-request.ts';
import {
  balancerHost,
  balancerId,
  balancerOutputs,
  balancerResources,
  hasBalancer,
  hostPortOf,
  isApplicationBalancer,
  type Gen1BalancerParts,
} from './gen1-balancer.ts';
import { atLeast, FEATURES, upperName } from './rack-features.ts';

interface Gen1Parts extends Gen1BalancerParts {
  readonly request: AppRequest;
  readonly release: AppRelease;
  readonly services: readonly Gen1Service[];
}

/** Instances of a rack: one task of an agent runs on each. */
const INSTANCES = 3;

type Ref = (logicalId: string) => string;

/**
 * The stack of a generation-1 app (convox/rack@20171213132441 provider/aws/formation/g1/app.json.tmpl): one classic ELB
 * for each service with a TCP port. Throws ManifestError where the rack refuses to promote.
 */
export function gen1AppTemplate(world: World, request: AppRequest): StackTemplate {
  const { release } = request;
  const services = release === undefined ? [] : readGen1Manifest(release.manifest).services;
  const parameters = parametersOf(world, request, services);
  const parts =
    release === undefined
      ? []
      : services.map((service): Gen1Parts => ({
          world,
          app: request.app,
          service,
          parameters,
          request,
          release,
          services,
        }));
  return {
    parameters,
    resources: [...commonResources(), ...parts.flatMap(serviceResources), ...cronResources(services)],
    outputs: (ref) => [
      ...parts.flatMap((each) => balancerOutputs(each, ref)),
      output(
        'Agents',
        services
          .filter(isAgent)
          .map(({ name }) => name)
          .join(','),
      ),
      output('Internal', parameters.get('Internal') ?? 'No'),
      output('LogGroup', ref('LogGroup')),
      output('RegistryId', world.settings.accountId),
      output('RegistryRepository', `${world.settings.rackName}-${request.app}`),
      output('Settings', ref('Settings')),
    ],
  };
}

function commonResources(): readonly ResourceTemplate[] {
  const custom = { dependsOn: ['CustomTopic'] };
  return [
    plainResource('CustomTopicRole', 'AWS::IAM::Role'),
    plainResource('CustomTopic', 'AWS::Lambda::Function', {}, { dependsOn: ['CustomTopicRole'] }),
    plainResource('LogGroup', 'AWS::Logs::LogGroup'),
    plainResource('RegistryRepository', 'Custom::ECRRepository', {}, custom),
    plainResource('ServiceRole', 'AWS::IAM::Role'),
    plainResource('Settings', 'AWS::S3::Bucket', {}, { retain: true }),
  ];
}

function parametersOf(
  world: World,
  { app, rackVersion, parameters, release }: AppRequest,
  services: readonly Gen1Service[],
): ReadonlyMap<string, string> {
  const cpu = atLeast(rackVersion, FEATURES.gen1CpuDefault) ? 128 : 0;
  const declared: (readonly [string, string])[] = [
    ['Internal', 'No'],
    ['LogBucket', ''],
    ['Private', 'No'],
    ['Rack', world.settings.rackName],
    ['SecurityGroup', ''],
    ['SslPolicy', ''],
    ['TaskRole', ''],
  ];
  for (const service of services) {
    const upper = upperName(service.name);
    declared.push([`${upper}Formation`, `${isAgent(service) ? 0 : 1},${cpu},256`]);
    const ports = balancerPorts(service);
    if (ports.length > 0) declared.push([`Balancer${upper}Type`, 'ELB']);
    for (const { balancer } of ports) {
      declared.push([`${upper}Port${balancer}Listener`, `${hostPortOf(app, service.name, balancer)},`]);
    }
  }
  const values = new Map(declared.map(([name, standard]) => [name, parameters.get(name) ?? standard] as const));
  return values.set('Release', release?.id ?? '');
}

function serviceResources(parts: Gen1Parts): readonly ResourceTemplate[] {
  const upper = upperName(parts.service.name);
  const count = formationOf(parts.parameters.get(`${upper}Formation`), '1,128,256')[0];
  return [...balancerResources(parts), taskDefinition(parts), ...(count < 0 ? [] : [ecsService(parts, count)])];
}

function ecsService(parts: Gen1Parts, desiredCount: number): ResourceTemplate {
  const { request, service } = parts;
  const id = balancerId(service);
  const isAlb = isApplicationBalancer(parts);
  return resource(
    `Service${upperName(service.name)}`,
    'AWS::ECS::Service',
    (ref) => ({
      app: request.app,
      service: service.name,
      desiredCount: isAgent(service) ? INSTANCES : desiredCount,
      minimumPercent: numberLabel(service, 'convox.deployment.minimum', 50),
      maximumPercent: numberLabel(service, 'convox.deployment.maximum', 200),
      graceSeconds: 0,
      taskDefinitionArn: ref(`${upperName(service.name)}ECSTaskDefinition`),
      targetGroupArns: hasBalancer(parts) && isAlb ? [ref(`${id}TargetGroup`)] : [],
      classicBalancerNames: hasBalancer(parts) && !isAlb ? [ref(id)] : [],
    }),
    { dependsOn: ['CustomTopic', 'ServiceRole', ...(hasBalancer(parts) && isAlb ? [`${id}Listener80`] : [])] },
  );
}

function taskDefinition(parts: Gen1Parts): ResourceTemplate {
  const { world, request, release, service } = parts;
  const { rackName, region } = world.settings;
  return resource(
    `${upperName(service.name)}ECSTaskDefinition`,
    'Custom::ECSTaskDefinition',
    (ref) => ({
      family: `${rackName}-${request.app}-${service.name}`,
      taskDefinition: {
        app: request.app,
        service: service.name,
        release: release.id,
        generation: 1,
        program: programOf(release, service.name),
        port: service.ports.find(({ protocol }) => protocol === 'tcp')?.container,
        environment: gen1Environment({
          app: request.app,
          rack: rackName,
          region,
          rackVersion: request.rackVersion,
          release: release.id,
          build: release.build,
          service,
          appEnvironment: release.environment,
          linkVariables: linkVariables(parts, ref),
        }),
      },
    }),
    { dependsOn: ['CustomTopic', 'ServiceRole'] },
  );
}

/** Seven variables for each linked service with a balancer (convox/rack manifest1/service.go LinkVars). */
function linkVariables(parts: Gen1Parts, ref: Ref): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const link of parts.service.links) {
    const other = parts.services.find(({ name }) => name === link);
    const first = other === undefined ? undefined : balancerPorts(other)[0];
    if (other === undefined || first === undefined) continue;
    const target = { ...parts, service: other };
    const host = hasBalancer(target) ? balancerHost(target, ref) : 'DISABLED';
    const own = new Map(other.environment.map(({ name, value }) => [name, value]));
    const [scheme, user, password, path] = [
      own.get('LINK_SCHEME') ?? 'tcp',
      own.get('LINK_USERNAME') ?? '',
      own.get('LINK_PASSWORD') ?? '',
      own.get('LINK_PATH') ?? '',
    ];
    const wanted = own.get('LINK_PORT');
    const port = balancerPorts(other).find(({ container }) => String(container) === wanted) ?? first;
    const login = user === '' && password === '' ? '' : `${user}:${password}@`;
    const prefix = link.toUpperCase().replaceAll('-', '_');
    variables.set(`${prefix}_HOST`, host);
    variables.set(`${prefix}_PORT`, String(port.balancer));
    variables.set(`${prefix}_SCHEME`, scheme);
    variables.set(`${prefix}_USERNAME`, user);
    variables.set(`${prefix}_PASSWORD`, password);
    variables.set(`${prefix}_PATH`, path);
    variables.set(`${prefix}_URL`, `${scheme}://${login}${host}:${port.balancer}${path}`);
  }
  return variables;
}

/** Cron jobs are there, and never fire. */
function cronResources(services: readonly Gen1Service[]): readonly ResourceTemplate[] {
  const jobs = services.flatMap((service) =>
    [...service.labels].flatMap(([label, text]) => {
      if (!label.startsWith('convox.cron.')) return [];
      const name = upperName(label.slice('convox.cron.'.length));
      const schedule = `cron(${text.trim().split(/\s+/).slice(0, 5).join(' ')} *)`;
      return [plainResource(`${upperName(service.name)}${name}Rule`, 'AWS::Events::Rule', { schedule })];
    }),
  );
  if (jobs.length === 0) return [];
  return [
    plainResource('CronRole', 'AWS::IAM::Role'),
    plainResource('CronFunction', 'AWS::Lambda::Function', {}, { dependsOn: ['CronRole'] }),
    ...jobs,
  ];
}
