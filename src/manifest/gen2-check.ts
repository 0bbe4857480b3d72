import { FindingList } from './finding.ts';
import type { Finding, FindingCode, Place, Severity } from './finding.ts';
import { checkFeatures } from './gen2-features.ts';
import { GEN2_FILE } from './gen2-reader.ts';
import type { Gen2Manifest, Gen2Service, Gen2Variable } from './gen2-types.ts';
import type { KnownEnvironment } from './interpolate-gen2.ts';
import { hasUnknownValue } from './interpolate-gen2.ts';
import { isReservedVariable, RESOURCE_TYPES, supports } from './rack-features.ts';
import { findScheduleProblem } from './schedules.ts';

export interface Gen2CheckOptions {
  readonly rackVersion: string;
  /** The app environment: values, or names only. Required variables are checked only if it is given. */
  readonly env?: ReadonlyMap<string, string> | ReadonlySet<string>;
  /** The rack parameter Internal, if it is known. */
  readonly rackInternal?: boolean;
  readonly file?: string;
}

/**
 * Checks a convox.yml that could be read: features the rack has, names, links, timers, resources, variables that build
 * and promote require, health numbers AWS accepts, defaults the rack loses.
 */
export function checkGen2Manifest(manifest: Gen2Manifest, options: Gen2CheckOptions): readonly Finding[] {
  const findings = new FindingList(options.file ?? GEN2_FILE);
  checkFeatures(manifest, options.rackVersion, findings);
  const known: KnownNames = {
    services: new Map(manifest.services.map((service) => [service.name, service])),
    resources: new Set(manifest.resources.map(({ name }) => name)),
  };
  for (const service of manifest.services) {
    const say: Say = (severity, code, at, message, hint) =>
      findings.add(severity, code, { service: service.name, at, message, hint });
    checkName(service, say);
    checkReferences(known, service, say);
    checkHealth(service, say);
    checkDomain(service, options, say);
    checkEnvironment(manifest, service, options, say);
    checkInternal(service, options, say);
  }
  checkTimers(manifest, options.rackVersion, findings);
  checkResources(manifest, options.rackVersion, findings);
  return findings.list();
}

type Say = (severity: Severity, code: FindingCode, at: Place, message: string, hint: string) => void;

function checkName({ name, at }: Gen2Service, say: Say): void {
  if (/^[a-z][a-z0-9-]*$/.test(name)) return;
  say(
    'blocker',
    'name-invalid',
    at,
    'A service name must be lower-case letters, digits and dashes, a letter first.',
    'Racks from 20210217150446 refuse it; on older ones it breaks host names.',
  );
}

interface KnownNames {
  readonly services: ReadonlyMap<string, Gen2Service>;
  readonly resources: ReadonlySet<string>;
}

function checkReferences({ services, resources }: KnownNames, service: Gen2Service, say: Say): void {
  for (const { name, at } of service.links) {
    if (hasUnknownValue(name)) continue;
    const target = services.get(name);
    if (target === undefined) {
      say(
        'blocker',
        'unknown-service',
        at,
        `${service.name} links to a service the manifest does not have.`,
        'Promote fails on it.',
      );
    } else if (target.port === undefined && !target.keys.has('port')) {
      say(
        'choice',
        'link-no-http',
        at,
        `${service.name} links to ${target.name}, which has no port.`,
        'Nothing answers at its URL.',
      );
    }
  }
  for (const { name, at } of service.resources) {
    if (resources.has(name) || hasUnknownValue(name)) continue;
    say(
      'blocker',
      'unknown-resource',
      at,
      `${service.name} uses a resource the manifest does not have.`,
      'Declare it under resources.',
    );
  }
}

/** AWS target groups: interval 5 to 300, timeout 2 to 120, the interval greater than the timeout. */
function checkHealth({ health, port, keys, at, name }: Gen2Service, say: Say): void {
  if (port === undefined) return;
  const { intervalSeconds: interval, timeoutSeconds: timeout } = health;
  const place = keys.get('health') ?? at;
  const problem =
    interval < 5 || interval > 300
      ? `interval ${interval} is not between 5 and 300`
      : timeout < 2 || timeout > 120
        ? `timeout ${timeout} is not between 2 and 120`
        : interval <= timeout
          ? `interval ${interval} is not greater than timeout ${timeout}`
          : undefined;
  if (problem !== undefined) {
    say(
      'blocker',
      'health-numbers',
      place,
      `AWS refuses the health check of ${name}: ${problem}.`,
      'Write both numbers under health.',
    );
  }
  if (!health.path.startsWith('/') && !hasUnknownValue(health.path)) {
    say(
      'blocker',
      'health-numbers',
      place,
      `The health path of ${name} does not start with "/".`,
      'Write a path such as /check.',
    );
  }
}

function checkDomain({ domain, name }: Gen2Service, { env }: Gen2CheckOptions, say: Say): void {
  if (domain?.variable === undefined || env === undefined || env.has(domain.variable)) return;
  say(
    'choice',
    'domain-unset',
    domain.at,
    `The domain of ${name} comes from ${domain.variable}, which the app environment does not have: no domain.`,
    'Set it, if the service has names of its own.',
  );
}

function checkEnvironment(
  manifest: Gen2Manifest,
  service: Gen2Service,
  { rackVersion, env }: Gen2CheckOptions,
  say: Say,
): void {
  const variables: readonly Gen2Variable[] = [...manifest.environment, ...service.environment];
  for (const { name, hasDefault, hasEqualsInDefault, at } of variables) {
    if (name === '*' || hasUnknownValue(name)) continue;
    if (!hasDefault && env !== undefined && !env.has(name)) {
      say(
        'blocker',
        'env-required-missing',
        at,
        `Build and promote fail: required env: ${name}`,
        `Set ${name} in the app environment, or write "${name}=".`,
      );
    }
    if (hasEqualsInDefault && !supports(rackVersion, 'defaultsWithEquals') && env?.has(name) !== true) {
      say(
        'blocker',
        'env-default-lost',
        at,
        `Rack ${rackVersion} drops the default of ${name}, because it holds "=".`,
        `Set ${name} in the app environment.`,
      );
    }
    if (isReservedVariable(name) && !(name === 'PROCESS' && hasDefault)) {
      say('choice', 'env-reserved', at, `${name} is a name the rack keeps for itself.`, 'Remove it from the list.');
    }
  }
  reportUndelivered(service, variables, { rackVersion, env }, say);
}

/** Variables of the app that do not reach the service: on most racks everything that is not listed. */
function reportUndelivered(
  service: Gen2Service,
  variables: readonly Gen2Variable[],
  { rackVersion, env }: { rackVersion: string; env: KnownEnvironment },
  say: Say,
): void {
  const listed = new Set(variables.map(({ name }) => name));
  if (env === undefined || listed.has('*')) return;
  const emptyIsAll = supports(rackVersion, 'emptyEnvironmentIsAll') && !supports(rackVersion, 'environmentWildcard');
  if (listed.size === 0 && emptyIsAll) return;
  const missing = [...env.keys()].filter(
    (name) => !listed.has(name) && !isReservedVariable(name) && name !== service.domain?.variable,
  );
  if (missing.length === 0) return;
  const at = service.keys.get('environment') ?? service.at;
  say(
    'info',
    'env-undeclared',
    at,
    `${missing.length === 1 ? '1 variable of the app environment does' : `${missing.length} variables of the app environment do`} not reach ${service.name}: ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', …' : ''}.`,
    'List those it needs, or "*" on racks from 20180227221242.',
  );
}

function checkInternal(
  { isInternal, name, keys, at }: Gen2Service,
  { rackVersion, rackInternal }: Gen2CheckOptions,
  say: Say,
): void {
  if (!isInternal || !supports(rackVersion, 'internal') || rackInternal === true) return;
  say(
    rackInternal === false ? 'change' : 'info',
    'internal-needs-rack',
    keys.get('internal') ?? at,
    `${name} is internal: the rack parameter Internal must be Yes, else promote fails.`,
    'The migration switches it on; by hand: convox rack params set Internal=Yes.',
  );
}

function checkTimers({ timers, services }: Gen2Manifest, rackVersion: string, findings: FindingList): void {
  const names = new Set(services.map(({ name }) => name));
  for (const timer of timers) {
    const { at } = timer;
    if (!names.has(timer.service) && !hasUnknownValue(timer.service)) {
      findings.add('blocker', 'unknown-service', {
        at,
        message: `The timer ${timer.name} runs in a service the manifest does not have.`,
        hint: 'Name a service.',
      });
    }
    if (hasUnknownValue(timer.schedule)) continue;
    const problem = findScheduleProblem(timer.schedule) ?? tooManyFields(timer.schedule, rackVersion);
    if (problem !== undefined) {
      findings.add('blocker', 'timer-schedule-invalid', {
        at,
        message: `The timer ${timer.name}: ${problem}.`,
        hint: 'Write five fields with single spaces, one of the day fields "?".',
      });
    }
  }
}

function tooManyFields(schedule: string, rackVersion: string): string | undefined {
  if (schedule.split(' ').length < 6 || supports(rackVersion, 'sixFieldSchedules')) return undefined;
  return `rack ${rackVersion} takes five fields, not six`;
}

function checkResources({ resources }: Gen2Manifest, rackVersion: string, findings: FindingList): void {
  for (const { name, type, at } of resources) {
    if (hasUnknownValue(type)) continue;
    const since = RESOURCE_TYPES.get(type);
    if (since !== undefined && supports(rackVersion, since)) continue;
    findings.add('blocker', 'resource-type-unsupported', {
      at,
      message: `Rack ${rackVersion} has no resource of the type of ${name}.`,
      hint: `It has ${[...RESOURCE_TYPES]
        .filter(([, feature]) => supports(rackVersion, feature))
        .map(([known]) => known)
        .join(', ')}.`,
    });
  }
}
