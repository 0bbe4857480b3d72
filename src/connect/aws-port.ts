import { findMissingPermissions } from '../aws/permissions.ts';
import { checkAccount } from '../aws/account.ts';
import { firstCause, listStackEvents } from '../aws/stack-events.ts';
import { findStack } from '../aws/stacks.ts';
import type { AwsPort } from '../orchestrator/ports.ts';
import { balancingPort } from './aws-balancing.ts';
import { certificatePort } from './aws-certificates.ts';
import type { AwsContext } from './aws-context.ts';
import { dnsPort } from './aws-dns.ts';
import { rulesPort } from './aws-rules.ts';

/** AWS in the procedure's words, on the modules of `src/aws`. */
export function awsPort(context: AwsContext): AwsPort {
  const { clients } = context;
  return {
    ...balancingPort(context),
    ...rulesPort(context),
    ...dnsPort(context),
    ...certificatePort(context),

    async checkAccount(rack, signal) {
      const stackId = rack.outputs['StackId'];
      if (stackId === undefined) {
        // Old racks do not tell it through their API; CloudFormation knows the stack by the rack's name.
        const stack = await findStack({ clients, stack: rack.name }, signal);
        return { account: stack?.arn.split(':')[4] ?? '', region: rack.region };
      }
      const { account } = await checkAccount({ clients, rackName: rack.name, stackId }, signal);
      return { account, region: clients.region };
    },

    missingPermissions: (stack, signal) => findMissingPermissions({ clients, stack }, signal),

    async findStack(nameOrArn, signal) {
      const stack = await findStack({ clients, stack: nameOrArn }, signal);
      if (stack === undefined) return undefined;
      const { arn, name, status, tags, parameters, outputs, updatedAtMs, createdAtMs } = stack;
      return { arn, name, status, tags, parameters, outputs, changedAt: updatedAtMs ?? createdAtMs };
    },

    async firstCause(stackArn, sinceMs, signal) {
      const events = await listStackEvents({ clients, stack: stackArn, sinceMs, withNested: true }, signal);
      const cause = firstCause(events);
      return cause === undefined ? undefined : `${cause.logicalId}: ${cause.reason ?? cause.status}`;
    },
  };
}
