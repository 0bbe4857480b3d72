import type { ListenerRule } from './listener-rules.ts';
import { isAtLeast } from './rack-version.ts';
import { rulePriority, type RuleSubject } from './rule-priority.ts';

export interface SimulatedService {
  readonly name: string;
  /** In the order of the manifest: it is part of the hash. */
  readonly domains: readonly string[];
  readonly isInternal: boolean;
  /** `internalAndExternal: true`, racks since 20250822114342. Default false. */
  readonly isInternalAndExternal?: boolean;
  /** False: no port, so no rules at all. Default true. */
  readonly hasPort?: boolean;
}

export interface SimulateRulesOptions {
  readonly version: string;
  readonly rackName: string;
  readonly app: string;
  readonly services: readonly SimulatedService[];
  /** Outputs `RouterHost` and `RouterInternalHost`; used for the hosts of the default rules only. */
  readonly routerHost?: string;
  readonly routerInternalHost?: string;
  /** App parameter `RedirectHttps`; default true (its own default since 20190103234204, when it came). */
  readonly redirectsHttp?: boolean;
  /** App parameter `InternalDomains`; default true. */
  readonly hasInternalDomains?: boolean;
}

/** A rule an app would have. */
export interface SimulatedRule {
  readonly balancer: 'public' | 'internal';
  readonly port: 80 | 443;
  readonly app: string;
  readonly service: string;
  readonly subject: RuleSubject;
  /** The host it matches; may begin with `*.`. */
  readonly host: string;
  readonly priority: number;
}

const CONVOX_RULES = '20180106174952';
const INTERNAL_DOMAINS_PARAMETER = '20180324152434';
const REDIRECT = '20190103234204';

/** The listener rules an app would have on this version of the rack, with their priorities. */
export function simulateRules(options: SimulateRulesOptions): readonly SimulatedRule[] {
  const { version, redirectsHttp = true } = options;
  // Since then port 80 has rules only where the listener's own redirect is not wanted.
  const ports = isAtLeast(version, REDIRECT) && redirectsHttp ? ([443] as const) : ([80, 443] as const);
  return options.services
    .filter((service) => service.hasPort !== false)
    .flatMap((service) => rulesOfService(options, service, ports));
}

function rulesOfService(
  options: SimulateRulesOptions,
  service: SimulatedService,
  ports: readonly (80 | 443)[],
): readonly SimulatedRule[] {
  const { version, rackName, app, routerHost = '', routerInternalHost = '', hasInternalDomains = true } = options;
  const balancer = service.isInternal || service.isInternalAndExternal === true ? 'internal' : 'public';
  const hidesOwnNames =
    !hasInternalDomains && service.domains.length > 0 && isAtLeast(version, INTERNAL_DOMAINS_PARAMETER);
  const ownHost = `${app}-${service.name}.${balancer === 'public' ? routerHost : routerInternalHost}`;

  const subjects: { balancer: 'public' | 'internal'; subject: RuleSubject; host: string }[] = [];
  if (!hidesOwnNames) {
    subjects.push({ balancer, subject: { kind: 'default' }, host: ownHost });
    if (isAtLeast(version, CONVOX_RULES)) {
      subjects.push({ balancer, subject: { kind: 'internal' }, host: `${service.name}.${app}.${rackName}.convox` });
    }
  }
  service.domains.forEach((domain, index) =>
    subjects.push({ balancer, subject: { kind: 'domain', domain, index }, host: domain }),
  );
  if (service.isInternalAndExternal === true) {
    const host = `${app}-${service.name}.${routerHost}`;
    subjects.push({ balancer: 'public', subject: { kind: 'default-external' }, host });
    service.domains.forEach((domain, index) =>
      subjects.push({ balancer: 'public', subject: { kind: 'domain-external', domain, index }, host: domain }),
    );
  }
  return subjects.flatMap(({ balancer: on, subject, host }) =>
    ports.map((port) => ({
      balancer: on,
      port,
      app,
      service: service.name,
      subject,
      host,
      priority: rulePriority({ version, app, service: service.name, rule: subject }),
    })),
  );
}

/** A rule that is there already, on one of the rack's balancers. */
export interface PlacedRule extends ListenerRule {
  readonly balancer: 'public' | 'internal';
  readonly port: number;
}

/** Two rules that want one number on one listener: the second one's promote would be rolled back (`PriorityInUse`). */
export interface PriorityCollision {
  readonly balancer: 'public' | 'internal';
  readonly port: number;
  readonly priority: number;
  readonly rule: SimulatedRule;
  readonly with: SimulatedRule | PlacedRule;
}

/** Finds the numbers that would clash among the simulated rules and with those on the listeners now. */
export function findPriorityCollisions(
  simulated: readonly SimulatedRule[],
  existing: readonly PlacedRule[],
): readonly PriorityCollision[] {
  return simulated.flatMap((rule, at) => {
    const { balancer, port, priority } = rule;
    const isSamePlace = (other: SimulatedRule | PlacedRule): boolean =>
      other.balancer === balancer && other.port === port && other.priority === priority;
    return [...simulated.slice(at + 1).filter(isSamePlace), ...existing.filter(isSamePlace)]
      .filter((other) => !isSameRule(rule, other))
      .map((other) => ({ balancer, port, priority, rule, with: other }));
  });
}

/** An app that exists already meets its own rules: those are no clash. */
function isSameRule(rule: SimulatedRule, other: SimulatedRule | PlacedRule): boolean {
  if (!('hosts' in other)) return rule.app === other.app && rule.service === other.service && rule.host === other.host;
  return other.owner?.app === rule.app && other.hosts.some((host) => isSameHost(host, rule.host));
}

/**
 * Pairs of app and service that different apps would write the same way: `a-b` + `c` and `a` + `b-c` have one host name
 * and one hash, so such a name must never be chosen.
 */
export function findAmbiguousNames(
  app: { readonly name: string; readonly services: readonly string[] },
  other: { readonly name: string; readonly services: readonly string[] },
): readonly string[] {
  const joined = new Set(app.services.map((service) => `${app.name}-${service}`));
  return other.services.map((service) => `${other.name}-${service}`).filter((name) => joined.has(name));
}

/** The rule an ALB answers a host with: the lowest number among those that match; two apps may both own one. */
export function winnerOfHost<Rule extends { readonly priority: number; readonly hosts: readonly string[] }>(
  rules: readonly Rule[],
  host: string,
): Rule | undefined {
  return rules
    .filter((rule) => rule.hosts.some((pattern) => hostMatches(pattern, host)))
    .toSorted((a, b) => a.priority - b.priority)[0];
}

/** Host conditions: `*` is any run of characters, `?` any one, letter case does not count (ELB user guide, host conditions). */
export function hostMatches(pattern: string, host: string): boolean {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(host.toLowerCase());
}

function isSameHost(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
