/** What elastic load balancing holds: application balancers (with listeners, rules, target groups) and classic ones. */
import type { TaskProcess } from './compute.ts';

export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  /** As AWS writes it, upper-case letters kept; `internal-` in front when the scheme is internal. */
  readonly dnsName: string;
  readonly canonicalHostedZoneId: string;
  readonly scheme: 'internet-facing' | 'internal';
  readonly vpcId: string;
  readonly createdAt: number;
  state: 'provisioning' | 'active' | 'active_impaired' | 'failed';
  /** Loopback addresses its nodes listen on. */
  addresses: string[];
  readonly tags: Map<string, string>;
  readonly attributes: Map<string, string>;
  readonly listeners: Map<string, Listener>;
}

export type Action =
  | { readonly type: 'forward'; readonly targetGroupArn: string }
  | { readonly type: 'redirect-to-https' }
  | { readonly type: 'fixed-response'; readonly status: number; readonly body: string };

export interface Listener {
  readonly arn: string;
  readonly loadBalancerArn: string;
  readonly port: 80 | 443;
  readonly protocol: 'HTTP' | 'HTTPS';
  defaultAction: Action;
  defaultCertificateArn: string | undefined;
  /** SNI certificates besides the default one. */
  readonly certificateArns: Set<string>;
  readonly rules: Map<string, Rule>;
}

export interface Rule {
  readonly arn: string;
  readonly listenerArn: string;
  priority: number;
  hosts: readonly string[];
  action: Action;
}

export interface HealthCheck {
  protocol: 'HTTP' | 'HTTPS' | 'TCP' | 'SSL';
  path: string;
  intervalSeconds: number;
  timeoutSeconds: number;
  healthyThreshold: number;
  unhealthyThreshold: number;
  /** Accepted codes, e.g. `200`, `200-399,401`; empty for TCP checks. */
  matcher: string;
}

export interface TargetGroup {
  readonly arn: string;
  readonly name: string;
  readonly vpcId: string;
  readonly protocol: 'HTTP' | 'HTTPS';
  readonly port: number;
  healthCheck: HealthCheck;
  deregistrationDelaySeconds: number;
  stickiness: boolean;
  readonly tags: Map<string, string>;
  /** By task id. */
  readonly targets: Map<string, Target>;
}

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';

export interface Target {
  readonly taskId: string;
  /** EC2 instance id and host port, as DescribeTargetHealth shows them. */
  readonly instanceId: string;
  readonly hostPort: number;
  state: TargetState;
  /** e.g. `Elb.InitialHealthChecking`, `Target.ResponseCodeMismatch`. */
  reason: string | undefined;
  description: string | undefined;
  /** How the data plane reaches the task's program; absent = nothing behind it (connections are refused). */
  readonly process?: TaskProcess;
}

export interface ClassicListener {
  readonly port: number;
  readonly protocol: 'TCP' | 'HTTP' | 'HTTPS' | 'SSL';
  readonly instanceProtocol: 'TCP' | 'HTTP' | 'HTTPS' | 'SSL';
  readonly instancePort: number;
  readonly certificateArn: string | undefined;
}

/** A classic ELB: the one each generation-1 service with a TCP port has. */
export interface ClassicBalancer {
  readonly name: string;
  readonly dnsName: string;
  readonly canonicalHostedZoneId: string;
  readonly scheme: 'internet-facing' | 'internal';
  readonly vpcId: string;
  readonly createdAt: number;
  addresses: string[];
  listeners: readonly ClassicListener[];
  healthCheck: HealthCheck;
  drainingSeconds: number;
  idleSeconds: number;
  readonly tags: Map<string, string>;
  /** By task id. */
  readonly targets: Map<string, Target>;
}
