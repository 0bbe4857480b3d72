import { isDeepStrictEqual } from 'node:util';

import type { Listener } from '../../model/load-balancing.ts';
import { AwsRefusal, type World } from '../../world.ts';
import type { ResourceHandler } from '../resource-handler.ts';
import type {
  ListenerCertificateProperties,
  ListenerProperties,
  ListenerRuleProperties,
} from '../resource-properties.ts';
import { longGeneratedName } from './names.ts';

export const listenerHandler: ResourceHandler<ListenerProperties> = {
  async create({ certificateArn, ...properties }, { world, initiated, takes }) {
    const listener = world.balancing.createListener({ ...properties, defaultCertificateArn: certificateArn });
    initiated(listener.arn);
    await takes(world.settings.durations.resourceMs);
    return listener.arn;
  },
  async update(arn, next, _previous, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    const listener = listenerOf(world, arn);
    listener.defaultAction = next.defaultAction;
    listener.defaultCertificateArn = next.certificateArn;
    served(world, listener);
  },
  mustReplace: (next, previous) => next.loadBalancerArn !== previous.loadBalancerArn || next.port !== previous.port,
  async remove(arn, _properties, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    world.balancing.deleteListener(arn);
  },
};

export const listenerRuleHandler: ResourceHandler<ListenerRuleProperties> = {
  async create({ listenerArn, priority, hosts, targetGroupArn }, { world, initiated, takes }) {
    const { resourceMs } = world.settings.durations;
    await takes(resourceMs / 2);
    const action = { type: 'forward', targetGroupArn } as const;
    const rule = world.balancing.createRule({ listenerArn, priority, hosts, action });
    initiated(rule.arn);
    await takes(resourceMs / 2);
    return rule.arn;
  },
  async update(arn, next, _previous, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    const rule = world.balancing.findRule(arn);
    const listener = listenerOf(world, next.listenerArn);
    if (rule === undefined) throw new Error(`One or more rules not found (${arn})`);
    const isTaken = [...listener.rules.values()].some((other) => other !== rule && other.priority === next.priority);
    if (isTaken) throw new AwsRefusal('PriorityInUse', `Priority '${next.priority}' is currently in use`);
    rule.priority = next.priority;
    rule.hosts = next.hosts;
    rule.action = { type: 'forward', targetGroupArn: next.targetGroupArn };
    served(world, listener);
  },
  mustReplace: (next, previous) => next.listenerArn !== previous.listenerArn,
  async remove(arn, _properties, { world, takes }) {
    const { resourceMs } = world.settings.durations;
    await takes(resourceMs / 2);
    if (world.balancing.findRule(arn) !== undefined) world.balancing.deleteRule(arn);
    await takes(resourceMs / 2);
  },
};

/**
 * CloudFormation deletes the relation it made, by its id: a certificate that another stack has put on the same listener
 * as well stays there until the last one lets go (aws/aws-cdk#13437).
 */
export const listenerCertificateHandler: ResourceHandler<ListenerCertificateProperties> = {
  async create(properties, context) {
    const { world, takes, initiated } = context;
    const listener = listenerOf(world, properties.listenerArn);
    await takes(world.settings.durations.resourceMs / 2);
    world.balancing.addListenerCertificate(listener.arn, properties.certificateArn);
    const id = longGeneratedName(context);
    relations(listener, properties.certificateArn).add(id);
    initiated(id);
    await takes(world.settings.durations.resourceMs / 2);
    return id;
  },
  // A new ARN replaces the resource, so there is nothing to update in place.
  update: () => Promise.resolve(),
  mustReplace: (next, previous) => !isDeepStrictEqual(next, previous),
  async remove(id, { listenerArn, certificateArn }, { world, takes }) {
    await takes(world.settings.durations.resourceMs);
    const listener = world.balancing.findListener(listenerArn);
    if (listener === undefined) return;
    const others = relations(listener, certificateArn);
    others.delete(id);
    if (others.size === 0) world.balancing.removeListenerCertificate(listenerArn, certificateArn);
  },
};

const relationsByListener = new WeakMap<Listener, Map<string, Set<string>>>();

/** Ids of the resources that have put a certificate on a listener. */
function relations(listener: Listener, certificateArn: string): Set<string> {
  const byCertificate = relationsByListener.get(listener) ?? new Map<string, Set<string>>();
  relationsByListener.set(listener, byCertificate);
  const ids = byCertificate.get(certificateArn) ?? new Set<string>();
  byCertificate.set(certificateArn, ids);
  return ids;
}

function listenerOf(world: World, arn: string): Listener {
  const listener = world.balancing.findListener(arn);
  if (listener === undefined) throw new AwsRefusal('ListenerNotFound', `One or more listeners not found (${arn})`);
  return listener;
}

/** Tells the data plane that a listener changed. */
function served(world: World, { loadBalancerArn }: Listener): void {
  const balancer = world.balancing.loadBalancers.get(loadBalancerArn);
  if (balancer !== undefined) world.dataPlane.serve(balancer);
}
