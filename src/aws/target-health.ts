import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { MigrationError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { waitFor, type Observation } from '../time/wait.ts';
import { balancerMetricName } from './application-balancers.ts';
import { ask, awsCodeOf } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

type Clients = Pick<AwsClients, 'elbv2'>;

export interface Target {
  /** Instance id or address. */
  readonly id: string;
  readonly port: number;
  readonly state: 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining' | 'unavailable' | 'unhealthy.draining';
  /** E.g. `Target.ResponseCodeMismatch`. */
  readonly reason?: string;
  /** E.g. `Health checks failed with these codes: [301]`. */
  readonly description?: string;
}

export interface TargetHealth {
  readonly targetGroupArn: string;
  /** All but those that are being taken out. */
  readonly wanted: number;
  readonly healthy: number;
  readonly targets: readonly Target[];
}

/** Reads how a target group's targets answer the balancer's own checks. */
export async function readTargetHealth(
  { clients, targetGroupArn }: { readonly clients: Clients; readonly targetGroupArn: string },
  signal: AbortSignal,
): Promise<TargetHealth> {
  const answer = await ask(
    `read the health of ${balancerMetricName(targetGroupArn)}`,
    'elasticloadbalancing:DescribeTargetHealth',
    (options) => clients.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }), options),
    signal,
  );
  const targets = (answer.TargetHealthDescriptions ?? []).map(({ Target: target, TargetHealth: health }) => ({
    id: target?.Id ?? '',
    port: target?.Port ?? 0,
    state: health?.State ?? ('unavailable' as const),
    ...(health?.Reason ? { reason: health.Reason } : {}),
    ...(health?.Description ? { description: health.Description } : {}),
  }));
  const wanted = targets.filter(({ state }) => state !== 'draining' && state !== 'unhealthy.draining');
  const healthy = wanted.filter(({ state }) => state === 'healthy').length;
  return { targetGroupArn, wanted: wanted.length, healthy, targets };
}

export interface WaitForHealthyTargetsOptions {
  readonly clients: Clients;
  readonly targetGroupArns: readonly string[];
  /** How many must be healthy in each group; default: all that are registered, and at least one. */
  readonly count?: number;
  /** How long all must stay healthy, in ms; default 0. */
  readonly steadyMs?: number;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly intervalMs?: number;
  readonly onPending?: (saw: string, elapsedMs: number) => void;
}

/**
 * Waits until every target of every group is healthy and has stayed so.
 *
 * @throws {MigrationError} `TIMED_OUT` with the last state and AWS's own reason, `AWS_NOT_FOUND` when a group is gone.
 */
export async function waitForHealthyTargets(
  options: WaitForHealthyTargetsOptions,
  signal: AbortSignal,
): Promise<readonly TargetHealth[]> {
  const { clients, targetGroupArns, count, steadyMs = 0, clock, timeoutMs, intervalMs, onPending } = options;
  let healthySinceMs: number | undefined;
  const look = async (): Promise<Observation<readonly TargetHealth[]>> => {
    const groups = await Promise.all(
      targetGroupArns.map((targetGroupArn) => readExisting(clients, targetGroupArn, signal)),
    );
    const lacking = groups.filter(({ healthy, wanted }) => healthy < Math.max(1, count ?? wanted));
    if (lacking.length > 0) {
      healthySinceMs = undefined;
      return { state: 'pending', saw: lacking.map(describeTargetHealth).join('; ') };
    }
    healthySinceMs ??= clock.monotonic();
    const steadyForMs = clock.monotonic() - healthySinceMs;
    if (steadyForMs >= steadyMs) return { state: 'ready', value: groups };
    return { state: 'pending', saw: `all healthy for ${Math.round(steadyForMs / 1000)} s` };
  };
  return waitFor(
    look,
    {
      what: 'targets to be healthy',
      clock,
      timeoutMs,
      hint: 'The health path must answer 200 to a request whose Host is the target’s own address.',
      ...(intervalMs === undefined ? {} : { intervalMs }),
      ...(onPending === undefined ? {} : { onPending }),
    },
    signal,
  );
}

async function readExisting(clients: Clients, targetGroupArn: string, signal: AbortSignal): Promise<TargetHealth> {
  try {
    return await readTargetHealth({ clients, targetGroupArn }, signal);
  } catch (error) {
    if (!awsCodeOf(error)?.startsWith('TargetGroupNotFound')) throw error;
    throw new MigrationError('AWS_NOT_FOUND', `target group ${balancerMetricName(targetGroupArn)} is gone`, {
      hint: 'The service was deployed again or deleted meanwhile; look for its target group again.',
      details: { targetGroupArn },
    });
  }
}

/** One line a person can act on, with the balancer's own reason. */
export function describeTargetHealth({ targetGroupArn, wanted, healthy, targets }: TargetHealth): string {
  const name = balancerMetricName(targetGroupArn).split('/')[1] ?? targetGroupArn;
  if (wanted === 0) return `${name}: no targets`;
  const reasons = new Set(
    targets
      .filter(({ state }) => state !== 'healthy')
      .map(({ state, reason, description }) => description ?? reason ?? state),
  );
  const why = reasons.size === 0 ? '' : ` (${[...reasons].join(', ')})`;
  return `${name}: ${healthy} of ${wanted} healthy${why}`;
}
