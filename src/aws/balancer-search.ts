import { MigrationError } from '../errors.ts';
import {
  balancerMetricName,
  findApplicationBalancer,
  listApplicationBalancers,
  readBalancerTags,
  type ApplicationBalancer,
} from './application-balancers.ts';
import { crossCheck, type Expectation } from './balancer-check.ts';
import { canonicalZoneOf } from './canonical-zones.ts';
import { readClassicBalancers } from './classic-balancers.ts';
import type { BalancerEvidence, RackBalancer, RackBalancerClients } from './rack-balancer.ts';
import {
  API_LOGICAL_IDS,
  balancerKey,
  dnsNameFromOutputs,
  isApiOnPublicRouter,
  ROUTER_LOGICAL_IDS,
  type RackBalancerRole,
  type RackFacts,
} from './rack-facts.ts';
import { findStackResource, type StackFacts, type StackResource } from './stacks.ts';

interface SearchOptions {
  readonly rack: RackFacts;
  readonly clients: RackBalancerClients;
  /** Absent when reading it was denied. */
  readonly stack?: StackFacts;
  /** Collects the IAM actions that were refused. */
  readonly denied: Set<string>;
}

/** One search for the balancers of one rack: shares what it reads, and goes on with what it may read. */
export class BalancerSearch {
  readonly #options: SearchOptions;
  readonly #outputs: Readonly<Record<string, string>>;
  #all: Promise<readonly ApplicationBalancer[] | undefined> | undefined;
  #tagged: Promise<readonly Tagged[]> | undefined;

  constructor(options: SearchOptions) {
    this.#options = options;
    // The rack's own outputs first: where they are older than the stack, the cross-check says so.
    this.#outputs = { ...options.stack?.outputs, ...options.rack.outputs };
  }

  /** The checked balancer; `undefined` when nothing we may read leads to one. */
  async find(role: RackBalancerRole, signal: AbortSignal): Promise<RackBalancer | undefined> {
    const logicalId = await this.#resourceOf(role, signal);
    if (logicalId?.type === 'AWS::ElasticLoadBalancing::LoadBalancer') {
      return this.#classic(role, logicalId, signal);
    }
    const byId = await this.#byResource(logicalId, signal);
    if (byId !== undefined) return this.#checked(role, byId, 'logical-id');
    const found =
      (await this.#byDnsName(role, signal)) ??
      (await this.#byStackTags(role, signal)) ??
      (await this.#byRackTag(role, signal)) ??
      (await this.#byName(role, signal));
    return found === undefined ? undefined : this.#checked(role, found.balancer, found.how);
  }

  async #resourceOf(role: RackBalancerRole, signal: AbortSignal): Promise<StackResource | undefined> {
    const { clients, stack } = this.#options;
    if (stack === undefined) return undefined;
    const read = (logicalId: string): Promise<StackResource | undefined> =>
      this.#orDenied(findStackResource({ clients, stack: stack.arn, logicalId }, signal));
    if (role !== 'api') return read(ROUTER_LOGICAL_IDS[role]);
    if (isApiOnPublicRouter(this.#outputs)) return read(ROUTER_LOGICAL_IDS.public);
    return (await read(API_LOGICAL_IDS.application)) ?? (await read(API_LOGICAL_IDS.classic));
  }

  async #byResource(
    resource: StackResource | undefined,
    signal: AbortSignal,
  ): Promise<ApplicationBalancer | undefined> {
    if (resource?.physicalId === undefined) return undefined;
    if (!resource.status.endsWith('_COMPLETE')) {
      throw new MigrationError(
        'RACK_STACK_STATE',
        `${resource.logicalId} of rack ${this.#options.rack.name} is ${resource.status}`,
        {
          hint: 'Wait until the rack is running again.',
          retryable: resource.status.endsWith('_IN_PROGRESS'),
          details: { logicalId: resource.logicalId, status: resource.status },
        },
      );
    }
    const { clients } = this.#options;
    return this.#orDenied(findApplicationBalancer({ clients, arn: resource.physicalId }, signal));
  }

  async #byDnsName(role: RackBalancerRole, signal: AbortSignal): Promise<Hit | undefined> {
    const wanted = dnsNameFromOutputs(role, this.#outputs);
    if (wanted === undefined) return undefined;
    const all = (await this.#listAll(signal)) ?? [];
    return only(
      all.filter(({ dnsName }) => balancerKey(dnsName) === balancerKey(wanted)),
      'dns-name',
    );
  }

  async #byStackTags(role: RackBalancerRole, signal: AbortSignal): Promise<Hit | undefined> {
    const logicalId = role === 'api' ? API_LOGICAL_IDS.application : ROUTER_LOGICAL_IDS[role];
    const tagged = await this.#taggedInVpc(signal);
    const hits = tagged.filter(
      ({ tags }) =>
        tags['aws:cloudformation:stack-name'] === this.#options.rack.name &&
        tags['aws:cloudformation:logical-id'] === logicalId,
    );
    return only(
      hits.map(({ balancer }) => balancer),
      'stack-tags',
    );
  }

  /** Since 20180423223805 (public) and 20190115132842 (internal) the rack's ALBs, the API's included, have this tag. */
  async #byRackTag(role: RackBalancerRole, signal: AbortSignal): Promise<Hit | undefined> {
    const tagged = await this.#taggedInVpc(signal);
    const hits = tagged.filter(
      ({ balancer, tags }) =>
        tags['Rack'] === this.#options.rack.name &&
        this.#isApi(balancer) === (role === 'api') &&
        (role === 'api' || balancer.scheme === (role === 'public' ? 'internet-facing' : 'internal')),
    );
    return only(
      hits.map(({ balancer }) => balancer),
      'rack-tag',
    );
  }

  async #byName(role: RackBalancerRole, signal: AbortSignal): Promise<Hit | undefined> {
    // The public one has a generated name in every version.
    if (role === 'public') return undefined;
    const { rack, stack } = this.#options;
    const parameters = { ...rack.parameters, ...stack?.parameters };
    const suffix = parameters['InternalRouterSuffix'] ?? parameters['InternalSuffix'] ?? '-rti';
    const names = role === 'api' ? [rack.name, `${rack.name}-i`] : suffix === '' ? [] : [`${rack.name}${suffix}`];
    const all = (await this.#listAll(signal)) ?? [];
    return only(
      all.filter(({ name }) => names.includes(name)),
      'name',
    );
  }

  #isApi(balancer: ApplicationBalancer): boolean {
    const { rack } = this.#options;
    const apiName = dnsNameFromOutputs('api', this.#outputs);
    return (
      balancer.name === rack.name ||
      balancer.name === `${rack.name}-i` ||
      (apiName !== undefined &&
        !isApiOnPublicRouter(this.#outputs) &&
        balancerKey(apiName) === balancerKey(balancer.dnsName))
    );
  }

  #taggedInVpc(signal: AbortSignal): Promise<readonly Tagged[]> {
    this.#tagged ??= this.#readTagged(signal);
    return this.#tagged;
  }

  async #readTagged(signal: AbortSignal): Promise<readonly Tagged[]> {
    const all = (await this.#listAll(signal)) ?? [];
    const vpc = this.#outputs['Vpc'];
    const candidates = all.filter(({ type, vpcId }) => type === 'application' && (vpc === undefined || vpcId === vpc));
    if (candidates.length === 0) return [];
    const { clients } = this.#options;
    const tags = await this.#orDenied(readBalancerTags({ clients, arns: candidates.map(({ arn }) => arn) }, signal));
    return candidates.map((balancer) => ({ balancer, tags: tags?.get(balancer.arn) ?? {} }));
  }

  #listAll(signal: AbortSignal): Promise<readonly ApplicationBalancer[] | undefined> {
    const { clients } = this.#options;
    this.#all ??= this.#orDenied(listApplicationBalancers({ clients }, signal));
    return this.#all;
  }

  async #classic(
    role: RackBalancerRole,
    resource: StackResource,
    signal: AbortSignal,
  ): Promise<RackBalancer | undefined> {
    const { clients } = this.#options;
    const names = resource.physicalId === undefined ? [] : [resource.physicalId];
    const [balancer] = (await this.#orDenied(readClassicBalancers({ clients, names }, signal))) ?? [];
    if (balancer === undefined) return undefined;
    const warnings = crossCheck(this.#expectation(role), { ...balancer, type: 'application', state: 'active' });
    const zone = balancer.canonicalHostedZoneId ?? canonicalZoneOf(balancer.dnsName);
    return {
      role,
      name: balancer.name,
      dnsName: balancer.dnsName,
      ...(zone === undefined ? {} : { canonicalHostedZoneId: zone }),
      scheme: balancer.scheme,
      ...(balancer.vpcId === undefined ? {} : { vpcId: balancer.vpcId }),
      kind: 'classic',
      metricName: balancer.name,
      how: 'logical-id',
      crossChecked: true,
      warnings,
    };
  }

  #checked(role: RackBalancerRole, balancer: ApplicationBalancer, how: BalancerEvidence): RackBalancer {
    const warnings = crossCheck(this.#expectation(role), balancer);
    const { arn, name, dnsName, canonicalHostedZoneId, scheme, vpcId } = balancer;
    const metricName = balancerMetricName(arn);
    return {
      role,
      arn,
      name,
      dnsName,
      canonicalHostedZoneId,
      scheme,
      vpcId,
      kind: 'application',
      metricName,
      how,
      crossChecked: true,
      warnings,
    };
  }

  #expectation(role: RackBalancerRole): Expectation {
    const { rack, stack } = this.#options;
    const parameters = { ...rack.parameters, ...stack?.parameters };
    const dnsName = dnsNameFromOutputs(role, this.#outputs);
    const vpcId = this.#outputs['Vpc'];
    const isInternal = role === 'internal' || (role === 'api' && parameters['PrivateApi'] === 'Yes');
    return {
      rack: rack.name,
      role,
      scheme: isInternal ? 'internal' : 'internet-facing',
      ...(dnsName === undefined ? {} : { dnsName }),
      ...(vpcId === undefined ? {} : { vpcId }),
    };
  }

  /** The answer, or `undefined` after noting which action was refused. */
  async #orDenied<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (!MigrationError.is(error, 'AWS_DENIED')) throw error;
      this.#options.denied.add(String(error.details['action']));
      return undefined;
    }
  }
}

interface Hit {
  readonly balancer: ApplicationBalancer;
  readonly how: BalancerEvidence;
}

interface Tagged {
  readonly balancer: ApplicationBalancer;
  readonly tags: Readonly<Record<string, string>>;
}

/** A hit only if there is exactly one: of two candidates neither is taken. */
function only(balancers: readonly ApplicationBalancer[], how: BalancerEvidence): Hit | undefined {
  const [balancer] = balancers;
  return balancer === undefined || balancers.length > 1 ? undefined : { balancer, how };
}
