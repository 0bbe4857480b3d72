import { withDomainVariables } from '../../manifest/domain-variables.ts';
import { readGen2Manifest } from '../../manifest/gen2-reader.ts';
import type { Gen2Service } from '../../manifest/gen2-types.ts';
import { covers } from '../host-names.ts';
import type { Finding } from '../plan.ts';

type DomainsByService = Readonly<Record<string, readonly string[]>>;

export interface VaryingDomains {
  /** What is deployed: the text as written but for the domains. */
  readonly text: string;
  /** Names as written in the manifest where they were; elsewhere as found. */
  readonly domains: DomainsByService;
  readonly findings: readonly Finding[];
}

/**
 * The final app must start without its domains, and a release is a build and an environment: domains that are written
 * in convox.yml come from a variable in the package that this migration deploys. Of the ways to do without one (a second
 * build, a temporary name whose rules win on every listener), this alone runs the tested build and needs no luck.
 */
export function letDomainsVary(
  written: string,
  found: DomainsByService,
  { rackVersion, environmentNames }: { readonly rackVersion: string; readonly environmentNames: readonly string[] },
): VaryingDomains {
  const { manifest } = readGen2Manifest(written, { rackVersion });
  const literal = (manifest?.services ?? []).flatMap((service) => literalDomains(service));
  if (literal.length === 0) return { text: written, domains: found, findings: [] };
  const taken = new Set(environmentNames);
  const changes = literal.map(({ service }) => ({ service, variable: freeVariable(service, taken) }));
  const text = withDomainVariables(written, changes, { rackVersion });
  // What cannot be done for certain stays as it is, and is a blocker of its own.
  if (text === undefined) return { text: written, domains: found, findings: [] };
  const domains: Record<string, readonly string[]> = { ...found };
  const findings = literal.flatMap(({ service, names }, index): Finding[] => {
    const key = Object.keys(found).find((name) => name.toLowerCase() === service.toLowerCase()) ?? service;
    const missing = (found[key] ?? []).filter((host) => !names.some((name) => covers(name, host)));
    domains[key] = names;
    return [
      ...(missing.length > 0 ? [notWritten(service, missing)] : []),
      inVariable(service, changes[index]?.variable ?? ''),
    ];
  });
  return { text, domains, findings };
}

function literalDomains({ name, port, domain }: Gen2Service): readonly { service: string; names: readonly string[] }[] {
  if (port === undefined || domain?.resolved === undefined || domain.variable !== undefined) return [];
  const names = domain.resolved.map((host) => host.toLowerCase()).filter((host) => host !== '');
  return names.length === 0 ? [] : [{ service: name, names }];
}

function freeVariable(service: string, taken: Set<string>): string {
  const wanted = `DOMAINS_${service.toUpperCase().replaceAll('-', '_')}`;
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}_${number}`;
  taken.add(name);
  return name;
}

function inVariable(service: string, variable: string): Finding {
  return {
    code: 'domains-in-variable',
    severity: 'warning',
    where: `service ${service}`,
    message:
      `the domain of ${service} is written in convox.yml; what this migration deploys has domain: \${${variable}} there, ` +
      'so that the final app can start without it and no request is lost. Your file stays as it is',
    hint:
      `Risk: until your next deployment the app's domains hang on ${variable}; do not unset it before. That deployment ` +
      'puts the same names back from your file, and the variable may go then.',
  };
}

function notWritten(service: string, missing: readonly string[]): Finding {
  return {
    code: 'domains-not-written',
    severity: 'blocker',
    where: `service ${service}`,
    message: `${missing.join(', ')} leads to ${service} in DNS, but convox.yml does not name it`,
    hint: 'Add it to the domain of the service, or take the record away: your next deployment would cut it off.',
  };
}
