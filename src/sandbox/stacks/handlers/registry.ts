import { isDeepStrictEqual } from 'node:util';

import type { ResourceHandler } from '../resource-handler.ts';
import type { ModelledProperties, ModelledType } from '../resource-properties.ts';
import { certificateHandler } from './certificate.ts';
import { classicBalancerHandler } from './classic-balancer.ts';
import { ecsServiceHandler, taskDefinitionHandler } from './ecs.ts';
import { listenerCertificateHandler, listenerHandler, listenerRuleHandler } from './listener.ts';
import { loadBalancerHandler, targetGroupHandler } from './load-balancer.ts';
import { nestedStackHandler } from './nested-stack.ts';
import { plainHandler } from './plain.ts';
import { hostedZoneHandler, recordSetHandler } from './route53.ts';

const HANDLERS: { readonly [Type in ModelledType]: ResourceHandler<ModelledProperties[Type]> } = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': loadBalancerHandler,
  'AWS::ElasticLoadBalancingV2::Listener': listenerHandler,
  'AWS::ElasticLoadBalancingV2::ListenerRule': listenerRuleHandler,
  'AWS::ElasticLoadBalancingV2::ListenerCertificate': listenerCertificateHandler,
  'AWS::ElasticLoadBalancingV2::TargetGroup': targetGroupHandler,
  'AWS::ElasticLoadBalancing::LoadBalancer': classicBalancerHandler,
  'AWS::CertificateManager::Certificate': certificateHandler,
  'AWS::ECS::Service': ecsServiceHandler,
  'AWS::ECS::TaskDefinition': taskDefinitionHandler,
  'Custom::ECSTaskDefinition': taskDefinitionHandler,
  'AWS::Route53::HostedZone': hostedZoneHandler,
  'AWS::Route53::RecordSet': recordSetHandler,
  'AWS::CloudFormation::Stack': nestedStackHandler,
};

/** A handler whose properties are not known by type; `isUnchanged` is deep equality unless it has its own. */
export type AnyHandler = ResourceHandler<unknown> & Required<Pick<ResourceHandler<unknown>, 'isUnchanged'>>;

/** The handler of a type; of types that nothing in the sandbox depends on, one that only keeps their properties. */
export function handlerFor(type: string): AnyHandler {
  // Templates are made with `resource()` only, which pairs a type with the properties of its handler.
  const handler = (isModelled(type) ? HANDLERS[type] : plainHandler(type)) as ResourceHandler<unknown>;
  return {
    ...handler,
    isUnchanged: handler.isUnchanged ?? ((_id, next, previous) => isDeepStrictEqual(next, previous)),
  };
}

function isModelled(type: string): type is ModelledType {
  return Object.hasOwn(HANDLERS, type);
}
