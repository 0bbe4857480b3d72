import { createHmac } from 'node:crypto';
import type { PlannedService } from './plan.ts';
import type { EnvironmentMap } from './ports.ts';

/** The variables that carry domains, by name, with the value that turns the domains on. */
export function domainVariables(services: readonly PlannedService[]): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const { domainVariable, domains } of services) {
    if (domainVariable !== undefined && domains.length > 0) variables.set(domainVariable, domains.join(','));
  }
  return variables;
}

/** An environment with the domains turned on, or off (variables present but empty: a manifest may require them). */
export function withDomains(
  env: EnvironmentMap,
  services: readonly PlannedService[],
  domains: 'on' | 'off',
): EnvironmentMap {
  const result = new Map(env);
  for (const [name, value] of domainVariables(services)) result.set(name, domains === 'on' ? value : '');
  return result;
}

/** An environment as the old app had it: without the variables that only carry domains. */
export function withoutDomainVariables(env: EnvironmentMap, services: readonly PlannedService[]): EnvironmentMap {
  const variables = domainVariables(services);
  return new Map([...env].filter(([name]) => !variables.has(name)));
}

export function sameEnvironment(a: EnvironmentMap, b: EnvironmentMap): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}

/** Names whose values differ, or that one side lacks. Names only: values are secret. */
export function differingNames(a: EnvironmentMap, b: EnvironmentMap): readonly string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).toSorted();
}

/**
 * A fingerprint that proves two environments equal without showing a value. Keyed by the execution, so that equal
 * environments of two executions cannot be recognised in their journals.
 */
export function fingerprint(env: EnvironmentMap, key: string): string {
  const text = [...env]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
  return createHmac('sha256', key).update(text).digest('hex');
}
