import type { Program } from '../../model/compute.ts';
import type { HealthCheck } from '../../model/load-balancing.ts';
import { programStatus } from './program-answer.ts';

export type Probe =
  { readonly isHealthy: true } | { readonly isHealthy: false; readonly reason: string; readonly description: string };

export interface ProbedTask {
  readonly program: Program;
  readonly listening: boolean;
  /** What the check carries as Host: the target's address and port, never a domain. */
  readonly address: string;
}

const HEALTHY: Probe = { isHealthy: true };

/**
 * What a health check of a task would see. Answered from the program's definition, not over a socket: a time limit of
 * four simulated seconds is 66 real milliseconds, and a busy machine must not fail it. Chance (`errorShare`) and what
 * stands behind a proxied path play no part; `latencyMs` is compared with the time limit as it is written.
 * Reasons and texts: Elastic Load Balancing, "Health checks for your target groups", table of reason codes.
 */
export function probeHealth(check: HealthCheck, task: ProbedTask): Probe {
  if (!task.listening) {
    return { isHealthy: false, reason: 'Target.FailedHealthChecks', description: 'Health checks failed' };
  }
  if (check.protocol === 'TCP' || check.protocol === 'SSL') return HEALTHY;
  if (task.program.latencyMs > check.timeoutSeconds * 1000) {
    return { isHealthy: false, reason: 'Target.Timeout', description: 'Request timed out' };
  }
  const status = programStatus(task.program, check.path, task.address);
  if (matches(check.matcher === '' ? '200' : check.matcher, status)) return HEALTHY;
  return {
    isHealthy: false,
    reason: 'Target.ResponseCodeMismatch',
    description: `Health checks failed with these codes: [${status}]`,
  };
}

/** `200`, `200-399`, `200-399,401`. */
function matches(matcher: string, status: number): boolean {
  return matcher.split(',').some((part) => {
    const [from, to] = part.trim().split('-').map(Number);
    return from !== undefined && status >= from && status <= (to ?? from);
  });
}
