import {
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  paginateDescribeLoadBalancers,
  type LoadBalancer,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ask, askAll, awsCodeOf, present } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

type Clients = Pick<AwsClients, 'elbv2'>;

/** A balancer of the second API: application or network. */
export interface ApplicationBalancer {
  readonly arn: string;
  readonly name: string;
  readonly dnsName: string;
  readonly canonicalHostedZoneId: string;
  readonly scheme: 'internet-facing' | 'internal';
  readonly vpcId: string;
  readonly type: 'application' | 'network' | 'gateway';
  readonly state: 'active' | 'provisioning' | 'active_impaired' | 'failed';
}

const TAGS_PER_CALL = 20;

/** Reads one balancer by ARN; `undefined` when it is gone. */
export async function findApplicationBalancer(
  { clients, arn }: { readonly clients: Clients; readonly arn: string },
  signal: AbortSignal,
): Promise<ApplicationBalancer | undefined> {
  const what = `read balancer ${balancerMetricName(arn)}`;
  try {
    const answer = await ask(
      what,
      'elasticloadbalancing:DescribeLoadBalancers',
      (options) => clients.elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }), options),
      signal,
    );
    const balancer = answer.LoadBalancers?.[0];
    return balancer === undefined ? undefined : applicationBalancer(balancer, what);
  } catch (error) {
    if (awsCodeOf(error)?.startsWith('LoadBalancerNotFound')) return undefined;
    throw error;
  }
}

/** Reads all balancers of the region, page by page. */
export async function listApplicationBalancers(
  { clients, pageSize }: { readonly clients: Clients; readonly pageSize?: number },
  signal: AbortSignal,
): Promise<readonly ApplicationBalancer[]> {
  const what = 'list the application balancers';
  const balancers = await askAll(
    what,
    'elasticloadbalancing:DescribeLoadBalancers',
    (options) => {
      const config = { client: clients.elbv2, ...(pageSize === undefined ? {} : { pageSize }) };
      return paginateDescribeLoadBalancers(config, {}, options);
    },
    (page) => page.LoadBalancers,
    signal,
  );
  return balancers.map((balancer) => applicationBalancer(balancer, what));
}

/** Reads the tags of balancers, target groups or rules, by ARN; 20 a request (AWS API reference, DescribeTags). */
export async function readBalancerTags(
  { clients, arns }: { readonly clients: Clients; readonly arns: readonly string[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const tags = new Map<string, Readonly<Record<string, string>>>();
  for (let at = 0; at < arns.length; at += TAGS_PER_CALL) {
    const group = arns.slice(at, at + TAGS_PER_CALL);
    const answer = await ask(
      'read the tags of balancers',
      'elasticloadbalancing:DescribeTags',
      (options) => clients.elbv2.send(new DescribeTagsCommand({ ResourceArns: group }), options),
      signal,
    );
    for (const { ResourceArn: arn, Tags: list = [] } of answer.TagDescriptions ?? []) {
      if (arn !== undefined) tags.set(arn, Object.fromEntries(list.map(({ Key = '', Value = '' }) => [Key, Value])));
    }
  }
  return tags;
}

/** `app/<name>/<id>` of a balancer's ARN or `targetgroup/<name>/<id>` of a target group's: CloudWatch's dimension value. */
export function balancerMetricName(arn: string): string {
  return arn.split(':loadbalancer/')[1] ?? arn.split(':').at(-1) ?? arn;
}

function applicationBalancer(balancer: LoadBalancer, what: string): ApplicationBalancer {
  return {
    arn: present(balancer.LoadBalancerArn, 'LoadBalancerArn', what),
    name: present(balancer.LoadBalancerName, 'LoadBalancerName', what),
    dnsName: present(balancer.DNSName, 'DNSName', what),
    canonicalHostedZoneId: present(balancer.CanonicalHostedZoneId, 'CanonicalHostedZoneId', what),
    scheme: balancer.Scheme ?? 'internet-facing',
    vpcId: balancer.VpcId ?? '',
    type: balancer.Type ?? 'application',
    state: balancer.State?.Code ?? 'active',
  };
}
