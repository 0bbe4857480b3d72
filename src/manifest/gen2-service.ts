import type { FindingList, Place } from './finding.ts';
import { shorten } from './gen1-values.ts';
import { readDomain, readHealth, readPort, readScale } from './gen2-forms.ts';
import type { Gen2Service } from './gen2-types.ts';
import { Gen2Values } from './gen2-values.ts';
import { effectiveEntries, findEntry, isNull } from './yaml-tree.ts';
import type { YamlEntry, YamlMap } from './yaml-tree.ts';

const SERVICE_KEYS = new Set([
  ...[
    'agent',
    'build',
    'command',
    'deployment',
    'domain',
    'drain',
    'environment',
    'health',
    'image',
    'init',
    'internal',
  ],
  ...['internalAndExternal', 'links', 'nlb', 'policies', 'port', 'privileged', 'resources', 'scale', 'singleton'],
  ...['sticky', 'tags', 'termination', 'test', 'volumes'],
]);

const KUBERNETES = 'It belongs to the later Kubernetes racks: remove it.';

const LEFTOVERS: ReadonlyMap<string, string> = new Map([
  ['ports', 'Write port: NUMBER, and internal: true for an internal service.'],
  ['labels', 'Health, timers, agents and the like have keys of their own.'],
  ['dockerfile', 'Write build: {path, manifest}.'],
  ['mem_limit', 'Write scale: {memory}.'],
  ['cpu_shares', 'Write scale: {cpu}.'],
  ['entrypoint', 'Move it to the Dockerfile.'],
  ['expose', 'Remove it.'],
  ['extra_hosts', 'Use DNS.'],
  ['depends_on', 'Remove it.'],
  ['env_file', 'Set the variables in the app environment.'],
  ['networks', 'Remove it.'],
  ['restart', 'Remove it.'],
  ...['timeout', 'tls', 'lifecycle', 'annotations', 'balancers', 'liveness', 'whitelist'].map(
    (key): [string, string] => [key, KUBERNETES],
  ),
]);

const NESTED_KEYS: Readonly<
  Record<string, { readonly known: ReadonlySet<string>; readonly leftovers: ReadonlyMap<string, string> }>
> = {
  agent: { known: new Set(['enabled', 'ports']), leftovers: new Map() },
  build: {
    known: new Set(['path', 'manifest', 'args']),
    leftovers: new Map([
      ['context', 'Write path.'],
      ['dockerfile', 'Write manifest.'],
    ]),
  },
  deployment: { known: new Set(['minimum', 'maximum']), leftovers: new Map() },
  health: {
    known: new Set(['path', 'interval', 'timeout', 'grace']),
    leftovers: new Map([['disable', KUBERNETES]]),
  },
  port: { known: new Set(['port', 'scheme']), leftovers: new Map() },
  scale: { known: new Set(['count', 'cpu', 'memory', 'targets', 'cooldown']), leftovers: new Map() },
  termination: { known: new Set(['grace']), leftovers: new Map() },
};

/** Reads one service of a convox.yml. */
export function readGen2Service(entry: YamlEntry, findings: FindingList): Gen2Service | undefined {
  const name = entry.key;
  const values = new Gen2Values(findings, shorten(entry.writtenKey));
  const map: YamlMap = entry.value.kind === 'map' ? entry.value : { kind: 'map', at: entry.at, entries: [] };
  if (entry.value.kind !== 'map' && !isNull(entry.value)) {
    values.wrongKind(entry, 'a map');
    return undefined;
  }
  values.entries(map, '', SERVICE_KEYS, LEFTOVERS);
  checkNested(map, values);
  const get = (key: string): YamlEntry | undefined => findEntry(map, key);
  const port = get('port');
  const image = get('image');
  const { number, scheme } = port === undefined ? { number: undefined, scheme: 'http' } : readPort(port, values);
  const imageName = image === undefined ? undefined : values.text(image);
  const flag = (key: string): boolean => {
    const found = get(key);
    return found !== undefined && values.flag(found);
  };
  const names = (key: string): Gen2Service['links'] => {
    const found = get(key);
    return found === undefined ? [] : values.names(found);
  };
  for (const key of ['privileged', 'singleton', 'sticky', 'init']) flag(key);
  const drain = get('drain');
  const environment = get('environment');
  const domain = get('domain');
  return {
    name,
    at: entry.at,
    port: number,
    scheme,
    health: readHealth(get('health'), values),
    domain: domain === undefined ? undefined : readDomain(domain, values),
    isInternal: flag('internal') || flag('internalAndExternal'),
    isAgent: readAgent(get('agent'), values),
    image: imageName === '' ? undefined : imageName,
    build: imageName === undefined || imageName === '' ? readBuild(get('build'), values) : undefined,
    environment: environment === undefined ? [] : values.environment(environment),
    links: names('links'),
    resources: names('resources'),
    scale: readScale(get('scale'), values),
    volumes: names('volumes'),
    drainSeconds: drain === undefined ? undefined : values.strictNumber(drain, 'drain'),
    nlbPorts: readNlbPorts(get('nlb'), values),
    keys: keysOf(map, values),
  };
}

function checkNested(map: YamlMap, values: Gen2Values): void {
  for (const entry of effectiveEntries(map)) {
    const nested = Object.hasOwn(NESTED_KEYS, entry.key) ? NESTED_KEYS[entry.key] : undefined;
    if (nested === undefined || entry.value.kind !== 'map') continue;
    values.entries(entry.value, `${entry.key}.`, nested.known, nested.leftovers);
  }
}

/** Keys with their places, one level deep; `command[]` stands for a command written as a list. */
function keysOf(map: YamlMap, values: Gen2Values): ReadonlyMap<string, Place> {
  const keys = new Map<string, Place>();
  for (const entry of effectiveEntries(map)) {
    keys.set(entry.key, entry.at);
    if (entry.value.kind === 'map') {
      for (const inner of effectiveEntries(entry.value)) keys.set(`${entry.key}.${inner.key}`, inner.at);
    }
    if (entry.key !== 'command' || isNull(entry.value)) continue;
    if (entry.value.kind === 'list') keys.set('command[]', entry.at);
    else if (entry.value.kind === 'map') values.wrongKind(entry, 'text or a list of texts');
  }
  return keys;
}

function readAgent(entry: YamlEntry | undefined, values: Gen2Values): boolean {
  if (entry === undefined || isNull(entry.value)) return false;
  if (entry.value.kind === 'map') return true;
  return values.flag(entry);
}

function readBuild(entry: YamlEntry | undefined, values: Gen2Values): Gen2Service['build'] {
  const none = { path: '.', manifest: 'Dockerfile' };
  if (entry === undefined || isNull(entry.value)) return none;
  const { value } = entry;
  if (value.kind === 'scalar' && value.type === 'string') return { path: value.text, manifest: 'Dockerfile' };
  if (value.kind !== 'map') {
    values.wrongKind(entry, 'a path or a map');
    return none;
  }
  const path = findEntry(value, 'path');
  const manifest = findEntry(value, 'manifest');
  return {
    path: (path === undefined ? undefined : values.text(path)) ?? '.',
    manifest: (manifest === undefined ? undefined : values.text(manifest)) ?? 'Dockerfile',
  };
}

function readNlbPorts(entry: YamlEntry | undefined, values: Gen2Values): readonly number[] {
  if (entry === undefined || isNull(entry.value)) return [];
  if (entry.value.kind !== 'list') {
    values.wrongKind(entry, 'a list of maps');
    return [];
  }
  return entry.value.items.flatMap((item) => {
    const port = item.kind === 'map' ? findEntry(item, 'port') : undefined;
    const number = port === undefined ? undefined : values.strictNumber(port, 'nlb port');
    return number === undefined ? [] : [number];
  });
}
