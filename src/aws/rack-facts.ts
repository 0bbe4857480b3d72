/** What is known of a rack from its own API (`GET /system`) or from its stack, without asking AWS more. */
export interface RackFacts {
  readonly name: string;
  /** The Rack API's word, e.g. `running`, `updating`. */
  readonly status?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
}

export type RackBalancerRole = 'public' | 'internal' | 'api';

/** Logical ids in the rack's stack; the first two never changed (convox/rack provider/aws/formation/rack.json, 2017-11 to 2026-04). */
export const ROUTER_LOGICAL_IDS = { public: 'Router', internal: 'RouterInternal' } as const;

/** The API's balancer: an ALB since 20221129130331, a classic one before. */
export const API_LOGICAL_IDS = { application: 'ApiBalancer', classic: 'Balancer' } as const;

/** How Convox forms the part of a logical id that stands for an app, service or resource (`my-app` becomes `MyApp`). */
export function upperName(name: string): string {
  return name
    .split(/[-_]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

/**
 * The DNS name a role's balancer must have by the rack's outputs alone.
 *
 * `Domain` and `DomainInternal` are the names themselves; `DomainInternal` is absent in racks from 20171209011923 to
 * before 20180106174952, where `RouterInternalHost` stands for it (convox/rack provider/aws/formation/rack.json).
 */
export function dnsNameFromOutputs(
  role: RackBalancerRole,
  outputs: Readonly<Record<string, string>>,
): string | undefined {
  if (role === 'public') return balancerName(outputs['Domain']) ?? fromConvoxSite(outputs['RouterHost']);
  if (role === 'internal')
    return balancerName(outputs['DomainInternal']) ?? fromConvoxSite(outputs['RouterInternalHost']);
  const apiHost = outputs['RackDomain'] ?? outputs['Dashboard'];
  return balancerName(apiHost) ?? fromConvoxSite(apiHost?.replace(/^rack\./i, ''));
}

/** True if the Rack API is served by the public balancer (`ApiRouter=ALB`, 20190416121801 to before 20221129130331). */
export function isApiOnPublicRouter(outputs: Readonly<Record<string, string>>): boolean {
  const { Dashboard: dashboard, RouterHost: routerHost } = outputs;
  return (
    dashboard !== undefined &&
    routerHost !== undefined &&
    dashboard.toLowerCase() === `rack.${routerHost}`.toLowerCase()
  );
}

/** What is wrong with asking this rack for this role, by its parameters. */
export function roleProblem(
  role: RackBalancerRole,
  parameters: Readonly<Record<string, string>>,
): 'internal-disabled' | 'public-disabled' | undefined {
  if (role === 'internal' && 'Internal' in parameters && parameters['Internal'] !== 'Yes') return 'internal-disabled';
  if (role === 'public' && parameters['InternalOnly'] === 'Yes') return 'public-disabled';
  return undefined;
}

/** The two ways of writing one DNS name made equal: lower case, no dot at the end, no `dualstack.` before it. */
export function balancerKey(dnsName: string): string {
  return dnsName
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^dualstack\./, '');
}

function balancerName(value: string | undefined): string | undefined {
  return value !== undefined && /\.elb\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?$/i.test(value) ? value : undefined;
}

/** `<name>.<region>.convox.site` stands for `<name>.<region>.elb.amazonaws.com`; not in the China regions. */
function fromConvoxSite(host: string | undefined): string | undefined {
  const [, name, region] = /^([^.]+)\.([^.]+)\.convox\.site$/i.exec(host ?? '') ?? [];
  return name === undefined || region === undefined ? undefined : `${name}.${region}.elb.amazonaws.com`;
}
