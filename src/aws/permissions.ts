import {
  DescribeCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
} from '@aws-sdk/client-acm';
import {
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  ListStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import { GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  DescribeInstanceHealthCommand,
  DescribeLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  DescribeAccountLimitsCommand,
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetHostedZoneCommand, ListHostedZonesCommand, ListResourceRecordSetsCommand } from '@aws-sdk/client-route-53';
import { MigrationError } from '../errors.ts';
import { ask } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

export interface FindMissingPermissionsOptions {
  readonly clients: Omit<AwsClients, 'destroy'>;
  /** The rack's stack, ARN or name. */
  readonly stack: string;
}

type Probe = readonly [action: string, send: (options: { abortSignal: AbortSignal }) => Promise<unknown>];

/**
 * Tries every read a migration makes, with things that need not exist, and returns the IAM actions that were refused:
 * all at once, so that they can be granted at once. Writes cannot be tried without writing.
 *
 * @throws {MigrationError} for what is wrong with all of them: `AWS_CREDENTIALS`, `AWS_UNREACHABLE`, …
 */
export async function findMissingPermissions(
  { clients, stack }: FindMissingPermissionsOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const [action, send] of [...stackProbes(clients, stack), ...balancerProbes(clients), ...otherProbes(clients)]) {
    try {
      await ask(`try ${action}`, action, send, signal);
    } catch (error) {
      if (MigrationError.is(error, 'AWS_DENIED')) missing.add(String(error.details['action']));
      // Any other refusal (no such balancer, …) comes after the permission was looked at.
      else if (!MigrationError.is(error, 'AWS_REFUSED')) throw error;
    }
  }
  return [...missing].toSorted();
}

function stackProbes(
  { cloudFormation }: FindMissingPermissionsOptions['clients'],
  StackName: string,
): readonly Probe[] {
  return [
    ['cloudformation:DescribeStacks', (o) => cloudFormation.send(new DescribeStacksCommand({ StackName }), o)],
    [
      'cloudformation:DescribeStackResource',
      (o) => cloudFormation.send(new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'Router' }), o),
    ],
    ['cloudformation:ListStackResources', (o) => cloudFormation.send(new ListStackResourcesCommand({ StackName }), o)],
    [
      'cloudformation:DescribeStackEvents',
      (o) => cloudFormation.send(new DescribeStackEventsCommand({ StackName }), o),
    ],
  ];
}

function balancerProbes({ elb, elbv2, region }: FindMissingPermissionsOptions['clients']): readonly Probe[] {
  const arn = (what: string): string => `arn:aws:elasticloadbalancing:${region}:000000000000:${what}`;
  const LoadBalancerArn = arn('loadbalancer/app/convox-gen2/0000000000000000');
  const ListenerArn = arn('listener/app/convox-gen2/0000000000000000/0000000000000000');
  const TargetGroupArn = arn('targetgroup/convox-gen2/0000000000000000');
  const prefix = 'elasticloadbalancing';
  return [
    [`${prefix}:DescribeLoadBalancers`, (o) => elbv2.send(new DescribeLoadBalancersCommand({ PageSize: 1 }), o)],
    [`${prefix}:DescribeTags`, (o) => elbv2.send(new DescribeTagsCommand({ ResourceArns: [LoadBalancerArn] }), o)],
    [`${prefix}:DescribeListeners`, (o) => elbv2.send(new DescribeListenersCommand({ LoadBalancerArn }), o)],
    [`${prefix}:DescribeRules`, (o) => elbv2.send(new DescribeRulesCommand({ ListenerArn }), o)],
    [
      `${prefix}:DescribeListenerCertificates`,
      (o) => elbv2.send(new DescribeListenerCertificatesCommand({ ListenerArn }), o),
    ],
    [`${prefix}:DescribeTargetHealth`, (o) => elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }), o)],
    [`${prefix}:DescribeAccountLimits`, (o) => elbv2.send(new DescribeAccountLimitsCommand({}), o)],
    [
      `${prefix}:DescribeInstanceHealth`,
      (o) => elb.send(new DescribeInstanceHealthCommand({ LoadBalancerName: 'convox-gen2' }), o),
    ],
    [
      `${prefix}:DescribeLoadBalancerAttributes`,
      (o) => elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerName: 'convox-gen2' }), o),
    ],
  ];
}

function otherProbes({ acm, route53, cloudWatch, region }: FindMissingPermissionsOptions['clients']): readonly Probe[] {
  const CertificateArn = `arn:aws:acm:${region}:000000000000:certificate/00000000-0000-0000-0000-000000000000`;
  const HostedZoneId = 'Z0000000000000';
  const now = new Date();
  const nothing = { MetricDataQueries: [], StartTime: new Date(now.getTime() - 60_000), EndTime: now };
  return [
    ['acm:ListCertificates', (o) => acm.send(new ListCertificatesCommand({ MaxItems: 1 }), o)],
    ['acm:DescribeCertificate', (o) => acm.send(new DescribeCertificateCommand({ CertificateArn }), o)],
    ['acm:ListTagsForCertificate', (o) => acm.send(new ListTagsForCertificateCommand({ CertificateArn }), o)],
    ['route53:ListHostedZones', (o) => route53.send(new ListHostedZonesCommand({ MaxItems: 1 }), o)],
    ['route53:GetHostedZone', (o) => route53.send(new GetHostedZoneCommand({ Id: HostedZoneId }), o)],
    [
      'route53:ListResourceRecordSets',
      (o) => route53.send(new ListResourceRecordSetsCommand({ HostedZoneId, MaxItems: 1 }), o),
    ],
    ['cloudwatch:GetMetricData', (o) => cloudWatch.send(new GetMetricDataCommand(nothing), o)],
  ];
}
