import { withDomainVariables, type DomainVariable } from '../../manifest/domain-variables.ts';
import { readGen2Manifest } from '../../manifest/gen2-reader.ts';
import type { Gen2Service } from '../../manifest/gen2-types.ts';
import { covers } from '../host-names.ts';
import type { Finding } from '../plan.ts';
import type { EnvironmentMap } from '../ports.ts';

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
 *
 * A variable that the app has already is treated like written names, unless `gen2 convert` named it: the app may read it,
 * so it must keep its value all the time.
 */
export function letDomainsVary(
  written: string,
  found: DomainsByService,
  { rackVersion, environment }: { readonly rackVersion: string; readonly environment: EnvironmentMap },
): VaryingDomains {
  const { manifest } = readGen2Manifest(written, { rackVersion });
  const given = (manifest?.services ?? []).flatMap((service) => givenDomains(service, environment));
  const taken = new Set(environment.keys());
  const changes = given
    .filter(({ service, from }) => from !== ownVariable(service))
    .map(({ service, from }) => ({ service, from, variable: freeVariable(service, taken) }));
  const text = changes.length === 0 ? written : withDomainVariables(written, changes, { rackVersion });
  if (text === undefined) {
    // Written domains that cannot be moved are a blocker of their own.
    const stuck = changes.flatMap(({ service, from }) => (from === undefined ? [] : [notMovable(service, from)]));
    return { text: written, domains: found, findings: stuck };
  }
  const domains: Record<string, readonly string[]> = { ...found };
  const findings = given.flatMap(({ service, names, from }): Finding[] => {
    const key = Object.keys(found).find((name) => name.toLowerCase() === service.toLowerCase()) ?? service;
    const missing = (found[key] ?? []).filter((host) => !names.some((name) => covers(name, host)));
    domains[key] = names;
    return missing.length > 0 ? [notWritten(service, missing, from)] : [];
  });
  return { text, domains, findings: [...findings, ...changes.map(inVariable)] };
}

interface GivenDomains {
  readonly service: string;
  readonly names: readonly string[];
  /** The app's own variable they come from; undefined where they are written. */
  readonly from: string | undefined;
}

function givenDomains({ name, port, domain }: Gen2Service, environment: EnvironmentMap): readonly GivenDomains[] {
  if (port === undefined || domain === undefined) return [];
  const from = domain.variable;
  const given = from === undefined ? domain.resolved : environment.get(from)?.split(',');
  const names = (given ?? []).map((host) => host.trim().toLowerCase()).filter((host) => host !== '');
  return names.length === 0 ? [] : [{ service: name, names, from }];
}

/** What `gen2 convert` calls it: nothing but domains is in it, so it may be empty for a while. */
function ownVariable(service: string): string {
  return `DOMAINS_${service.toUpperCase().replaceAll('-', '_')}`;
}

function freeVariable(service: string, taken: Set<string>): string {
  const wanted = ownVariable(service);
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}_${number}`;
  taken.add(name);
  return name;
}

function inVariable({ service, variable, from }: DomainVariable & Pick<GivenDomains, 'from'>): Finding {
  const where = from === undefined ? 'is written in convox.yml' : `comes from ${from}, which the app has already`;
  const why =
    from === undefined
      ? 'so that the final app can start without it and no request is lost'
      : `so that the final app can start without it, no request is lost, and ${from} keeps its value all the time`;
  return {
    code: 'domains-in-variable',
    severity: 'warning',
    where: `service ${service}`,
    message: `the domain of ${service} ${where}; what this migration deploys has domain: \${${variable}} there, ${why}. Your file stays as it is`,
    hint:
      `Risk: until your next deployment the app's domains hang on ${variable}; do not unset it before. That deployment ` +
      'puts the same names back from your file, and the variable may go then.',
  };
}

function notMovable(service: string, from: string): Finding {
  return {
    code: 'domains-not-variable',
    severity: 'blocker',
    where: `service ${service}`,
    message: `the domain of ${service} comes from ${from}, which the app has already, and convox.yml is written so that no other variable can take its place`,
    hint: `Write \`domain: \${${ownVariable(service)}}\` at the service itself: the variable is emptied while the final app is promoted, and ${from} must keep its value.`,
  };
}

function notWritten(service: string, missing: readonly string[], from: string | undefined): Finding {
  const leads = `${missing.join(', ')} leads to ${service} in DNS`;
  const hint = 'or take the record away: your next deployment would cut it off.';
  return {
    code: 'domains-not-written',
    severity: 'blocker',
    where: `service ${service}`,
    ...(from === undefined
      ? { message: `${leads}, but convox.yml does not name it`, hint: `Add it to the domain of the service, ${hint}` }
      : {
          message: `${leads}, but ${from}, from which convox.yml takes its domain, does not name it`,
          hint: `Add it to ${from}, give the service a domain of another variable, ${hint}`,
        }),
  };
}
