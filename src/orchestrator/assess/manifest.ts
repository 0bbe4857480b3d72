import { convertManifest } from '../../manifest/convert.ts';
import { readAnswers } from '../../manifest/answers.ts';
import { checkGen2Manifest } from '../../manifest/gen2-check.ts';
import { readGen2Manifest } from '../../manifest/gen2-reader.ts';
import { drainSecondsOn } from '../draining.ts';
import { letDomainsVary } from './literal-domains.ts';
import { twoAppsFindings } from './two-apps.ts';
import type { Finding as ManifestFinding } from '../../manifest/finding.ts';
import type { Finding, MigrationSettings, PlannedService, Severity } from '../plan.ts';
import type { DomainRecord, EnvironmentMap, ServiceFacts, SourcePort, TextMap } from '../ports.ts';

export interface ManifestRequest {
  readonly settings: MigrationSettings;
  readonly source: SourcePort;
  readonly app: string;
  /** Version of the rack the new app will be built on. */
  readonly rackVersion: string;
  readonly rackIsInternal: boolean;
  readonly services: readonly ServiceFacts[];
  readonly parameters: TextMap;
  readonly environment: EnvironmentMap;
  readonly records: readonly DomainRecord[];
}

export interface AssessedManifest {
  readonly text: string | undefined;
  readonly origin: 'source' | 'converted';
  /** What was found in the source; undefined when nothing was. */
  readonly read: { readonly file: string; readonly text: string } | undefined;
  readonly services: readonly PlannedService[];
  readonly findings: readonly Finding[];
}

/** The convox.yml that will be deployed: the one in the source, or the compose file converted. */
export async function assessManifest(request: ManifestRequest): Promise<AssessedManifest> {
  const { settings, source } = request;
  const written = await source.readFile(settings.sourceFolder, 'convox.yml');
  if (written !== undefined) {
    return { ...checkWritten(request, written), read: { file: 'convox.yml', text: written } };
  }
  const compose = await source.readFile(settings.sourceFolder, 'docker-compose.yml');
  if (compose !== undefined) {
    return { ...convert(request, compose), read: { file: 'docker-compose.yml', text: compose } };
  }
  return {
    text: undefined,
    origin: 'source',
    read: undefined,
    services: [],
    findings: [
      {
        code: 'source-without-manifest',
        severity: 'blocker',
        message: `${settings.sourceFolder} holds neither convox.yml nor docker-compose.yml`,
        hint: "Give the app's source folder with --source.",
      },
    ],
  };
}

function domainsByService({ settings, records }: ManifestRequest): Readonly<Record<string, readonly string[]>> {
  const domains: Record<string, string[]> = {};
  for (const { service, name } of records) if (!domains[service]?.includes(name)) (domains[service] ??= []).push(name);
  for (const [service, names] of Object.entries(settings.domains ?? {})) {
    for (const name of names) if (!domains[service]?.includes(name)) (domains[service] ??= []).push(name);
  }
  // The first is the certificate's common name, of at most 64 characters (ACM user guide): the shortest is safest.
  for (const names of Object.values(domains)) names.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return domains;
}

type Judged = Omit<AssessedManifest, 'read'>;

function convert(request: ManifestRequest, compose: string): Judged {
  const { settings, app, services, parameters, environment, rackVersion } = request;
  const domains = domainsByService(request);
  const formation = Object.fromEntries(services.map(({ name, count, cpu, memory }) => [name, { count, cpu, memory }]));
  const conversion = convertManifest({
    compose,
    app: { name: app, formation, envNames: [...environment.keys()], parameters, dnsNames: domains },
    // The procedure sets Internal=Yes itself where it is needed.
    rack: { version: rackVersion, internal: true },
    ...(settings.answers === undefined ? {} : { answers: readAnswers(settings.answers) }),
    domains,
  });
  const findings = conversion.findings.map(asFinding);
  if (conversion.manifest === undefined) return { text: undefined, origin: 'converted', services: [], findings };
  const planned = plannedServices(request, conversion.manifest, domains);
  return {
    text: conversion.manifest,
    origin: 'converted',
    services: planned.services,
    findings: [...findings, ...planned.findings],
  };
}

function checkWritten(request: ManifestRequest, written: string): Judged {
  const found = domainsByService(request);
  const { text, domains, findings } = letDomainsVary(written, found, request);
  const planned = plannedServices(request, text, domains);
  return { text, origin: 'source', services: planned.services, findings: [...findings, ...planned.findings] };
}

function plannedServices(
  { rackVersion, environment }: ManifestRequest,
  text: string,
  domains: Readonly<Record<string, readonly string[]>>,
): { readonly services: readonly PlannedService[]; readonly findings: readonly Finding[] } {
  const read = readGen2Manifest(text, { rackVersion });
  if (read.manifest === undefined) return { services: [], findings: read.findings.map(asFinding) };
  const variables = read.manifest.services.flatMap(({ domain }) =>
    domain?.variable === undefined ? [] : [domain.variable],
  );
  const env = new Set([...environment.keys(), ...variables]);
  const checks = checkGen2Manifest(read.manifest, { rackVersion, env, rackInternal: true });
  const services = read.manifest.services.map((service): PlannedService => ({
    name: service.name,
    port: service.port,
    healthPath: service.health.path,
    role: service.isInternal ? 'internal' : 'public',
    domains: domainsOf(service.name, domains),
    drainSeconds: drainSecondsOn(rackVersion, service.drainSeconds),
    domainVariable: service.domain?.variable,
  }));
  return {
    services,
    findings: [
      ...[...read.findings, ...checks].map(asFinding),
      ...domainFindings(services),
      ...twoAppsFindings(read.manifest),
    ],
  };
}

/** Generation 2 wants lower-case names: `Web` became `web`. */
function domainsOf(service: string, domains: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return Object.entries(domains).find(([name]) => name.toLowerCase() === service.toLowerCase())?.[1] ?? [];
}

/** Domains must come from a variable: a release is build and environment, and one build serves with and without them. */
function domainFindings(services: readonly PlannedService[]): readonly Finding[] {
  return services
    .filter(({ domains, domainVariable }) => domains.length > 0 && domainVariable === undefined)
    .map(({ name, domains }) => ({
      code: 'domains-not-variable',
      severity: 'blocker',
      where: `service ${name}`,
      message: `${name} serves ${domains.join(', ')}, but its domain in convox.yml does not come from one variable`,
      hint: 'Write `domain: ${DOMAINS}` (a scalar; the value is set for you): the final app must start without its domains.',
    }));
}

const SEVERITIES: Readonly<Record<ManifestFinding['severity'], Severity>> = {
  info: 'info',
  change: 'warning',
  choice: 'decision',
  blocker: 'blocker',
};

function asFinding({ code, severity, service, file, line, column, message, hint }: ManifestFinding): Finding {
  const place = file === undefined ? undefined : [file, line, column].filter((part) => part !== undefined).join(':');
  const where = place ?? (service === undefined ? undefined : `service ${service}`);
  return { code, severity: SEVERITIES[severity], message, hint, ...(where === undefined ? {} : { where }) };
}
