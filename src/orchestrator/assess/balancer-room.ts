import type { Finding } from '../plan.ts';
import type { BalancerShortage, CertificateForecast, FutureApp, Ports } from '../ports.ts';

/** What the shared balancers have no room for: the second app would meet it after the old one is gone. */
export async function balancerFindings(
  { aws }: Ports,
  request: FutureApp & { readonly certificates: readonly CertificateForecast[] },
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  return (await aws.balancerShortages(request, signal)).map(finding);
}

function finding({ role, what, limit, present, needed }: BalancerShortage): Finding {
  return {
    code: 'balancer-full',
    severity: 'blocker',
    where: `${role} balancer`,
    message: `the ${role} balancer has ${present} of ${limit} ${what}; temporary and final app together need ${needed} more`,
    hint: `Ask AWS for more ${what} per Application Load Balancer (Service Quotas, Elastic Load Balancing), or move apps or domains to another rack, then plan again.`,
  };
}
