import { DescribeAccountLimitsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { ask } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

/** What one application balancer may hold. */
export interface BalancerQuotas {
  /** Rules on all its listeners, defaults not counted. */
  readonly rules: number;
  /** Certificates on all its listeners, defaults not counted. */
  readonly certificates: number;
  readonly targetGroups: number;
}

/** What an account has before anybody asks for more (ELB user guide, quotas for your Application Load Balancers). */
const DEFAULT_BALANCER_QUOTAS: BalancerQuotas = { rules: 100, certificates: 25, targetGroups: 100 };

const LIMIT_NAMES = {
  rules: 'rules-per-application-load-balancer',
  certificates: 'certificates-per-application-load-balancer',
  targetGroups: 'target-groups-per-application-load-balancer',
} as const;

/** Reads the account's own quotas; AWS's defaults for those it does not tell. */
export async function readBalancerQuotas(
  { clients }: { readonly clients: Pick<AwsClients, 'elbv2'> },
  signal: AbortSignal,
): Promise<BalancerQuotas> {
  const answer = await ask(
    'read the quotas of balancers',
    'elasticloadbalancing:DescribeAccountLimits',
    (options) => clients.elbv2.send(new DescribeAccountLimitsCommand({ PageSize: 400 }), options),
    signal,
  );
  const max = (name: string, otherwise: number): number => {
    const value = Number(answer.Limits?.find((limit) => limit.Name === name)?.Max);
    return Number.isFinite(value) && value > 0 ? value : otherwise;
  };
  return {
    rules: max(LIMIT_NAMES.rules, DEFAULT_BALANCER_QUOTAS.rules),
    certificates: max(LIMIT_NAMES.certificates, DEFAULT_BALANCER_QUOTAS.certificates),
    targetGroups: max(LIMIT_NAMES.targetGroups, DEFAULT_BALANCER_QUOTAS.targetGroups),
  };
}

/** A quota that would be passed. */
export interface QuotaShortage {
  readonly quota: keyof BalancerQuotas;
  readonly limit: number;
  readonly current: number;
  readonly additional: number;
}

/** Compares what is there and what would come with the quotas of one balancer. */
export function findQuotaShortages(
  quotas: BalancerQuotas,
  current: BalancerQuotas,
  additional: BalancerQuotas,
): readonly QuotaShortage[] {
  return (['rules', 'certificates', 'targetGroups'] as const)
    .filter((quota) => current[quota] + additional[quota] > quotas[quota])
    .map((quota) => ({
      quota,
      limit: quotas[quota],
      current: current[quota],
      additional: additional[quota],
    }));
}
