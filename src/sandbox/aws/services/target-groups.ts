import type { Target, TargetGroup } from '../../model/load-balancing.ts';
import { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';
import { balancersForwardingTo } from '../balancing.ts';
import { pageOf } from '../wire/pages.ts';
import type { QueryOperation, QueryParameters } from '../wire/query.ts';
import { members, type XmlElement } from '../wire/xml.ts';

const MAX_PAGE = 400;

export const targetGroupOperations: Readonly<Record<string, QueryOperation>> = {
  DescribeTargetGroups: describeTargetGroups,
  DescribeTargetGroupAttributes: describeTargetGroupAttributes,
  DescribeTargetHealth: describeTargetHealth,
};

function describeTargetGroups(parameters: QueryParameters, account: Account): XmlElement {
  const arns = parameters.list('TargetGroupArns');
  const names = parameters.list('Names');
  const balancerArn = parameters.find('LoadBalancerArn');
  if (balancerArn !== undefined && !account.loadBalancers.some(({ arn }) => arn === balancerArn)) {
    throw new AwsRefusal('LoadBalancerNotFound', `Load balancers '[${balancerArn}]' not found`);
  }
  if (names.some((name) => !account.targetGroups.some((group) => group.name === name))) {
    throw new AwsRefusal('TargetGroupNotFound', 'One or more target groups not found');
  }
  const named =
    arns.length > 0
      ? arns.map((arn) => groupOf(arn, account))
      : account.targetGroups.filter(({ name }) => names.length === 0 || names.includes(name));
  const found = named
    .map((group) => ({ group, balancers: balancersForwardingTo(account.world.balancing, group.arn) }))
    .filter(({ balancers }) => balancerArn === undefined || balancers.includes(balancerArn));
  const page = pageOf(found, {
    size: Math.min(MAX_PAGE, parameters.number('PageSize') ?? MAX_PAGE),
    token: parameters.find('Marker'),
    keyOf: ({ group }) => group.arn,
  });
  return {
    TargetGroups: members(page.items, ({ group, balancers }) => writeGroup(group, balancers)),
    NextMarker: page.next,
  };
}

function describeTargetGroupAttributes(parameters: QueryParameters, account: Account): XmlElement {
  const group = groupOf(parameters.get('TargetGroupArn'), account);
  const attributes: readonly (readonly [string, string])[] = [
    ['deregistration_delay.timeout_seconds', String(group.deregistrationDelaySeconds)],
    ['stickiness.enabled', String(group.stickiness)],
    ['stickiness.type', 'lb_cookie'],
  ];
  return { Attributes: members(attributes, ([Key, Value]) => ({ Key, Value })) };
}

function describeTargetHealth(parameters: QueryParameters, account: Account): XmlElement {
  const group = groupOf(parameters.get('TargetGroupArn'), account);
  const isUsed = balancersForwardingTo(account.world.balancing, group.arn).length > 0;
  const wantedId = parameters.find('Targets.member.1.Id');
  const targets = [...group.targets.values()].filter(
    ({ instanceId }) => wantedId === undefined || instanceId === wantedId,
  );
  return {
    TargetHealthDescriptions: members(targets, (target) => ({
      Target: { Id: target.instanceId, Port: target.hostPort },
      HealthCheckPort: String(target.hostPort),
      TargetHealth: isUsed ? writeHealth(target) : UNUSED,
    })),
  };
}

/** DescribeTargetHealth of a group no listener or rule forwards to (ELB API reference, TargetHealth). */
const UNUSED: XmlElement = {
  State: 'unused',
  Reason: 'Target.NotInUse',
  Description: 'Target group is not configured to receive traffic from the load balancer',
};

function writeHealth({ state, reason, description }: Target): XmlElement {
  return { State: state, Reason: reason, Description: description };
}

function groupOf(arn: string, account: Account): TargetGroup {
  const group = account.targetGroups.find((candidate) => candidate.arn === arn);
  if (group === undefined) throw new AwsRefusal('TargetGroupNotFound', 'One or more target groups not found');
  return group;
}

function writeGroup(group: TargetGroup, balancers: readonly string[]): XmlElement {
  const { healthCheck } = group;
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpcId,
    HealthCheckProtocol: healthCheck.protocol,
    HealthCheckPort: 'traffic-port',
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: healthCheck.intervalSeconds,
    HealthCheckTimeoutSeconds: healthCheck.timeoutSeconds,
    HealthyThresholdCount: healthCheck.healthyThreshold,
    UnhealthyThresholdCount: healthCheck.unhealthyThreshold,
    HealthCheckPath: healthCheck.path,
    Matcher: healthCheck.matcher === '' ? undefined : { HttpCode: healthCheck.matcher },
    LoadBalancerArns: { member: balancers },
    TargetType: 'instance',
    ProtocolVersion: 'HTTP1',
    IpAddressType: 'ipv4',
  };
}
