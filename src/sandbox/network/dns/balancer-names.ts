import type { ClassicBalancer, LoadBalancer } from '../../model/load-balancing.ts';
import type { World } from '../../world.ts';
import { plainName } from './names.ts';

const ELB_SUFFIX = '.elb.amazonaws.com';
const CONVOX_SUFFIX = '.convox.site';

/** The balancer with this DNS name, in any case, with `dualstack.` or without. */
export function findBalancer(world: World, name: string): LoadBalancer | ClassicBalancer | undefined {
  const wanted = plainName(name).replace(/^dualstack\./, '');
  for (const balancer of allBalancers(world)) if (plainName(balancer.dnsName) === wanted) return balancer;
  return undefined;
}

export function isBalancerName(name: string): boolean {
  return name.endsWith(ELB_SUFFIX);
}

/**
 * What `<x>.<label0>.<region>.convox.site` points to: Convox serves every name below a balancer's label as an alias of
 * the balancer whose DNS name begins with that label (the racks' `RouterHost`, convox/rack provider/aws/formation/rack.json).
 */
export function convoxSiteTarget(world: World, name: string): string | undefined {
  if (!name.endsWith(CONVOX_SUFFIX)) return undefined;
  const labels = name.slice(0, -CONVOX_SUFFIX.length).split('.');
  const region = labels.at(-1);
  const label0 = labels.at(-2);
  for (const balancer of allBalancers(world)) {
    const dnsName = plainName(balancer.dnsName);
    if (dnsName.startsWith(`${label0}.${region}.`)) return dnsName;
  }
  return undefined;
}

export function isConvoxSite(name: string): boolean {
  return name.endsWith(CONVOX_SUFFIX);
}

/** What a rack's own private name (`<service>.<app>.<rack>.convox`) points to: the balancer that has a rule for it. */
export function convoxPrivateTarget(world: World, name: string): string | undefined {
  for (const balancer of world.balancing.loadBalancers.values()) {
    for (const listener of balancer.listeners.values()) {
      for (const rule of listener.rules.values()) {
        if (rule.hosts.some((host) => host.toLowerCase() === name)) return plainName(balancer.dnsName);
      }
    }
  }
  return undefined;
}

/**
 * Whether an alias with `EvaluateTargetHealth` counts as healthy: every target group with a healthy target, a group
 * without targets is unhealthy (Route 53 API, AliasTarget).
 */
export function isBalancerHealthy(world: World, balancer: LoadBalancer | ClassicBalancer): boolean {
  if (!('listeners' in balancer && balancer.listeners instanceof Map)) {
    return 'targets' in balancer && [...balancer.targets.values()].some((target) => target.state === 'healthy');
  }
  const groups = new Set<string>();
  for (const listener of balancer.listeners.values()) {
    for (const action of [listener.defaultAction, ...[...listener.rules.values()].map((rule) => rule.action)]) {
      if (action.type === 'forward') groups.add(action.targetGroupArn);
    }
  }
  return [...groups].every((arn) => {
    const targets = world.balancing.targetGroups.get(arn)?.targets.values() ?? [];
    return [...targets].some((target) => target.state === 'healthy');
  });
}

function* allBalancers(world: World): Generator<LoadBalancer | ClassicBalancer> {
  yield* world.balancing.loadBalancers.values();
  yield* world.balancing.classic.values();
}
