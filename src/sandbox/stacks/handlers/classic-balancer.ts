import { AwsRefusal } from '../../world.ts';
import type { ResourceHandler } from '../resource-handler.ts';
import type { ClassicBalancerProperties } from '../resource-properties.ts';

export const classicBalancerHandler: ResourceHandler<ClassicBalancerProperties> = {
  async create(properties, context) {
    const { balancing, settings } = context.world;
    if (properties.name.length > 32) {
      throw new AwsRefusal('ValidationError', 'Load Balancer Names must be 32 characters or less');
    }
    const balancer = balancing.createClassic({
      ...properties,
      healthCheck: { ...properties.healthCheck },
      tags: context.tags(),
    });
    context.initiated(balancer.name);
    // A classic ELB is there at once; an application balancer takes minutes to be provisioned.
    await context.takes(settings.durations.resourceMs);
    return balancer.name;
  },
  async update(name, next, _previous, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    const balancer = world.balancing.classic.get(name);
    if (balancer === undefined) throw new Error(`There is no ACTIVE Load Balancer named '${name}'`);
    balancer.listeners = next.listeners;
    Object.assign(balancer.healthCheck, next.healthCheck);
    balancer.drainingSeconds = next.drainingSeconds;
    balancer.idleSeconds = next.idleSeconds;
    world.dataPlane.serve(balancer);
  },
  mustReplace: (next, previous) => next.name !== previous.name || next.scheme !== previous.scheme,
  async remove(name, _properties, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    if (world.balancing.classic.has(name)) world.balancing.deleteClassic(name);
  },
};
