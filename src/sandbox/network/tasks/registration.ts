import type { TaskProcess } from '../../model/compute.ts';
import type { ClassicBalancer, Target, TargetGroup } from '../../model/load-balancing.ts';
import type { World } from '../../world.ts';
import { probeHealth, type ProbedTask } from './health-probe.ts';

/** Where a task is registered. */
export type TargetHome =
  | { readonly kind: 'group'; readonly group: TargetGroup }
  | { readonly kind: 'classic'; readonly balancer: ClassicBalancer };

export interface RegisteredTask extends ProbedTask {
  readonly id: string;
  readonly instanceId: string;
  readonly hostPort: number;
  readonly process: TaskProcess;
}

/**
 * One task in one target group or classic balancer: registered, checked every interval, drained, removed.
 * Facts: Elastic Load Balancing, "Health checks for your target groups" (a newly registered target needs one success),
 * "Register targets" (deregistration delay), and "Configure health checks for your Classic Load Balancer".
 */
export class Registration {
  readonly #world: World;
  readonly #home: TargetHome;
  readonly #task: RegisteredTask;
  readonly #changed: () => void;
  readonly #target: Target;
  #successes = 0;
  #failures = 0;
  #cancel: () => void = () => undefined;

  constructor(world: World, home: TargetHome, task: RegisteredTask, changed: () => void) {
    this.#world = world;
    this.#home = home;
    this.#task = task;
    this.#changed = changed;
    const { id: taskId, instanceId, hostPort, process } = task;
    this.#target = {
      ...{ taskId, instanceId, hostPort, process },
      ...{ state: 'initial', reason: undefined, description: undefined },
    };
    this.#begin();
    this.#targets.set(taskId, this.#target);
    // The first check comes soon after registration, not a whole interval later.
    this.#schedule(world.random.around(this.#intervalMs * 0.4, 0.5));
  }

  get isHealthy(): boolean {
    return this.#target.state === 'healthy';
  }

  get isUnhealthy(): boolean {
    return this.#target.state === 'unhealthy';
  }

  /** How long deregistration takes, in simulated milliseconds. */
  get drainMs(): number {
    const home = this.#home;
    return 1000 * (home.kind === 'group' ? home.group.deregistrationDelaySeconds : home.balancer.drainingSeconds);
  }

  /** No new requests from now on; the target disappears after the delay. */
  drain(): void {
    this.#cancel();
    const [reason, description] =
      this.#home.kind === 'group'
        ? ['Target.DeregistrationInProgress', 'Target deregistration is in progress']
        : ['Instance', 'Instance deregistration currently in progress.'];
    this.#become('draining', reason, description);
    this.#cancel = this.#world.clock.after(this.drainMs, () => this.remove());
  }

  remove(): void {
    this.#cancel();
    if (this.#targets.get(this.#target.taskId) === this.#target) this.#targets.delete(this.#target.taskId);
  }

  /** Healthy without waiting for checks, for what exists when a sandbox starts. */
  settleNow(): void {
    this.#become('healthy', undefined, undefined);
  }

  get #targets(): Map<string, Target> {
    return this.#home.kind === 'group' ? this.#home.group.targets : this.#home.balancer.targets;
  }

  get #check() {
    return this.#home.kind === 'group' ? this.#home.group.healthCheck : this.#home.balancer.healthCheck;
  }

  get #intervalMs(): number {
    return this.#check.intervalSeconds * 1000;
  }

  #begin(): void {
    if (this.#home.kind === 'classic') {
      this.#become('initial', 'ELB', 'Instance registration is still in progress.');
    } else {
      this.#become('initial', 'Elb.InitialHealthChecking', 'Initial health checks in progress');
    }
  }

  #schedule(ms: number): void {
    this.#cancel = this.#world.clock.after(ms, () => {
      this.#schedule(this.#intervalMs);
      this.#runCheck();
    });
  }

  #runCheck(): void {
    if (this.#home.kind === 'group' && !isInUse(this.#world, this.#home.group.arn)) {
      const text = 'Target group is not configured to receive traffic from the load balancer';
      this.#become('unused', 'Target.NotInUse', text);
      return;
    }
    if (this.#target.state === 'unused') this.#begin();
    const probe = probeHealth(this.#check, this.#task);
    if (probe.isHealthy) this.#succeeded();
    else this.#failed(probe.reason, probe.description);
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#successes += 1;
    const needed = this.#home.kind === 'group' && this.#target.state === 'initial' ? 1 : this.#check.healthyThreshold;
    if (this.#target.state !== 'healthy' && this.#successes >= needed) this.#become('healthy', undefined, undefined);
  }

  #failed(reason: string, description: string): void {
    this.#successes = 0;
    this.#failures += 1;
    if (this.#failures < this.#check.unhealthyThreshold) return;
    if (this.#home.kind === 'group') {
      this.#become('unhealthy', reason, description);
    } else {
      const text = 'Instance has failed at least the UnhealthyThreshold number of health checks consecutively.';
      this.#become('unhealthy', 'Instance', text);
    }
  }

  #become(state: Target['state'], reason: string | undefined, description: string | undefined): void {
    const isChange = this.#target.state !== state;
    Object.assign(this.#target, { state, reason, description });
    if (!isChange) return;
    this.#successes = 0;
    this.#failures = 0;
    this.#changed();
  }
}

/** True when a listener or rule forwards to the group; targets of others are `unused` and not checked. */
function isInUse(world: World, targetGroupArn: string): boolean {
  for (const balancer of world.balancing.loadBalancers.values()) {
    for (const listener of balancer.listeners.values()) {
      if (listener.defaultAction.type === 'forward' && listener.defaultAction.targetGroupArn === targetGroupArn) {
        return true;
      }
      for (const { action } of listener.rules.values()) {
        if (action.type === 'forward' && action.targetGroupArn === targetGroupArn) return true;
      }
    }
  }
  return false;
}
