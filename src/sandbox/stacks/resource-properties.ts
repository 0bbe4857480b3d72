import type { TaskDefinition } from '../model/compute.ts';
import type { RecordSet } from '../model/dns.ts';
import type { Action, ClassicListener, HealthCheck } from '../model/load-balancing.ts';
import type { ResourceTemplate } from '../model/stacks.ts';
import type { NestedStackProperties } from './resource-handler.ts';

export interface LoadBalancerProperties {
  /** Absent = CloudFormation makes one up. */
  readonly name?: string;
  readonly scheme: 'internet-facing' | 'internal';
  readonly tags?: ReadonlyMap<string, string>;
}

export interface ListenerProperties {
  readonly loadBalancerArn: string;
  readonly port: 80 | 443;
  readonly protocol: 'HTTP' | 'HTTPS';
  readonly defaultAction: Action;
  readonly certificateArn?: string;
}

export interface ListenerRuleProperties {
  readonly listenerArn: string;
  readonly priority: number;
  readonly hosts: readonly string[];
  readonly targetGroupArn: string;
}

export interface ListenerCertificateProperties {
  readonly listenerArn: string;
  readonly certificateArn: string;
}

export interface TargetGroupProperties {
  readonly protocol: 'HTTP' | 'HTTPS';
  readonly port: number;
  readonly healthCheck: HealthCheck;
  readonly deregistrationDelaySeconds: number;
  readonly stickiness: boolean;
  readonly tags?: ReadonlyMap<string, string>;
}

export interface ClassicBalancerProperties {
  readonly name: string;
  readonly scheme: 'internet-facing' | 'internal';
  readonly listeners: readonly ClassicListener[];
  readonly healthCheck: HealthCheck;
  readonly drainingSeconds: number;
  readonly idleSeconds: number;
}

export interface CertificateProperties {
  readonly domainName: string;
  readonly names: readonly string[];
  /** Mailboxes are those of this domain, by name. */
  readonly validationDomains: ReadonlyMap<string, string>;
  /** Approved by Convox's own robot a minute later: the rack's `*.….convox.site` certificates. */
  readonly isApprovedByConvox?: boolean;
}

export interface EcsServiceProperties {
  readonly app: string;
  readonly service: string;
  readonly desiredCount: number;
  readonly minimumPercent: number;
  readonly maximumPercent: number;
  readonly graceSeconds: number;
  readonly taskDefinitionArn: string;
  readonly targetGroupArns: readonly string[];
  readonly classicBalancerNames: readonly string[];
}

export interface TaskDefinitionProperties {
  readonly family: string;
  readonly taskDefinition: TaskDefinition;
}

export interface HostedZoneProperties {
  readonly name: string;
}

export interface RecordSetProperties {
  readonly hostedZoneId: string;
  readonly recordSet: RecordSet;
}

/** Of a type that nothing in the sandbox depends on: plain data, compared to see changes. */
export type PlainProperties = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** What the handler of each modelled type takes. */
export interface ModelledProperties {
  readonly 'AWS::ElasticLoadBalancingV2::LoadBalancer': LoadBalancerProperties;
  readonly 'AWS::ElasticLoadBalancingV2::Listener': ListenerProperties;
  readonly 'AWS::ElasticLoadBalancingV2::ListenerRule': ListenerRuleProperties;
  readonly 'AWS::ElasticLoadBalancingV2::ListenerCertificate': ListenerCertificateProperties;
  readonly 'AWS::ElasticLoadBalancingV2::TargetGroup': TargetGroupProperties;
  readonly 'AWS::ElasticLoadBalancing::LoadBalancer': ClassicBalancerProperties;
  readonly 'AWS::CertificateManager::Certificate': CertificateProperties;
  readonly 'AWS::ECS::Service': EcsServiceProperties;
  readonly 'AWS::ECS::TaskDefinition': TaskDefinitionProperties;
  readonly 'Custom::ECSTaskDefinition': TaskDefinitionProperties;
  readonly 'AWS::Route53::HostedZone': HostedZoneProperties;
  readonly 'AWS::Route53::RecordSet': RecordSetProperties;
  readonly 'AWS::CloudFormation::Stack': NestedStackProperties;
}

export type ModelledType = keyof ModelledProperties;

export interface ResourceOptions {
  readonly dependsOn?: readonly string[];
  readonly retain?: boolean;
}

/** A resource of a modelled type; the only way to make one, so that type and properties always fit. */
export function resource<Type extends ModelledType>(
  logicalId: string,
  type: Type,
  properties: (ref: (logicalId: string) => string) => ModelledProperties[Type],
  options: ResourceOptions = {},
): ResourceTemplate {
  return { logicalId, type, dependsOn: options.dependsOn ?? [], properties, retain: options.retain ?? false };
}

/** A resource of any other type. */
export function plainResource(
  logicalId: string,
  type: string,
  properties: PlainProperties = {},
  options: ResourceOptions = {},
): ResourceTemplate {
  return {
    logicalId,
    type,
    dependsOn: options.dependsOn ?? [],
    properties: () => properties,
    retain: options.retain ?? false,
  };
}
