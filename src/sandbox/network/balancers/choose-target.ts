import type { Target } from '../../model/load-balancing.ts';

/** Round robin, remembered per target group or classic balancer. */
export class TargetChooser {
  readonly #turns = new WeakMap<object, number>();

  /**
   * A healthy target; with none, any registered one ("fail open": Elastic Load Balancing, "Health checks for your
   * target groups"), never one that is draining. Undefined = nothing registered: 503.
   */
  chooseFailOpen(targets: ReadonlyMap<string, Target>): Target | undefined {
    return (
      this.#next(targets, (target) => target.state === 'healthy') ??
      this.#next(targets, (target) => target.state !== 'draining')
    );
  }

  /** Classic balancers do not fail open. */
  chooseHealthy(targets: ReadonlyMap<string, Target>): Target | undefined {
    return this.#next(targets, (target) => target.state === 'healthy');
  }

  #next(targets: ReadonlyMap<string, Target>, isEligible: (target: Target) => boolean): Target | undefined {
    const eligible: Target[] = [];
    for (const target of targets.values()) if (isEligible(target)) eligible.push(target);
    if (eligible.length === 0) return undefined;
    const turn = this.#turns.get(targets) ?? 0;
    this.#turns.set(targets, turn + 1);
    return eligible[turn % eligible.length];
  }
}
