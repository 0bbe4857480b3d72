import { DEFAULT_PROGRAM, type Program } from '../../model/compute.ts';
import type { ResourceTemplate, StackOutput, StackTemplate } from '../../model/stacks.ts';
import type { World } from '../../world.ts';
import { plainResource, resource } from '../resource-properties.ts';
import { output } from './app-request.ts';
import { atLeast, FEATURES } from './rack-features.ts';
import { rackParameters } from './rack-parameters.ts';
import {
  apiTargetGroup,
  convoxHost,
  forwardsToApi,
  routerCertificate,
  routerOutputs,
  routerResources,
  routersOf,
  type RackParts,
} from './rack-routers.ts';

export interface RackRequest {
  readonly version: string;
  /** Values in force or wanted; unknown ones are ignored, missing ones get their default. */
  readonly parameters: ReadonlyMap<string, string>;
}

type Ref = (logicalId: string) => string;

/** The rack's own stack, as far as apps, balancers and the Rack API depend on it (convox/rack provider/aws/formation/rack.json). */
export function rackTemplate(world: World, { version, parameters: given }: RackRequest): StackTemplate {
  const parameters = rackParameters(version, given);
  const parts: RackParts = { world, version, parameters };
  const routers = routersOf(parts);
  return {
    parameters,
    resources: [
      ...network(parts),
      ...routers.flatMap((router) => routerResources(parts, router)),
      ...(atLeast(version, FEATURES.apiBalancer) ? apiBalancer(parts) : [classicApiBalancer(parts)]),
      ...apiTasks(parts),
    ],
    outputs: (ref) => [
      ...plainOutputs(parts, ref),
      ...routers.flatMap((router) => routerOutputs(parts, router, ref)),
      output('Dashboard', apiHost(parts, ref)),
      ...(atLeast(version, FEATURES.rackDomain) ? [output('RackDomain', apiHost(parts, ref))] : []),
    ],
  };
}

function network({ world, version, parameters }: RackParts): readonly ResourceTemplate[] {
  const instances = {
    version,
    count: parameters.get('InstanceCount') ?? '',
    type: parameters.get('InstanceType') ?? '',
  };
  const zone = resource('HostedZone', 'AWS::Route53::HostedZone', () => ({
    name: `${world.settings.rackName}.convox.`,
  }));
  return [
    plainResource('Vpc', 'AWS::EC2::VPC'),
    plainResource('Subnet0', 'AWS::EC2::Subnet', {}, { dependsOn: ['Vpc'] }),
    plainResource('Subnet1', 'AWS::EC2::Subnet', {}, { dependsOn: ['Vpc'] }),
    plainResource('Subnet2', 'AWS::EC2::Subnet', {}, { dependsOn: ['Vpc'] }),
    plainResource('RouterSecurity', 'AWS::EC2::SecurityGroup', {}, { dependsOn: ['Vpc'] }),
    plainResource('Cluster', 'AWS::ECS::Cluster'),
    plainResource('EncryptionKey', 'Custom::KMSKey'),
    plainResource('ServiceRole', 'AWS::IAM::Role'),
    plainResource('LogBucket', 'AWS::S3::Bucket', {}, { retain: true }),
    plainResource('LogGroup', 'AWS::Logs::LogGroup'),
    plainResource('NotificationTopic', 'AWS::SNS::Topic'),
    plainResource('DynamoBuilds', 'AWS::DynamoDB::Table', {}, { retain: true }),
    plainResource('DynamoReleases', 'AWS::DynamoDB::Table', {}, { retain: true }),
    plainResource('Instances', 'AWS::AutoScaling::AutoScalingGroup', instances, { dependsOn: ['Cluster'] }),
    ...(hasHostedZone(version) ? [zone] : []),
  ];
}

function hasHostedZone(version: string): boolean {
  return (version >= '20171206173224' && version < '20171209011923') || atLeast(version, FEATURES.convoxHostNames);
}

function plainOutputs({ world, version, parameters }: RackParts, ref: Ref): readonly StackOutput[] {
  const { rackName, vpcId } = world.settings;
  const values: (readonly [string, string])[] = [
    ['Cluster', ref('Cluster')],
    ['EncryptionKey', ref('EncryptionKey')],
    ['Internal', parameters.get('Internal') ?? 'No'],
    ['LogBucket', ref('LogBucket')],
    ['Rack', rackName],
    [atLeast(version, FEATURES.versionOutput) ? 'Version' : 'Release', version],
    ['ServiceRole', ref('ServiceRole')],
    ['StackId', world.cloudFormation.find(rackName)?.arn ?? ''],
    ['Subnet0', ref('Subnet0')],
    ['Subnet1', ref('Subnet1')],
    ['Subnet2', ref('Subnet2')],
    ['Vpc', vpcId],
  ];
  if (hasHostedZone(version)) values.push(['HostedZone', ref('HostedZone')]);
  if (atLeast(version, FEATURES.elbLogBucket)) values.push(['ELBLogBucket', ref('LogBucket')]);
  if (atLeast(version, FEATURES.routerSecurityGroupOutput)) values.push(['RouterSecurityGroup', ref('RouterSecurity')]);
  if (atLeast(version, FEATURES.internalOnly) && parameters.get('Internal') === 'Yes') {
    values.push(['RouterInternalSecurityGroup', ref('RouterSecurity')]);
  }
  return values.map(([key, value]) => output(key, value, `${rackName}:${key}`));
}

/** Host of the Rack API as the stack names it. */
function apiHost({ world, version }: RackParts, ref: Ref): string {
  return atLeast(version, FEATURES.apiBalancer)
    ? `rack.${convoxHost(world, ref('ApiBalancer'))}`
    : (world.balancing.classic.get(ref('Balancer'))?.dnsName ?? '');
}

/** `R`, or `R-i` when the API is private. */
function apiBalancerName({ world, parameters }: RackParts): string {
  return `${world.settings.rackName}${parameters.get('PrivateApi') === 'Yes' ? '-i' : ''}`;
}

function apiScheme({ parameters }: RackParts): 'internal' | 'internet-facing' {
  return parameters.get('PrivateApi') === 'Yes' ? 'internal' : 'internet-facing';
}

function classicApiBalancer(parts: RackParts): ResourceTemplate {
  return resource('Balancer', 'AWS::ElasticLoadBalancing::LoadBalancer', () => ({
    name: apiBalancerName(parts),
    scheme: apiScheme(parts),
    listeners: [
      { port: 80, protocol: 'TCP', instanceProtocol: 'TCP', instancePort: 4000, certificateArn: undefined },
      { port: 443, protocol: 'TCP', instanceProtocol: 'TCP', instancePort: 4001, certificateArn: undefined },
    ],
    healthCheck: {
      protocol: 'HTTP',
      path: '/check',
      intervalSeconds: 5,
      timeoutSeconds: 3,
      healthyThreshold: 2,
      unhealthyThreshold: 2,
      matcher: '200',
    },
    drainingSeconds: 60,
    idleSeconds: 3600,
  }));
}

function apiBalancer(parts: RackParts): readonly ResourceTemplate[] {
  const { world } = parts;
  const { rackName } = world.settings;
  const rule = (id: string, priority: number, hosts: (ref: Ref) => readonly string[]): ResourceTemplate =>
    resource(id, 'AWS::ElasticLoadBalancingV2::ListenerRule', (ref) => ({
      listenerArn: ref('ApiBalancerListener443'),
      priority,
      hosts: hosts(ref),
      targetGroupArn: ref('ApiBalancerTargetGroup'),
    }));
  return [
    resource('ApiBalancer', 'AWS::ElasticLoadBalancingV2::LoadBalancer', () => ({
      name: apiBalancerName(parts),
      scheme: apiScheme(parts),
      tags: new Map([['Rack', rackName]]),
    })),
    routerCertificate(world, 'ApiBalancerCertificate', 'ApiBalancer'),
    apiTargetGroup('ApiBalancerTargetGroup'),
    resource('ApiBalancerListener443', 'AWS::ElasticLoadBalancingV2::Listener', (ref) => ({
      loadBalancerArn: ref('ApiBalancer'),
      port: 443,
      protocol: 'HTTPS',
      defaultAction: { type: 'fixed-response', status: 404, body: 'unknown host' },
      certificateArn: ref('ApiBalancerCertificate'),
    })),
    rule('ApiBalancerListenerRule443', 1, (ref) => [`rack.${convoxHost(world, ref('ApiBalancer'))}`]),
    rule('ApiBalancerListenerRule443Internal', 2, () => [`rack.${rackName}.convox`]),
  ];
}

/** First version whose API answers as the standard dialect does. */
const STANDARD_API = '20180711032918';

/** The API's answer without a password. */
function unauthenticated(version: string): NonNullable<Program['otherReply']> {
  if (atLeast(version, STANDARD_API)) {
    return { headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'invalid authentication\n' };
  }
  return {
    headers: { 'WWW-Authenticate': 'Basic realm="Convox System"', 'Content-Type': 'text/plain; charset=utf-8' },
    body: 'Unable to authenticate.\nPlease confirm your Rack API Key is correct.\nSee https://convox.com/docs/api-keys/ for more information.',
  };
}

/** The API's tasks, as a host that no rule knows sees them on older racks: 401 without a password (`/check` is open). */
function apiTasks(parts: RackParts): readonly ResourceTemplate[] {
  const { world, version, parameters } = parts;
  const { rackName } = world.settings;
  const tasks = resource('ApiWebTasks', 'AWS::ECS::TaskDefinition', () => ({
    family: `${rackName}-api-web`,
    taskDefinition: {
      app: rackName,
      service: 'web',
      release: version,
      generation: 1,
      program: {
        ...DEFAULT_PROGRAM,
        bootSeconds: 5,
        statusByPath: { '/check': 200 },
        otherStatus: 401,
        otherReply: unauthenticated(version),
      },
      port: 3000,
      environment: new Map([
        ['RACK', rackName],
        ['RELEASE', version],
        ['INTERNAL', parameters.get('Internal') ?? 'No'],
      ]),
    },
  }));
  if (atLeast(version, FEATURES.apiBalancer)) {
    return [tasks, apiService(parts, 'ApiWeb', ['ApiBalancerTargetGroup'], ['ApiBalancerListenerRule443'])];
  }
  const [first, ...others] = forwardsToApi(version) ? routersOf(parts) : [];
  return [
    tasks,
    apiService(
      parts,
      'ApiWeb',
      first === undefined ? [] : [`${first}ApiTargetGroup`],
      first === undefined ? [] : [`${first}Listener443`],
    ),
    // A service of its own for each further balancer, so that switching one on does not replace the API itself.
    ...others.map((router) =>
      apiService(parts, `ApiWeb${router}`, [`${router}ApiTargetGroup`], [`${router}Listener443`]),
    ),
  ];
}

function apiService(
  parts: RackParts,
  id: string,
  targetGroups: readonly string[],
  listeners: readonly string[],
): ResourceTemplate {
  const { world, version, parameters } = parts;
  const isOnClassic = id === 'ApiWeb' && !atLeast(version, FEATURES.apiBalancer);
  return resource(
    id,
    'AWS::ECS::Service',
    (ref) => ({
      app: world.settings.rackName,
      service: 'web',
      desiredCount: Number(parameters.get('ApiCount') ?? '2'),
      minimumPercent: 50,
      maximumPercent: 200,
      graceSeconds: 0,
      taskDefinitionArn: ref('ApiWebTasks'),
      targetGroupArns: targetGroups.map(ref),
      classicBalancerNames: isOnClassic ? [ref('Balancer')] : [],
    }),
    { dependsOn: ['Instances', ...listeners] },
  );
}
