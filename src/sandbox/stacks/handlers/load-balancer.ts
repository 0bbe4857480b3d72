import type { ResourceHandler } from '../resource-handler.ts';
import type { LoadBalancerProperties, TargetGroupProperties } from '../resource-properties.ts';
import { generatedName } from './names.ts';

export const loadBalancerHandler: ResourceHandler<LoadBalancerProperties> = {
  async create({ name, scheme, tags }, context) {
    const { balancing, settings } = context.world;
    const balancer = balancing.createLoadBalancer({
      name: name ?? generatedName(context),
      scheme,
      tags: context.tags(tags),
    });
    context.initiated(balancer.arn);
    await context.takes(settings.durations.loadBalancerMs);
    return balancer.arn;
  },
  async update(arn, { tags }, _previous, context) {
    await context.takes(context.world.settings.durations.resourceMs);
    const balancer = context.world.balancing.loadBalancers.get(arn);
    for (const [key, value] of tags ?? []) balancer?.tags.set(key, value);
  },
  mustReplace: (next, previous) => next.name !== previous.name || next.scheme !== previous.scheme,
  async remove(arn, _properties, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    world.balancing.deleteLoadBalancer(arn);
  },
};

export const targetGroupHandler: ResourceHandler<TargetGroupProperties> = {
  async create({ tags, ...properties }, context) {
    const { balancing, settings } = context.world;
    const { healthCheck } = properties;
    if (healthCheck.intervalSeconds <= healthCheck.timeoutSeconds) {
      // AWS docs, CreateTargetGroup; a manifest with only a long timeout runs into it.
      throw new Error('Health check interval must be greater than the timeout.');
    }
    const group = balancing.createTargetGroup({
      ...properties,
      healthCheck: { ...healthCheck },
      name: generatedName(context),
      tags: context.tags(tags),
    });
    context.initiated(group.arn);
    await context.takes(settings.durations.resourceMs);
    return group.arn;
  },
  async update(arn, next, _previous, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    const group = world.balancing.targetGroups.get(arn);
    if (group === undefined) throw new Error(`Target groups '${arn}' not found`);
    Object.assign(group.healthCheck, next.healthCheck);
    group.deregistrationDelaySeconds = next.deregistrationDelaySeconds;
    group.stickiness = next.stickiness;
  },
  mustReplace: (next, previous) => next.port !== previous.port || next.protocol !== previous.protocol,
  async remove(arn, _properties, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    world.balancing.deleteTargetGroup(arn);
  },
};
