import { MigrationError } from '../errors.ts';
import type { ApplicationBalancer } from './application-balancers.ts';
import { balancerKey, type RackBalancerRole } from './rack-facts.ts';

/** What a role's balancer must be, by the rack's outputs and parameters. */
export interface Expectation {
  readonly rack: string;
  readonly role: RackBalancerRole;
  readonly scheme: 'internet-facing' | 'internal';
  readonly dnsName?: string;
  readonly vpcId?: string;
}

type Seen = Pick<ApplicationBalancer, 'name' | 'dnsName' | 'scheme' | 'type' | 'state'> & {
  readonly vpcId?: string | undefined;
};

/**
 * Compares AWS's description of a balancer with what the rack says of it; returns warnings.
 *
 * @throws {MigrationError} `BALANCER_MISMATCH` naming both values: a wrong balancer must never get traffic;
 * `RACK_STACK_STATE` (retryable) while it is being made.
 */
export function crossCheck(expected: Expectation, seen: Seen): readonly string[] {
  const mismatches = [
    different('type', 'application', seen.type),
    different('scheme', expected.scheme, seen.scheme),
    expected.vpcId === undefined || seen.vpcId === undefined
      ? undefined
      : different('network', expected.vpcId, seen.vpcId),
    expected.dnsName === undefined
      ? undefined
      : different('DNS name', balancerKey(expected.dnsName), balancerKey(seen.dnsName)),
  ].filter((text) => text !== undefined);
  if (mismatches.length > 0) {
    throw new MigrationError(
      'BALANCER_MISMATCH',
      `rack ${expected.rack}: balancer ${seen.name} is not the ${expected.role} one the rack describes: ${mismatches.join('; ')}`,
      {
        hint: "Read the rack again: an update may have replaced the balancer. If they still differ, don't use either.",
        details: { expected, seen: { ...seen } },
      },
    );
  }
  if (seen.state === 'provisioning') {
    throw new MigrationError('RACK_STACK_STATE', `balancer ${seen.name} is still being made`, {
      hint: 'Wait a minute and run the command again.',
      retryable: true,
      details: { name: seen.name, state: seen.state },
    });
  }
  if (seen.state === 'failed') {
    throw new MigrationError('BALANCER_MISMATCH', `balancer ${seen.name} is in state failed`, {
      hint: "Look at the balancer in the AWS console; the rack's stack has to be repaired first.",
      details: { name: seen.name, state: seen.state },
    });
  }
  return seen.state === 'active_impaired' ? [`balancer ${seen.name} is active_impaired: AWS cannot scale it now`] : [];
}

function different(field: string, expected: string, seen: string): string | undefined {
  return expected === seen ? undefined : `${field} ${seen}, expected ${expected}`;
}
