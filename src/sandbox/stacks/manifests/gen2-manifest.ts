import { atLeast, FEATURES } from '../templates/rack-features.ts';
import { asInteger, asList, asMap, asText, isMap, ManifestError, readYaml, type YamlMap } from './yaml-reader.ts';

export interface Gen2Service {
  readonly name: string;
  readonly port: { readonly number: number; readonly scheme: 'http' | 'https' } | undefined;
  readonly health: {
    readonly path: string;
    readonly intervalSeconds: number;
    readonly timeoutSeconds: number;
    readonly graceSeconds: number;
  };
  readonly isInternal: boolean;
  /** One task on each instance. */
  readonly isAgent: boolean;
  readonly domains: readonly string[];
  /** As written: `NAME`, `NAME=value`, `*`. */
  readonly environment: readonly string[];
  readonly links: readonly string[];
  readonly resources: readonly string[];
  readonly scale: { readonly count: number; readonly cpu: number; readonly memory: number };
  readonly drainSeconds: number;
  readonly isSticky: boolean;
  readonly minimumPercent: number;
  readonly maximumPercent: number;
}

export interface Gen2Timer {
  readonly name: string;
  readonly schedule: string;
  readonly command: string;
  readonly service: string;
}

export interface Gen2Manifest {
  readonly services: readonly Gen2Service[];
  readonly timers: readonly Gen2Timer[];
  readonly resources: readonly { readonly name: string; readonly type: string }[];
}

export interface Gen2ManifestSource {
  /** The text of convox.yml. */
  readonly text: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly rackVersion: string;
}

/**
 * Reads convox.yml as the rack of that version does at build and at promote (convox/rack manifest/manifest.go,
 * pkg/manifest): interpolation from the app's environment, defaults, required variables. Throws ManifestError.
 */
export function readGen2Manifest({ text, environment, rackVersion }: Gen2ManifestSource): Gen2Manifest {
  const document = readYaml(text.replaceAll(/\$\{([^}]*)\}/g, (_all, name: string) => environment.get(name) ?? ''));
  const shared = atLeast(rackVersion, FEATURES.sharedEnvironment) ? environmentOf(document['environment'], '') : [];
  const services = Object.entries(asMap(document['services'])).map(([name, value]) =>
    readService(name, asMap(value), { rackVersion, shared }),
  );
  refuseMissing(services, environment, rackVersion);
  for (const { links } of services) for (const link of links) requireService(services, link);
  return {
    services,
    timers: Object.entries(asMap(document['timers'])).map(([name, value]) => {
      const timer = asMap(value);
      const service = asText(timer['service']) ?? '';
      requireService(services, service);
      return { name, schedule: asText(timer['schedule']) ?? '', command: asText(timer['command']) ?? '', service };
    }),
    resources: Object.entries(asMap(document['resources'])).map(([name, value]) => ({
      name,
      type: asText(asMap(value)['type']) ?? '',
    })),
  };
}

function readService(
  name: string,
  value: YamlMap,
  { rackVersion, shared }: { readonly rackVersion: string; readonly shared: readonly string[] },
): Gen2Service {
  if (atLeast(rackVersion, FEATURES.serviceNameRule) && !/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new ManifestError(`service name ${name} invalid, must contain only lowercase alphanumeric and dashes`);
  }
  refuseWhatIsNotModelled(name, value, rackVersion);
  const deployment = atLeast(rackVersion, FEATURES.deployment) ? asMap(value['deployment']) : {};
  const isSingleton = value['singleton'] === true && atLeast(rackVersion, FEATURES.singleton);
  return {
    name,
    port: portOf(value['port']),
    health: healthOf(value['health'], rackVersion),
    isInternal: value['internal'] === true,
    isAgent: value['agent'] === true || asMap(value['agent'])['enabled'] === true,
    domains: domainsOf(value['domain'], rackVersion),
    environment: [...shared, ...environmentOf(value['environment'], name)],
    links: namesOf(value['links']),
    resources: namesOf(value['resources']),
    scale: scaleOf(value['scale'], rackVersion),
    drainSeconds: (atLeast(rackVersion, FEATURES.drain) ? asInteger(value['drain']) : undefined) ?? 30,
    isSticky: atLeast(rackVersion, FEATURES.sticky) ? value['sticky'] !== false : true,
    minimumPercent: asInteger(deployment['minimum']) ?? (isSingleton ? 0 : 50),
    maximumPercent: asInteger(deployment['maximum']) ?? (isSingleton ? 100 : 200),
  };
}

/** Keys that the rack of this version knows and the sandbox does not: better refused than played wrongly. */
function refuseWhatIsNotModelled(service: string, value: YamlMap, rackVersion: string): void {
  const scheme = asText(asMap(value['port'])['scheme']) ?? asText(value['port'])?.split(':')[0] ?? '';
  const missing = [
    atLeast(rackVersion, FEATURES.internalAndExternal) &&
      value['internalAndExternal'] === true &&
      'internalAndExternal',
    atLeast(rackVersion, FEATURES.nlb) && asList(value['nlb']).length > 0 && 'nlb',
    atLeast(rackVersion, FEATURES.grpc) && (scheme === 'grpc' || scheme === 'secure-grpc') && `port scheme ${scheme}`,
  ].find((key) => key !== false);
  if (missing !== undefined) throw new ManifestError(`the sandbox does not offer ${missing} (service ${service})`);
}

function portOf(value: unknown): Gen2Service['port'] {
  if (value === undefined || value === null) return undefined;
  if (isMap(value)) return withScheme(asText(value['scheme']) ?? 'http', asText(value['port']) ?? '');
  const text = asText(value) ?? '';
  const colon = text.indexOf(':');
  return colon < 0 ? withScheme('http', text) : withScheme(text.slice(0, colon), text.slice(colon + 1));
}

function withScheme(scheme: string, port: string): Gen2Service['port'] {
  if (!/^\d+$/.test(port)) {
    throw new ManifestError(`strconv.Atoi: parsing "${port}": invalid syntax`);
  }
  return { number: Number(port), scheme: scheme === 'https' ? 'https' : 'http' };
}

function healthOf(value: unknown, rackVersion: string): Gen2Service['health'] {
  const map = asMap(value);
  const intervalSeconds = asInteger(map['interval']) ?? 5;
  const grace = atLeast(rackVersion, FEATURES.healthGrace) ? (asInteger(map['grace']) ?? intervalSeconds) : 0;
  return {
    path: typeof value === 'string' && value !== '' ? value : (asText(map['path']) ?? '/'),
    intervalSeconds,
    timeoutSeconds: asInteger(map['timeout']) ?? intervalSeconds - 1,
    graceSeconds: grace,
  };
}

/** An empty first name switches all domains off on the racks that keep blanks. */
function domainsOf(value: unknown, rackVersion: string): readonly string[] {
  const items = Array.isArray(value) ? value : [value ?? ''];
  const names = items.flatMap((item) => {
    if (typeof item !== 'string') {
      throw new ManifestError(`unknown type for service domain: ${item === null ? '<nil>' : typeof item}`);
    }
    return item.split(',').map((name) => name.trim());
  });
  if (!atLeast(rackVersion, FEATURES.blankDomainsDropped) && (names[0] ?? '') === '') return [];
  return names.filter((name) => name !== '');
}

function environmentOf(value: unknown, service: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new ManifestError(`environment of service ${service} must be a list`);
  const flat: readonly unknown[] = value.flat(Infinity);
  return flat.filter((item): item is string => typeof item === 'string');
}

function namesOf(value: unknown): readonly string[] {
  return asList(value).filter((name): name is string => typeof name === 'string');
}

function scaleOf(value: unknown, rackVersion: string): Gen2Service['scale'] {
  const map = asMap(value);
  const isNewDefault = atLeast(rackVersion, FEATURES.largerScaleDefaults);
  const isUsed = atLeast(rackVersion, FEATURES.scaleUsed);
  const standard = isNewDefault ? { cpu: 256, memory: 512 } : { cpu: 128, memory: 256 };
  return {
    count: countOf(isMap(value) ? map['count'] : value),
    cpu: (isUsed ? asInteger(map['cpu']) : undefined) ?? standard.cpu,
    memory: (isUsed ? asInteger(map['memory']) : undefined) ?? standard.memory,
  };
}

function countOf(value: unknown): number {
  if (isMap(value)) return asInteger(value['min']) ?? 1;
  const lowest = (asText(value) ?? '1').split('-')[0] ?? '1';
  return /^\d+$/.test(lowest) ? Number(lowest) : 1;
}

function requireService(services: readonly Gen2Service[], name: string): void {
  if (!services.some((service) => service.name === name)) throw new ManifestError(`no such service: ${name}`);
}

function refuseMissing(
  services: readonly Gen2Service[],
  environment: ReadonlyMap<string, string>,
  rackVersion: string,
): void {
  const hasStar = atLeast(rackVersion, FEATURES.environmentStar);
  const required = services.flatMap((service) => service.environment.filter((item) => !item.includes('=')));
  const missing = new Set(required.filter((name) => !environment.has(name) && !(name === '*' && hasStar)));
  if (missing.size > 0) throw new ManifestError(`required env: ${[...missing].toSorted().join(', ')}`);
}
