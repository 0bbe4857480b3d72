import { isDeepStrictEqual } from 'node:util';

import type { TaskDefinition } from '../../model/compute.ts';
import type { World } from '../../world.ts';
import type { HandlerContext, ResourceHandler } from '../resource-handler.ts';
import type { EcsServiceProperties, TaskDefinitionProperties } from '../resource-properties.ts';

/** CloudFormation gives up on a service after about 3 h (rack@20171213132441 provider/aws/releases.go, comment). */
const STABLE_LIMIT_MS = 3 * 60 * 60_000;

async function stable(id: string, { world, until }: HandlerContext): Promise<void> {
  await until(() => world.compute.isStable(id), {
    everyMs: 5_000,
    limitMs: STABLE_LIMIT_MS,
    limitReason: `Service ${id} did not stabilize.`,
  });
}

export const ecsServiceHandler: ResourceHandler<EcsServiceProperties> = {
  async create({ taskDefinitionArn, ...spec }, context) {
    const taskDefinition = definitionOf(context.world, taskDefinitionArn);
    const { id } = context.world.compute.createService({ ...spec, taskDefinition });
    context.initiated(id);
    await stable(id, context);
    return id;
  },
  async update(id, { taskDefinitionArn, desiredCount }, _previous, context) {
    const taskDefinition = definitionOf(context.world, taskDefinitionArn);
    context.world.compute.updateService(id, { taskDefinition, desiredCount });
    await stable(id, context);
  },
  // 2017: LoadBalancers and the deployment's shape need a new service (AWS docs, AWS::ECS::Service).
  mustReplace: (next, previous) =>
    String(next.targetGroupArns) !== String(previous.targetGroupArns) ||
    String(next.classicBalancerNames) !== String(previous.classicBalancerNames),
  async remove(id, _properties, { world }) {
    if (world.compute.services.has(id)) await world.compute.deleteService(id);
  },
};

/** Task definitions of a world by ARN, in the order in which they were registered. */
const definitions = new WeakMap<World, Map<string, TaskDefinition>>();

function definitionsOf(world: World): Map<string, TaskDefinition> {
  const known = definitions.get(world) ?? new Map<string, TaskDefinition>();
  definitions.set(world, known);
  return known;
}

function definitionOf(world: World, arn: string): TaskDefinition {
  const definition = definitionsOf(world).get(arn);
  if (definition === undefined) throw new Error(`Unable to describe task definition ${arn}.`);
  return definition;
}

export const taskDefinitionHandler: ResourceHandler<TaskDefinitionProperties> = {
  async create({ family, taskDefinition }, { world, initiated, takes }) {
    const { region, accountId, durations } = world.settings;
    const known = definitionsOf(world);
    const prefix = `arn:aws:ecs:${region}:${accountId}:task-definition/${family}:`;
    const revision = [...known.keys()].filter((arn) => arn.startsWith(prefix)).length + 1;
    const arn = `${prefix}${revision}`;
    known.set(arn, taskDefinition);
    initiated(arn);
    await takes(durations.resourceMs / 4);
    return arn;
  },
  // Task definitions never change: a change is a new revision.
  update: () => Promise.resolve(),
  mustReplace: (next, previous) => !isDeepStrictEqual(next, previous),
  remove: (_arn, _properties, { world, takes }) => takes(world.settings.durations.resourceMs / 4),
};
