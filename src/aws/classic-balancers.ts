import {
  DescribeInstanceHealthCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  type LoadBalancerDescription,
} from '@aws-sdk/client-elastic-load-balancing';
import { ask, awsCodeOf, present } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

type Clients = Pick<AwsClients, 'elb'>;

export interface ClassicListener {
  readonly port: number;
  /** `HTTP`, `HTTPS`, `TCP` or `SSL`. A TCP listener has no HTTP metrics and counts connections. */
  readonly protocol: string;
  readonly instancePort: number;
  readonly instanceProtocol: string;
  readonly certificateArn?: string;
}

/** A classic balancer, as gen-1 services have them. */
export interface ClassicBalancer {
  readonly name: string;
  readonly dnsName: string;
  /** Absent where the endpoint does not tell it; then by region (`canonicalZoneOf`). */
  readonly canonicalHostedZoneId?: string;
  readonly scheme: 'internet-facing' | 'internal';
  readonly vpcId?: string;
  readonly listeners: readonly ClassicListener[];
  /** E.g. `TCP:3000` or `HTTP:3000/health`. */
  readonly healthCheckTarget?: string;
  readonly instanceIds: readonly string[];
}

export interface InstanceHealth {
  readonly instanceId: string;
  readonly isInService: boolean;
  readonly reason?: string;
}

const BALANCERS_PER_CALL = 20;
/** Elastic Load Balancing user guide, "Configure connection draining for your Classic Load Balancer". */
const DEFAULT_DRAINING_SECONDS = 300;

/** Reads classic balancers by name; those that are gone are left out. */
export async function readClassicBalancers(
  { clients, names }: { readonly clients: Clients; readonly names: readonly string[] },
  signal: AbortSignal,
): Promise<readonly ClassicBalancer[]> {
  const found: ClassicBalancer[] = [];
  for (let at = 0; at < names.length; at += BALANCERS_PER_CALL) {
    found.push(...(await readGroup(clients, names.slice(at, at + BALANCERS_PER_CALL), signal)));
  }
  return found;
}

async function readGroup(
  clients: Clients,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly ClassicBalancer[]> {
  const what = `read classic balancers ${names.join(', ')}`;
  try {
    const answer = await ask(
      what,
      'elasticloadbalancing:DescribeLoadBalancers',
      (options) => clients.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerNames: [...names] }), options),
      signal,
    );
    return (answer.LoadBalancerDescriptions ?? []).map((balancer) => classicBalancer(balancer, what));
  } catch (error) {
    if (!isBalancerAbsent(error)) throw error;
    if (names.length === 1) return [];
    // One unknown name fails the whole request: ask for each alone.
    const lists: ClassicBalancer[] = [];
    for (const name of names) lists.push(...(await readGroup(clients, [name], signal)));
    return lists;
  }
}

/** Reads which instances a classic balancer sends traffic to. */
export async function readInstanceHealth(
  { clients, name }: { readonly clients: Clients; readonly name: string },
  signal: AbortSignal,
): Promise<readonly InstanceHealth[]> {
  const answer = await ask(
    `read the instance health of ${name}`,
    'elasticloadbalancing:DescribeInstanceHealth',
    (options) => clients.elb.send(new DescribeInstanceHealthCommand({ LoadBalancerName: name }), options),
    signal,
  );
  return (answer.InstanceStates ?? []).map((state) => ({
    instanceId: state.InstanceId ?? '',
    isInService: state.State === 'InService',
    ...(state.Description && state.Description !== 'N/A' ? { reason: state.Description } : {}),
  }));
}

/** Reads for how many seconds a classic balancer lets requests to an instance that goes away finish; 0 when it does not. */
export async function readConnectionDraining(
  { clients, name }: { readonly clients: Clients; readonly name: string },
  signal: AbortSignal,
): Promise<number> {
  const { LoadBalancerAttributes: attributes } = await ask(
    `read the attributes of ${name}`,
    'elasticloadbalancing:DescribeLoadBalancerAttributes',
    (options) => clients.elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerName: name }), options),
    signal,
  );
  const draining = attributes?.ConnectionDraining;
  return draining?.Enabled === true ? (draining.Timeout ?? DEFAULT_DRAINING_SECONDS) : 0;
}

/** `AccessPointNotFoundException` is what the SDK calls the API's `LoadBalancerNotFound`. */
function isBalancerAbsent(error: unknown): boolean {
  return /^(AccessPointNotFound|LoadBalancerNotFound)/.test(awsCodeOf(error) ?? '');
}

function classicBalancer(balancer: LoadBalancerDescription, what: string): ClassicBalancer {
  const health = balancer.HealthCheck?.Target;
  return {
    name: present(balancer.LoadBalancerName, 'LoadBalancerName', what),
    dnsName: present(balancer.DNSName, 'DNSName', what),
    ...(balancer.CanonicalHostedZoneNameID ? { canonicalHostedZoneId: balancer.CanonicalHostedZoneNameID } : {}),
    scheme: balancer.Scheme === 'internal' ? 'internal' : 'internet-facing',
    ...(balancer.VPCId ? { vpcId: balancer.VPCId } : {}),
    listeners: (balancer.ListenerDescriptions ?? []).flatMap(({ Listener: listener }) =>
      listener === undefined
        ? []
        : [
            {
              port: listener.LoadBalancerPort ?? 0,
              protocol: listener.Protocol ?? 'TCP',
              instancePort: listener.InstancePort ?? 0,
              instanceProtocol: listener.InstanceProtocol ?? listener.Protocol ?? 'TCP',
              ...(listener.SSLCertificateId ? { certificateArn: listener.SSLCertificateId } : {}),
            },
          ],
    ),
    ...(health === undefined ? {} : { healthCheckTarget: health }),
    instanceIds: (balancer.Instances ?? []).flatMap(({ InstanceId: id }) => (id === undefined ? [] : [id])),
  };
}
