import type { Listener, LoadBalancer, Rule } from '../../model/load-balancing.ts';
import { AwsRefusal } from '../../world.ts';
import type { Account } from '../account.ts';
import { MAX_CERTIFICATES_PER_BALANCER, MAX_RULES_PER_BALANCER } from '../balancing.ts';
import { pageOf } from '../wire/pages.ts';
import type { QueryOperation, QueryParameters } from '../wire/query.ts';
import { members, xmlTime, type XmlElement } from '../wire/xml.ts';
import { targetGroupOperations } from './target-groups.ts';

/** Elastic Load Balancing API reference: the largest page of every Describe call, and of DescribeTags. */
const MAX_PAGE = 400;
const MAX_TAGGED = 20;

/** Names and defaults of the quotas (ELB user guide, "Quotas for your Application Load Balancers"). */
const LIMITS: readonly (readonly [string, number])[] = [
  ['application-load-balancers', 50],
  ['certificates-per-application-load-balancer', MAX_CERTIFICATES_PER_BALANCER],
  ['listeners-per-application-load-balancer', 50],
  ['rules-per-application-load-balancer', MAX_RULES_PER_BALANCER],
  ['target-groups', 3000],
  ['target-groups-per-application-load-balancer', 100],
  ['targets-per-application-load-balancer', 1000],
];

export const elbv2Operations: Readonly<Record<string, QueryOperation>> = {
  DescribeLoadBalancers: describeLoadBalancers,
  DescribeLoadBalancerAttributes: (parameters, account) => ({
    Attributes: members(balancerOf(parameters.get('LoadBalancerArn'), account).attributes, ([Key, Value]) => ({
      Key,
      Value,
    })),
  }),
  DescribeListeners: describeListeners,
  DescribeRules: describeRules,
  DescribeListenerCertificates: describeListenerCertificates,
  DescribeTags: describeTags,
  DescribeAccountLimits: () => ({ Limits: members(LIMITS, ([Name, Max]) => ({ Name, Max: String(Max) })) }),
  ...targetGroupOperations,
};

function describeLoadBalancers(parameters: QueryParameters, account: Account): XmlElement {
  const arns = parameters.list('LoadBalancerArns');
  const names = parameters.list('Names');
  const missingName = names.find((name) => !account.loadBalancers.some((balancer) => balancer.name === name));
  if (missingName !== undefined) throw new AwsRefusal('LoadBalancerNotFound', 'One or more load balancers not found');
  const found =
    arns.length > 0
      ? arns.map((arn) => balancerOf(arn, account))
      : account.loadBalancers.filter(({ name }) => names.length === 0 || names.includes(name));
  const page = pageOf(found, { ...pageRequest(parameters), keyOf: ({ arn }) => arn });
  return { LoadBalancers: members(page.items, (balancer) => writeBalancer(balancer, account)), NextMarker: page.next };
}

function describeListeners(parameters: QueryParameters, account: Account): XmlElement {
  const arns = parameters.list('ListenerArns');
  const found =
    arns.length > 0
      ? arns.map((arn) => listenerOf(arn, account))
      : [...balancerOf(parameters.get('LoadBalancerArn'), account).listeners.values()];
  const page = pageOf(found, { ...pageRequest(parameters), keyOf: ({ arn }) => arn });
  return { Listeners: members(page.items, writeListener), NextMarker: page.next };
}

function describeRules(parameters: QueryParameters, account: Account): XmlElement {
  const arns = parameters.list('RuleArns');
  const written =
    arns.length > 0
      ? arns.map((arn) => writeRule(ruleOf(arn, account)))
      : writeRules(listenerOf(parameters.get('ListenerArn'), account));
  const page = pageOf(written, { ...pageRequest(parameters), keyOf: ({ RuleArn }) => RuleArn });
  return { Rules: members(page.items, (rule) => rule), NextMarker: page.next };
}

function describeListenerCertificates(parameters: QueryParameters, account: Account): XmlElement {
  const { defaultCertificateArn, certificateArns } = listenerOf(parameters.get('ListenerArn'), account);
  const all = [
    ...(defaultCertificateArn === undefined ? [] : [{ CertificateArn: defaultCertificateArn, IsDefault: true }]),
    ...[...certificateArns].map((arn) => ({ CertificateArn: arn, IsDefault: false })),
  ];
  const page = pageOf(all, {
    ...pageRequest(parameters),
    keyOf: ({ CertificateArn, IsDefault }) => `${CertificateArn} ${String(IsDefault)}`,
  });
  return { Certificates: members(page.items, (certificate) => certificate), NextMarker: page.next };
}

function describeTags(parameters: QueryParameters, account: Account): XmlElement {
  const arns = parameters.list('ResourceArns');
  if (arns.length > MAX_TAGGED) {
    throw new AwsRefusal(
      'ValidationError',
      `1 validation error detected: Value '[${arns.join(', ')}]' at 'resourceArns' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${String(MAX_TAGGED)}`,
    );
  }
  return {
    TagDescriptions: members(arns, (arn) => ({
      ResourceArn: arn,
      Tags: members(tagsOf(arn, account), ([Key, Value]) => ({ Key, Value })),
    })),
  };
}

function tagsOf(arn: string, account: Account): ReadonlyMap<string, string> {
  if (arn.includes(':loadbalancer/')) return balancerOf(arn, account).tags;
  if (arn.includes(':targetgroup/')) {
    const group = account.targetGroups.find((candidate) => candidate.arn === arn);
    if (group === undefined) throw new AwsRefusal('TargetGroupNotFound', `Target groups '${arn}' not found`);
    return group.tags;
  }
  // Listeners and rules carry no tags in any template of the rack; a wrong ARN is refused all the same.
  if (arn.includes(':listener-rule/')) ruleOf(arn, account);
  else listenerOf(arn, account);
  return new Map();
}

function pageRequest(parameters: QueryParameters) {
  const size = Math.min(MAX_PAGE, parameters.number('PageSize') ?? MAX_PAGE);
  return { size, token: parameters.find('Marker') };
}

function balancerOf(arn: string, account: Account): LoadBalancer {
  const balancer = account.loadBalancers.find((candidate) => candidate.arn === arn);
  if (balancer === undefined) throw new AwsRefusal('LoadBalancerNotFound', `Load balancers '[${arn}]' not found`);
  return balancer;
}

function listenerOf(arn: string, account: Account): Listener {
  const listener = account.loadBalancers
    .flatMap(({ listeners }) => [...listeners.values()])
    .find((candidate) => candidate.arn === arn);
  if (listener === undefined) throw new AwsRefusal('ListenerNotFound', `Listener '${arn}' not found`);
  return listener;
}

function ruleOf(arn: string, account: Account): Rule {
  const rule = account.loadBalancers
    .flatMap(({ listeners }) => [...listeners.values()])
    .flatMap(({ rules }) => [...rules.values()])
    .find((candidate) => candidate.arn === arn);
  if (rule === undefined) throw new AwsRefusal('RuleNotFound', `One or more rules not found`);
  return rule;
}

function writeBalancer(balancer: LoadBalancer, { region }: Account): XmlElement {
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneId: balancer.canonicalHostedZoneId,
    CreatedTime: xmlTime(balancer.createdAt),
    LoadBalancerName: balancer.name,
    Scheme: balancer.scheme,
    VpcId: balancer.vpcId,
    State: { Code: balancer.state },
    Type: 'application',
    AvailabilityZones: members(balancer.addresses, (address) => ({
      ZoneName: `${region}${'abcdef'.charAt(balancer.addresses.indexOf(address))}`,
    })),
    IpAddressType: 'ipv4',
  };
}

function writeListener(listener: Listener): XmlElement {
  return {
    ListenerArn: listener.arn,
    LoadBalancerArn: listener.loadBalancerArn,
    Port: listener.port,
    Protocol: listener.protocol,
    Certificates:
      listener.defaultCertificateArn === undefined
        ? undefined
        : members([listener.defaultCertificateArn], (arn) => ({ CertificateArn: arn })),
    SslPolicy: listener.protocol === 'HTTPS' ? 'ELBSecurityPolicy-2016-08' : undefined,
    DefaultActions: members([listener.defaultAction], writeAction),
  };
}

/** By priority, the default rule last, as AWS answers. */
function writeRules(listener: Listener): (XmlElement & { readonly RuleArn: string })[] {
  const rules = [...listener.rules.values()].toSorted((a, b) => a.priority - b.priority);
  return [
    ...rules.map(writeRule),
    {
      // A constant of the listener: its own id once more.
      RuleArn: `${listener.arn.replace(':listener/', ':listener-rule/')}/${listener.arn.split('/').at(-1) ?? ''}`,
      Priority: 'default',
      Conditions: members([], () => undefined),
      Actions: members([listener.defaultAction], writeAction),
      IsDefault: true,
    },
  ];
}

function writeRule(rule: Rule): XmlElement & { readonly RuleArn: string } {
  return {
    RuleArn: rule.arn,
    Priority: String(rule.priority),
    Conditions: members([rule.hosts], (hosts) => ({
      Field: 'host-header',
      Values: { member: hosts },
      HostHeaderConfig: { Values: { member: hosts } },
    })),
    Actions: members([rule.action], writeAction),
    IsDefault: false,
  };
}

function writeAction(action: Rule['action']): XmlElement {
  switch (action.type) {
    case 'forward':
      return {
        Type: 'forward',
        TargetGroupArn: action.targetGroupArn,
        ForwardConfig: {
          TargetGroups: { member: [{ TargetGroupArn: action.targetGroupArn, Weight: 1 }] },
          TargetGroupStickinessConfig: { Enabled: false },
        },
        Order: 1,
      };
    case 'redirect-to-https':
      return {
        Type: 'redirect',
        RedirectConfig: {
          Protocol: 'HTTPS',
          Port: '443',
          Host: '#{host}',
          Path: '/#{path}',
          Query: '#{query}',
          StatusCode: 'HTTP_301',
        },
        Order: 1,
      };
    case 'fixed-response':
      return {
        Type: 'fixed-response',
        FixedResponseConfig: {
          MessageBody: action.body,
          StatusCode: String(action.status),
          ContentType: 'text/plain',
        },
        Order: 1,
      };
  }
}
