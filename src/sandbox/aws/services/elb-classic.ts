import type { ClassicBalancer, Target } from '../../model/load-balancing.ts';
import { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';
import { pageOf } from '../wire/pages.ts';
import type { QueryOperation, QueryParameters } from '../wire/query.ts';
import { members, xmlTime, type XmlElement } from '../wire/xml.ts';

/** Elastic Load Balancing API reference, version 2012-06-01. */
const MAX_PAGE = 400;
const MAX_TAGGED = 20;

export const classicOperations: Readonly<Record<string, QueryOperation>> = {
  DescribeLoadBalancers: describeLoadBalancers,
  DescribeInstanceHealth: describeInstanceHealth,
  DescribeTags: describeTags,
  DescribeLoadBalancerAttributes: describeAttributes,
};

function describeLoadBalancers(parameters: QueryParameters, account: Account): XmlElement {
  const names = parameters.list('LoadBalancerNames');
  const found = names.length > 0 ? names.map((name) => balancerOf(name, account)) : account.classicBalancers;
  const page = pageOf(found, {
    size: Math.min(MAX_PAGE, parameters.number('PageSize') ?? MAX_PAGE),
    token: parameters.find('Marker'),
    keyOf: ({ name }) => name,
  });
  return {
    LoadBalancerDescriptions: members(page.items, (balancer) => writeBalancer(balancer, account)),
    NextMarker: page.next,
  };
}

function describeInstanceHealth(parameters: QueryParameters, account: Account): XmlElement {
  const balancer = balancerOf(parameters.get('LoadBalancerName'), account);
  const wanted = parameters.find('Instances.member.1.InstanceId');
  const instances = instancesOf(balancer).filter((id) => wanted === undefined || id === wanted);
  return {
    InstanceStates: members(instances, (instanceId) => {
      const targets = [...balancer.targets.values()].filter((target) => target.instanceId === instanceId);
      return { InstanceId: instanceId, ...writeInstanceState(targets) };
    }),
  };
}

function describeTags(parameters: QueryParameters, account: Account): XmlElement {
  const names = parameters.list('LoadBalancerNames');
  if (names.length > MAX_TAGGED) {
    throw new AwsRefusal(
      'ValidationError',
      `1 validation error detected: Value '[${names.join(', ')}]' at 'loadBalancerNames' failed to satisfy ` +
        `constraint: Member must have length less than or equal to ${String(MAX_TAGGED)}`,
    );
  }
  return {
    TagDescriptions: members(names, (name) => ({
      LoadBalancerName: name,
      Tags: members(balancerOf(name, account).tags, ([Key, Value]) => ({ Key, Value })),
    })),
  };
}

function describeAttributes(parameters: QueryParameters, account: Account): XmlElement {
  const { drainingSeconds, idleSeconds } = balancerOf(parameters.get('LoadBalancerName'), account);
  return {
    LoadBalancerAttributes: {
      AccessLog: { Enabled: false },
      ConnectionDraining: { Enabled: drainingSeconds > 0, Timeout: drainingSeconds },
      ConnectionSettings: { IdleTimeout: idleSeconds },
      CrossZoneLoadBalancing: { Enabled: true },
    },
  };
}

function balancerOf(name: string, account: Account): ClassicBalancer {
  const balancer = account.classicBalancers.find((candidate) => candidate.name === name);
  if (balancer === undefined) {
    throw new AwsRefusal('LoadBalancerNotFound', `There is no ACTIVE Load Balancer named '${name}'`);
  }
  return balancer;
}

function instancesOf({ targets }: ClassicBalancer): readonly string[] {
  return [...new Set([...targets.values()].map(({ instanceId }) => instanceId))];
}

/** An instance serves as long as one of its tasks does (texts: API reference, InstanceState). */
function writeInstanceState(targets: readonly Target[]): XmlElement {
  const has = (state: Target['state']): boolean => targets.some((target) => target.state === state);
  if (has('healthy')) return { State: 'InService', ReasonCode: 'N/A', Description: 'N/A' };
  if (has('draining')) {
    return {
      State: 'InService',
      ReasonCode: 'N/A',
      Description: 'Instance deregistration currently in progress.',
    };
  }
  if (has('unhealthy')) {
    return {
      State: 'OutOfService',
      ReasonCode: 'Instance',
      Description: 'Instance has failed at least the UnhealthyThreshold number of health checks consecutively.',
    };
  }
  return {
    State: 'OutOfService',
    ReasonCode: 'ELB',
    Description: 'Instance registration is still in progress.',
  };
}

function writeBalancer(balancer: ClassicBalancer, { region }: Account): XmlElement {
  const { healthCheck } = balancer;
  const port = balancer.listeners[0]?.instancePort ?? 0;
  const isHttp = healthCheck.protocol === 'HTTP' || healthCheck.protocol === 'HTTPS';
  return {
    LoadBalancerName: balancer.name,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneName: balancer.scheme === 'internal' ? undefined : balancer.dnsName,
    CanonicalHostedZoneNameID: balancer.canonicalHostedZoneId,
    ListenerDescriptions: members(balancer.listeners, (listener) => ({
      Listener: {
        Protocol: listener.protocol,
        LoadBalancerPort: listener.port,
        InstanceProtocol: listener.instanceProtocol,
        InstancePort: listener.instancePort,
        SSLCertificateId: listener.certificateArn,
      },
      PolicyNames: '',
    })),
    AvailabilityZones: { member: balancer.addresses.map((_, index) => `${region}${'abcdef'.charAt(index)}`) },
    VPCId: balancer.vpcId,
    Instances: members(instancesOf(balancer), (InstanceId) => ({ InstanceId })),
    HealthCheck: {
      Target: `${healthCheck.protocol}:${String(port)}${isHttp ? healthCheck.path : ''}`,
      Interval: healthCheck.intervalSeconds,
      Timeout: healthCheck.timeoutSeconds,
      UnhealthyThreshold: healthCheck.unhealthyThreshold,
      HealthyThreshold: healthCheck.healthyThreshold,
    },
    CreatedTime: xmlTime(balancer.createdAt),
    Scheme: balancer.scheme,
  };
}
