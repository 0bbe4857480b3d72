import type { ClassicBalancer, Listener, LoadBalancer, Rule, TargetGroup } from '../model/load-balancing.ts';
import { AwsRefusal, type Balancing, type World } from '../world.ts';
import { balancerZoneOf } from './regions.ts';

/** AWS docs, "Quotas for your Application Load Balancers": rules not counting defaults, certificates likewise. */
export const MAX_RULES_PER_BALANCER = 100;
export const MAX_CERTIFICATES_PER_BALANCER = 25;
/** Zones, and so addresses, each balancer spans (rack templates: two availability zones). */
const NODES_PER_BALANCER = 2;
/** What a new application balancer answers to DescribeLoadBalancerAttributes (Elastic Load Balancing API reference). */
const DEFAULT_ATTRIBUTES: readonly (readonly [string, string])[] = [
  ['access_logs.s3.enabled', 'false'],
  ['access_logs.s3.bucket', ''],
  ['access_logs.s3.prefix', ''],
  ['idle_timeout.timeout_seconds', '60'],
  ['deletion_protection.enabled', 'false'],
  ['routing.http2.enabled', 'true'],
  ['routing.http.drop_invalid_header_fields.enabled', 'false'],
];

/** Elastic load balancing's store: what there is, with AWS's own refusals; what changes is served by the data plane. */
export function createBalancing(world: World): Balancing {
  return new BalancingStore(world);
}

class BalancingStore implements Balancing {
  readonly loadBalancers = new Map<string, LoadBalancer>();
  readonly targetGroups = new Map<string, TargetGroup>();
  readonly classic = new Map<string, ClassicBalancer>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  createLoadBalancer({ name, scheme, tags }: Parameters<Balancing['createLoadBalancer']>[0]): LoadBalancer {
    if ([...this.loadBalancers.values()].some((other) => other.name === name)) {
      throw new AwsRefusal('DuplicateLoadBalancerName', `A load balancer with the same name '${name}' exists`);
    }
    const { settings, clock, dataPlane } = this.#world;
    const balancer: LoadBalancer = {
      arn: this.#arn(`loadbalancer/app/${name}/${this.#world.random.hex(16)}`),
      name,
      dnsName: this.#dnsName(name, scheme),
      canonicalHostedZoneId: balancerZoneOf(settings.region),
      scheme,
      vpcId: settings.vpcId,
      createdAt: clock.now(),
      state: 'active',
      addresses: dataPlane.allocateAddresses(NODES_PER_BALANCER),
      tags: new Map(tags),
      attributes: new Map(DEFAULT_ATTRIBUTES),
      listeners: new Map(),
    };
    this.loadBalancers.set(balancer.arn, balancer);
    dataPlane.serve(balancer);
    return balancer;
  }

  deleteLoadBalancer(arn: string): void {
    const balancer = this.loadBalancers.get(arn);
    if (balancer === undefined) return;
    this.loadBalancers.delete(arn);
    this.#world.dataPlane.remove(balancer);
  }

  createListener(spec: Parameters<Balancing['createListener']>[0]): Listener {
    const balancer = this.#balancerOf(spec.loadBalancerArn);
    if ([...balancer.listeners.values()].some(({ port }) => port === spec.port)) {
      throw new AwsRefusal(
        'DuplicateListener',
        `A listener already exists on this port for this load balancer '${balancer.arn}'`,
      );
    }
    if (spec.protocol === 'HTTPS') this.#checkCertificate(spec.defaultCertificateArn);
    const listener: Listener = {
      ...spec,
      arn: `${balancer.arn.replace(':loadbalancer/', ':listener/')}/${this.#world.random.hex(16)}`,
      certificateArns: new Set(),
      rules: new Map(),
    };
    balancer.listeners.set(listener.arn, listener);
    this.#world.dataPlane.serve(balancer);
    return listener;
  }

  deleteListener(arn: string): void {
    for (const balancer of this.loadBalancers.values()) {
      if (balancer.listeners.delete(arn)) this.#world.dataPlane.serve(balancer);
    }
  }

  findListener(arn: string): Listener | undefined {
    for (const balancer of this.loadBalancers.values()) {
      const listener = balancer.listeners.get(arn);
      if (listener !== undefined) return listener;
    }
    return undefined;
  }

  addListenerCertificate(listenerArn: string, certificateArn: string): void {
    const listener = this.#listenerOf(listenerArn);
    const balancer = this.#balancerOf(listener.loadBalancerArn);
    this.#checkCertificate(certificateArn);
    const used = new Set([...balancer.listeners.values()].flatMap(({ certificateArns }) => [...certificateArns]));
    if (!used.has(certificateArn) && used.size >= MAX_CERTIFICATES_PER_BALANCER) {
      throw new AwsRefusal(
        'TooManyCertificates',
        `The maximum number of certificates has been reached on load balancer '${balancer.arn}'`,
      );
    }
    listener.certificateArns.add(certificateArn);
    this.#world.dataPlane.serve(balancer);
  }

  removeListenerCertificate(listenerArn: string, certificateArn: string): void {
    const listener = this.#listenerOf(listenerArn);
    if (!listener.certificateArns.delete(certificateArn)) return;
    this.#world.dataPlane.serve(this.#balancerOf(listener.loadBalancerArn));
  }

  createRule(spec: Parameters<Balancing['createRule']>[0]): Rule {
    const listener = this.#listenerOf(spec.listenerArn);
    const balancer = this.#balancerOf(listener.loadBalancerArn);
    if (!Number.isInteger(spec.priority) || spec.priority < 1 || spec.priority > 50_000) {
      throw new AwsRefusal('ValidationError', `Priority '${String(spec.priority)}' must be between 1 and 50000`);
    }
    if ([...listener.rules.values()].some(({ priority }) => priority === spec.priority)) {
      throw new AwsRefusal('PriorityInUse', `Priority '${String(spec.priority)}' is currently in use`);
    }
    const count = [...balancer.listeners.values()].reduce((sum, { rules }) => sum + rules.size, 0);
    if (count >= MAX_RULES_PER_BALANCER) {
      throw new AwsRefusal(
        'TooManyRules',
        `The maximum number of rules has been reached on load balancer '${balancer.arn}'`,
      );
    }
    const rule: Rule = {
      ...spec,
      arn: `${listener.arn.replace(':listener/', ':listener-rule/')}/${this.#world.random.hex(16)}`,
    };
    listener.rules.set(rule.arn, rule);
    this.#world.dataPlane.serve(balancer);
    return rule;
  }

  deleteRule(arn: string): void {
    for (const balancer of this.loadBalancers.values()) {
      for (const { rules } of balancer.listeners.values()) {
        if (rules.delete(arn)) this.#world.dataPlane.serve(balancer);
      }
    }
  }

  findRule(arn: string): Rule | undefined {
    for (const balancer of this.loadBalancers.values()) {
      for (const listener of balancer.listeners.values()) {
        const rule = listener.rules.get(arn);
        if (rule !== undefined) return rule;
      }
    }
    return undefined;
  }

  createTargetGroup({ tags, ...spec }: Parameters<Balancing['createTargetGroup']>[0]): TargetGroup {
    if ([...this.targetGroups.values()].some(({ name }) => name === spec.name)) {
      throw new AwsRefusal(
        'DuplicateTargetGroupName',
        `A target group with the same name '${spec.name}' exists, but with different settings`,
      );
    }
    const group: TargetGroup = {
      ...spec,
      arn: this.#arn(`targetgroup/${spec.name}/${this.#world.random.hex(16)}`),
      vpcId: this.#world.settings.vpcId,
      tags: new Map(tags),
      targets: new Map(),
    };
    this.targetGroups.set(group.arn, group);
    return group;
  }

  deleteTargetGroup(arn: string): void {
    if (balancersForwardingTo(this, arn).length > 0) {
      throw new AwsRefusal('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`);
    }
    this.targetGroups.delete(arn);
  }

  createClassic({ tags, ...spec }: Parameters<Balancing['createClassic']>[0]): ClassicBalancer {
    if (this.classic.has(spec.name)) {
      throw new AwsRefusal(
        'DuplicateLoadBalancerName',
        `Load Balancer named ${spec.name} already exists and it is configured with different parameters.`,
      );
    }
    const { settings, clock, dataPlane } = this.#world;
    const balancer: ClassicBalancer = {
      ...spec,
      dnsName: this.#dnsName(spec.name, spec.scheme),
      canonicalHostedZoneId: balancerZoneOf(settings.region),
      vpcId: settings.vpcId,
      createdAt: clock.now(),
      addresses: dataPlane.allocateAddresses(NODES_PER_BALANCER),
      tags: new Map(tags),
      targets: new Map(),
    };
    this.classic.set(balancer.name, balancer);
    dataPlane.serve(balancer);
    return balancer;
  }

  deleteClassic(name: string): void {
    const balancer = this.classic.get(name);
    if (balancer === undefined) return;
    this.classic.delete(name);
    this.#world.dataPlane.remove(balancer);
  }

  #arn(resource: string): string {
    const { region, accountId } = this.#world.settings;
    return `arn:aws:elasticloadbalancing:${region}:${accountId}:${resource}`;
  }

  #dnsName(name: string, scheme: LoadBalancer['scheme']): string {
    const { settings, random } = this.#world;
    const prefix = scheme === 'internal' ? 'internal-' : '';
    return `${prefix}${name}-${random.digits(10)}.${settings.region}.elb.amazonaws.com`;
  }

  #balancerOf(arn: string): LoadBalancer {
    const balancer = this.loadBalancers.get(arn);
    if (balancer === undefined) throw new AwsRefusal('LoadBalancerNotFound', `Load balancers '[${arn}]' not found`);
    return balancer;
  }

  #listenerOf(arn: string): Listener {
    const listener = this.findListener(arn);
    if (listener === undefined) throw new AwsRefusal('ListenerNotFound', `Listener '${arn}' not found`);
    return listener;
  }

  /** A balancer takes issued certificates only. */
  #checkCertificate(arn: string | undefined): void {
    if (arn === undefined) {
      throw new AwsRefusal('ValidationError', 'A certificate must be specified for HTTPS listeners');
    }
    // Server certificates of IAM are not kept by ACM.
    if (arn.startsWith('arn:aws:iam:')) return;
    const certificate = this.#world.acm.certificates.get(arn);
    if (certificate === undefined) throw new AwsRefusal('CertificateNotFound', `Certificate '${arn}' not found`);
    if (certificate.status !== 'ISSUED') {
      throw new AwsRefusal(
        'UnsupportedCertificate',
        `The certificate '${arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.`,
      );
    }
  }
}

/** ARNs of the balancers with a listener or rule that forwards to the target group. */
export function balancersForwardingTo(balancing: Balancing, targetGroupArn: string): readonly string[] {
  const forwards = (action: Rule['action']): boolean =>
    action.type === 'forward' && action.targetGroupArn === targetGroupArn;
  return [...balancing.loadBalancers.values()]
    .filter(({ listeners }) =>
      [...listeners.values()].some(
        ({ defaultAction, rules }) =>
          forwards(defaultAction) || [...rules.values()].some(({ action }) => forwards(action)),
      ),
    )
    .map(({ arn }) => arn);
}
