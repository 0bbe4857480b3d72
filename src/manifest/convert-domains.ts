import { parse as parseDomain } from 'tldts';
import { variableReference } from './draft.ts';
import { variablePrefix } from './gen1-types.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

export interface DomainResult {
  readonly variables: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Gives each service with names of its own a `domain` from a scalar variable with commas between the names: emptied, it
 * means "no domain" on every rack, which a list item or a half-empty list does not (convox/rack pkg/manifest/yaml.go).
 */
export function convertDomains(work: Workspace): DomainResult {
  const variables: Record<string, string> = {};
  const values: Record<string, string> = {};
  const taken = takenNames(work);
  for (const plan of work.plans) {
    const names = domainsOf(work, plan);
    if (plan.fate !== 'service' || plan.port === undefined) continue;
    if (names.length === 0) {
      suggestCertificateNames(work, plan);
      continue;
    }
    const variable = freeName(`DOMAINS_${variablePrefix(plan.name)}`, taken);
    taken.add(variable);
    work.promisedVariables.add(variable);
    plan.fields.set('domain', variableReference(variable), `Value of the variable: ${names.join(',')}`);
    variables[plan.source.name] = variable;
    values[variable] = names.join(',');
    reportDomain(work, plan, { variable, names });
  }
  reportUnknownServices(work);
  return { variables, values };
}

function takenNames(work: Workspace): Set<string> {
  const declared = work.manifest.services.flatMap(({ environment }) => environment.map(({ name }) => name));
  return new Set([...(work.envNames ?? []), ...declared]);
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}_${number}`;
  return name;
}

const DOMAIN = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/;

function domainsOf(work: Workspace, { source }: ServicePlan): readonly string[] {
  const all = Object.hasOwn(work.domains, source.name) ? (work.domains[source.name] ?? []) : [];
  const names = [...new Set(all.map((name) => name.toLowerCase().replace(/\.$/, '')))];
  const bad = names.filter((name) => !DOMAIN.test(name));
  if (bad.length > 0) {
    work.say('blocker', 'domain-needed', {
      service: source.name,
      at: source.at,
      message: `${bad.map((name) => name.slice(0, 80)).join(', ')} is not a domain name.`,
      hint: 'Give names such as shop.example.com.',
    });
  }
  return names.filter((name) => DOMAIN.test(name));
}

function reportDomain(
  work: Workspace,
  { source }: ServicePlan,
  { variable, names }: { variable: string; names: readonly string[] },
): void {
  work.say('change', 'domain-needed', {
    service: source.name,
    at: source.at,
    message: `${source.name} is known as ${names.join(', ')}: its domain comes from ${variable}, and one ACM certificate covers all of them.`,
    hint: `Set ${variable}=${names.join(',')} in the app environment before it is promoted with domains; services that receive the whole environment see it too.`,
  });
  const unprovable = names.filter((name) => parseDomain(name).isIcann !== true);
  if (unprovable.length > 0) {
    work.say('choice', 'domain-needed', {
      service: source.name,
      at: source.at,
      message: `No public certificate can be issued for ${unprovable.join(', ')}.`,
      hint: 'Let callers use a name under a public domain, or the host name the rack gives the service.',
    });
  }
}

function suggestCertificateNames(work: Workspace, { source, isInternal }: ServicePlan): void {
  const certificates = work.app?.certificates ?? {};
  const names = Object.hasOwn(certificates, source.name) ? (certificates[source.name] ?? []) : [];
  if (names.length > 0) {
    work.say('choice', 'domain-needed', {
      service: source.name,
      at: source.at,
      message: `${source.name} has a certificate for ${names.join(', ')}, and no name in DNS is known that points at it.`,
      hint: `Give its names: --domain ${source.name}=${names[0] ?? ''}.`,
    });
  } else if (!isInternal && work.app?.dnsNames === undefined) {
    work.say('info', 'domain-needed', {
      service: source.name,
      at: source.at,
      message: `No names of ${source.name} are known; it answers only to the host name the rack gives it.`,
      hint: `Name the running app, or give its names: --domain ${source.name}=shop.example.com.`,
    });
  }
}

function reportUnknownServices(work: Workspace): void {
  for (const [service, names] of Object.entries(work.domains)) {
    const plan = work.plan(service);
    if (names.length === 0 || plan?.port !== undefined) continue;
    // A service whose port is an open question is blocked by that question already.
    if (plan?.fate === 'service' && plan.source.ports.length > 0) continue;
    work.say('choice', 'domain-needed', {
      service,
      at: plan?.source.at,
      message: `${names.join(', ')} points at ${service.slice(0, 60)}, which is ${plan === undefined ? 'no service of the manifest' : 'not served in generation 2'}.`,
      hint: 'Check the name of the service, and what should happen to these names.',
    });
  }
}
