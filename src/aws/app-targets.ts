import type { AwsClients } from './clients.ts';
import { upperName } from './rack-facts.ts';
import { listStackResources, type StackResource } from './stacks.ts';

/** What a gen-2 service has of AWS, by logical ids of its stack. */
export interface ServiceResources {
  readonly service: string;
  /** The stack the rules and the target group are in: nested since 20180808194846, else the app's own. */
  readonly stack: string;
  /** One; two for `internalAndExternal` services. None without a port. */
  readonly targetGroupArns: readonly string[];
  readonly ruleArns: readonly string[];
  /** The certificate its own app stack has asked for, if any. */
  readonly certificateArn?: string;
}

export interface ListServiceResourcesOptions {
  readonly clients: Pick<AwsClients, 'cloudFormation'>;
  /** ARN or name (`<rack>-<app>`) of the app's stack. */
  readonly stack: string;
  readonly services: readonly string[];
}

/** Finds the target groups, rules and certificates of a gen-2 app's services, in either layout of its stack. */
export async function listServiceResources(
  { clients, stack, services }: ListServiceResourcesOptions,
  signal: AbortSignal,
): Promise<readonly ServiceResources[]> {
  const own = alive(await listStackResources({ clients, stack }, signal));
  return Promise.all(
    services.map(async (service): Promise<ServiceResources> => {
      const upper = upperName(service);
      const nested = own.find(
        ({ logicalId, type }) => logicalId === `Service${upper}` && type === 'AWS::CloudFormation::Stack',
      )?.physicalId;
      const certificateArn = own.find(({ logicalId }) => logicalId === `Balancer${upper}Certificate`)?.physicalId;
      const resources =
        nested === undefined ? own : alive(await listStackResources({ clients, stack: nested }, signal));
      // In the single stack the service's name is in each logical id, in a nested one it is not.
      const prefix = nested === undefined ? `Balancer${upper}` : 'Balancer';
      const arnsOf = (pattern: RegExp, type: string): readonly string[] =>
        resources.flatMap(({ logicalId, type: seen, physicalId }) =>
          seen === type &&
          physicalId !== undefined &&
          logicalId.startsWith(prefix) &&
          pattern.test(logicalId.slice(prefix.length))
            ? [physicalId]
            : [],
        );
      return {
        service,
        stack: nested ?? stack,
        targetGroupArns: arnsOf(
          /^TargetGroup(Internal|External|InternalExternal)?$/,
          'AWS::ElasticLoadBalancingV2::TargetGroup',
        ),
        ruleArns: arnsOf(/^ListenerRule/, 'AWS::ElasticLoadBalancingV2::ListenerRule'),
        ...(certificateArn?.startsWith('arn:') ? { certificateArn } : {}),
      };
    }),
  );
}

function alive(resources: readonly StackResource[]): readonly StackResource[] {
  return resources.filter(({ status }) => status !== 'DELETE_COMPLETE');
}
