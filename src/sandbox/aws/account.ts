import type { Certificate } from '../model/certificates.ts';
import type { ClassicBalancer, LoadBalancer, TargetGroup } from '../model/load-balancing.ts';
import type { Stack } from '../model/stacks.ts';
import { AwsRefusal, type World } from '../world.ts';

/** The account as one region shows it: everything is in the rack's region, every other one is empty. */
export class Account {
  readonly world: World;
  readonly region: string;
  readonly #isHome: boolean;

  constructor(world: World, region: string) {
    this.world = world;
    this.region = region;
    this.#isHome = region === world.settings.region;
  }

  get stacks(): readonly Stack[] {
    return this.#isHome ? this.world.cloudFormation.list() : [];
  }

  findStack(nameOrArn: string): Stack | undefined {
    return this.#isHome ? this.world.cloudFormation.find(nameOrArn) : undefined;
  }

  get loadBalancers(): readonly LoadBalancer[] {
    return this.#isHome ? [...this.world.balancing.loadBalancers.values()] : [];
  }

  get targetGroups(): readonly TargetGroup[] {
    return this.#isHome ? [...this.world.balancing.targetGroups.values()] : [];
  }

  get classicBalancers(): readonly ClassicBalancer[] {
    return this.#isHome ? [...this.world.balancing.classic.values()] : [];
  }

  get certificates(): readonly Certificate[] {
    return this.#isHome ? [...this.world.acm.certificates.values()] : [];
  }

  get hasMetrics(): boolean {
    return this.#isHome;
  }

  /** Refuses to make things where the sandbox keeps none. */
  requireHome(what: string): void {
    if (this.#isHome) return;
    throw new AwsRefusal(
      'InvalidParameterException',
      `The sandbox has only ${this.world.settings.region}: it cannot ${what} in ${this.region}`,
    );
  }

  /** Who the credentials belong to. */
  get callerArn(): string {
    return callerArn(this.world);
  }
}

export function callerArn({ settings }: World): string {
  return `arn:aws:iam::${settings.accountId}:user/sandbox`;
}
