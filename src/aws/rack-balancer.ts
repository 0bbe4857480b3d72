import type { AwsClients } from './clients.ts';
import type { RackBalancerRole } from './rack-facts.ts';

/** How a balancer was found, from the most to the least certain. */
export type BalancerEvidence = 'logical-id' | 'dns-name' | 'stack-tags' | 'rack-tag' | 'name' | 'rack-outputs';

export interface RackBalancer {
  readonly role: RackBalancerRole;
  readonly arn?: string;
  readonly name?: string;
  readonly dnsName: string;
  /** What an alias record to it names beside the DNS name. */
  readonly canonicalHostedZoneId?: string;
  readonly scheme: 'internet-facing' | 'internal';
  readonly vpcId?: string;
  readonly kind: 'application' | 'classic';
  /** `app/<name>/<id>`: CloudWatch's name for it. */
  readonly metricName?: string;
  readonly how: BalancerEvidence;
  /** True if AWS's own description agrees with the rack's outputs in name, scheme, network and type. */
  readonly crossChecked: boolean;
  readonly warnings: readonly string[];
}

/** The clients the search for a rack's balancers takes. */
export type RackBalancerClients = Pick<AwsClients, 'cloudFormation' | 'elb' | 'elbv2' | 'sts' | 'region'>;
