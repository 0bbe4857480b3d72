import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { STSClient } from '@aws-sdk/client-sts';
import { ClientMaker, clientConfig, once, type AwsClientsOptions } from './client-maker.ts';
import type { RackBalancerClients } from './rack-balancer.ts';

/** The clients `findRackBalancers` takes and no others, which take time to load: `gen2 balancers` shall answer at once. */
export function createBalancerClients(options: AwsClientsOptions): RackBalancerClients & { destroy(): void } {
  return balancerClients(new ClientMaker(options), options);
}

/** The same, made by a maker that makes others too. */
export function balancerClients(
  maker: ClientMaker,
  options: AwsClientsOptions,
): RackBalancerClients & { destroy(): void } {
  const elasticLoadBalancing = 'elasticloadbalancing'; // both generations, for IAM
  const cloudFormation = once(() => maker.prepare(new CloudFormationClient(clientConfig(options)), 'cloudformation'));
  const elb = once(() => maker.prepare(new ElasticLoadBalancingClient(clientConfig(options)), elasticLoadBalancing));
  const elbv2 = once(() =>
    maker.prepare(new ElasticLoadBalancingV2Client(clientConfig(options)), elasticLoadBalancing),
  );
  const sts = once(() => maker.prepare(new STSClient(clientConfig(options)), 'sts'));
  return {
    region: options.region,
    get cloudFormation() {
      return cloudFormation();
    },
    get elb() {
      return elb();
    },
    get elbv2() {
      return elbv2();
    },
    get sts() {
      return sts();
    },
    destroy: () => maker.destroy(),
  };
}
