import { getRackBalancer } from '../aws/balancers.ts';
import { findStack, type StackFacts } from '../aws/stacks.ts';
import type { AwsPort, BalancerRole, SharedBalancer } from '../orchestrator/ports.ts';
import type { AwsContext } from './aws-context.ts';

interface Known {
  readonly balancer: SharedBalancer;
  readonly stack: StackFacts;
}

/** Finds the balancers of a rack, and remembers each for as long as the rack's stack stays as it is. */
export function balancerFinder({ clients }: AwsContext): Pick<AwsPort, 'findBalancer' | 'knownBalancers'> {
  const known = new Map<BalancerRole, Known>();
  return {
    async findBalancer(role, rack, signal) {
      // Read before the search: a change in between must not go with what was there before it.
      const stack = await findStack({ clients, stack: rack.outputs['StackId'] ?? rack.name }, signal);
      const { arn, dnsName, canonicalHostedZoneId, warnings } = await getRackBalancer({ role, rack, clients }, signal);
      const balancer = { role, arn, dnsName, canonicalHostedZoneId, warnings };
      if (stack !== undefined) known.set(role, { balancer, stack });
      return balancer;
    },

    async knownBalancers(roles, signal) {
      const found = roles.flatMap((role) => known.get(role) ?? []);
      const [first] = found;
      if (first === undefined || found.length < roles.length) return undefined;
      const now = await findStack({ clients, stack: first.stack.arn }, signal);
      if (now === undefined || found.some(({ stack }) => !isUnchanged(stack, now))) return undefined;
      return Object.fromEntries(found.map(({ balancer }) => [balancer.role, balancer]));
    },
  };
}

/** No operation has begun since: what an operation makes or takes away shows in its time. */
function isUnchanged(before: StackFacts, now: StackFacts): boolean {
  return (
    before.arn === now.arn &&
    before.status === now.status &&
    before.updatedAtMs === now.updatedAtMs &&
    now.outcome !== 'busy'
  );
}
