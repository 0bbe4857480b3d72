import { ACMClient } from '@aws-sdk/client-acm';
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { Route53Client } from '@aws-sdk/client-route-53';
import type { STSClient } from '@aws-sdk/client-sts';
import { balancerClients } from './balancer-clients.ts';
import { ClientMaker, clientConfig, once, type AwsClientsOptions } from './client-maker.ts';
import { limitRate } from './client-middleware.ts';
import { TokenBucket } from './token-bucket.ts';

export type { AwsClientsOptions, AwsCredentials, AwsKeys } from './client-maker.ts';

/** One client a service, each made when first used. */
export interface AwsClients {
  readonly region: string;
  readonly cloudFormation: CloudFormationClient;
  /** Classic balancers. */
  readonly elb: ElasticLoadBalancingClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly acm: ACMClient;
  readonly route53: Route53Client;
  readonly cloudWatch: CloudWatchClient;
  readonly sts: STSClient;
  /** Closes the connections of those that were made. */
  destroy(): void;
}

/** Below Route 53's 5 requests a second, which all programs of an account share (Route 53 quotas), leaving some to others. */
export const DNS_RATE = { perSecond: 4, burst: 5 } as const;

/** Makes the SDK clients every function of this folder takes, for one region and one set of credentials. */
export function createAwsClients(options: AwsClientsOptions): AwsClients {
  const { region, dnsCredentials, clock } = options;
  const maker = new ClientMaker(options);
  const balancers = balancerClients(maker, options);
  const acm = once(() => maker.prepare(new ACMClient(clientConfig(options)), 'acm'));
  const cloudWatch = once(() => maker.prepare(new CloudWatchClient(clientConfig(options)), 'cloudwatch'));
  const route53 = once(() => {
    const client = new Route53Client(clientConfig(options, dnsCredentials));
    limitRate(client, options.dnsLimit ?? new TokenBucket({ ...DNS_RATE, ...(clock ? { clock } : {}) }));
    return maker.prepare(client, 'route53');
  });
  return {
    region,
    get cloudFormation() {
      return balancers.cloudFormation;
    },
    get elb() {
      return balancers.elb;
    },
    get elbv2() {
      return balancers.elbv2;
    },
    get sts() {
      return balancers.sts;
    },
    get acm() {
      return acm();
    },
    get route53() {
      return route53();
    },
    get cloudWatch() {
      return cloudWatch();
    },
    destroy: () => maker.destroy(),
  };
}
