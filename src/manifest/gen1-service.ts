import type { FindingList, Place } from './finding.ts';
import type { Gen1Build, Gen1Port, Gen1Service, Gen1Variable, Located } from './gen1-types.ts';
import { Gen1Values, readCrons, shorten } from './gen1-values.ts';
import { childPath, describeNode, effectiveEntries, isNull } from './yaml-tree.ts';
import type { YamlEntry } from './yaml-tree.ts';

interface Draft {
  build?: Gen1Build | undefined;
  dockerfile?: Located<string> | undefined;
  image?: Located<string> | undefined;
  command?: Located<string | readonly string[]> | undefined;
  entrypoint?: Located<string> | undefined;
  environment: readonly Gen1Variable[];
  extraHosts?: Located<number> | undefined;
  labels: ReadonlyMap<string, Located<string>>;
  links: readonly Located<string>[];
  memoryLimit?: Located<number> | undefined;
  cpuShares?: Located<number> | undefined;
  ports: readonly Gen1Port[];
  isPrivileged?: Located<boolean> | undefined;
  volumes: readonly Located<string>[];
  ignoredKeys: { key: string; at: Place }[];
}

type ReadKey = (draft: Draft, entry: YamlEntry, values: Gen1Values) => void;

const KEYS = new Map<string, ReadKey>([
  ['build', (draft, entry, values) => (draft.build = readBuild(draft, entry, values))],
  ['dockerfile', (draft, entry, values) => (draft.dockerfile = values.text(entry))],
  ['image', (draft, entry, values) => (draft.image = nonEmpty(values.text(entry)))],
  ['command', (draft, entry, values) => (draft.command = values.command(entry))],
  ['entrypoint', (draft, entry, values) => (draft.entrypoint = nonEmpty(values.text(entry)))],
  ['environment', (draft, entry, values) => (draft.environment = values.variables(entry))],
  ['extra_hosts', (draft, entry, values) => (draft.extraHosts = readExtraHosts(entry, values))],
  ['labels', (draft, entry, values) => (draft.labels = values.labels(entry))],
  ['links', (draft, entry, values) => (draft.links = values.textList(entry))],
  ['mem_limit', (draft, entry, values) => (draft.memoryLimit = values.memory(entry))],
  ['cpu_shares', (draft, entry, values) => (draft.cpuShares = values.wholeNumber(entry))],
  ['ports', (draft, entry, values) => (draft.ports = values.ports(entry))],
  ['privileged', (draft, entry, values) => (draft.isPrivileged = values.flag(entry))],
  ['volumes', (draft, entry, values) => (draft.volumes = values.textList(entry))],
]);

/** Reads one service (convox/rack@20171213132441 manifest1/service.go); keys without an effect are noted as such. */
export function readGen1Service(entry: YamlEntry, findings: FindingList): Gen1Service | undefined {
  const name = entry.key;
  const values = new Gen1Values(findings, name);
  const draft: Draft = { environment: [], labels: new Map(), links: [], ports: [], volumes: [], ignoredKeys: [] };
  if (!isNull(entry.value)) {
    if (entry.value.kind !== 'map') {
      values.refuse(
        entry.value.at,
        `Service ${shorten(name)} is ${describeNode(entry.value)}, not a map.`,
        'Write its keys below it.',
      );
      return undefined;
    }
    for (const key of effectiveEntries(entry.value)) {
      const read = KEYS.get(key.key);
      if (read === undefined) draft.ignoredKeys.push({ key: key.key, at: key.at });
      else read(draft, key, values);
    }
  }
  return {
    name,
    at: entry.at,
    build: withDockerfile(draft, entry.at, values, name),
    image: draft.image,
    command: draft.command,
    entrypoint: draft.entrypoint,
    environment: draft.environment,
    extraHosts: draft.extraHosts,
    labels: draft.labels,
    links: draft.links,
    memoryLimit: draft.memoryLimit,
    cpuShares: draft.cpuShares,
    ports: draft.ports,
    isPrivileged: draft.isPrivileged,
    volumes: draft.volumes,
    crons: readCrons(draft.labels),
    ignoredKeys: draft.ignoredKeys,
  };
}

function nonEmpty(located: Located<string> | undefined): Located<string> | undefined {
  return located?.value === '' ? undefined : located;
}

function readExtraHosts(entry: YamlEntry, values: Gen1Values): Located<number> | undefined {
  const hosts = values.textList(entry);
  const bad = hosts.find(({ value }) => !value.includes(':'));
  if (bad !== undefined) values.refuse(bad.at, 'An extra host is not of the form NAME:ADDRESS.', 'Write NAME:ADDRESS.');
  return hosts.length === 0 ? undefined : { value: hosts.length, at: entry.at };
}

/** `target`, `cache_from` and the like are not read by any rack. */
const BUILD_KEYS = new Set(['context', 'dockerfile', 'args']);

function readBuild(draft: Draft, entry: YamlEntry, values: Gen1Values): Gen1Build | undefined {
  const { value } = entry;
  if (isNull(value)) return undefined;
  if (value.kind === 'scalar' && value.type === 'string') {
    return { context: { value: value.text, at: entry.at }, dockerfile: undefined, args: [], at: entry.at };
  }
  if (value.kind !== 'map') {
    values.wrongKind(entry, 'a path or a map');
    return undefined;
  }
  let context: Located<string> | undefined;
  let dockerfile: Located<string> | undefined;
  let args: Gen1Build['args'] = [];
  for (const key of effectiveEntries(value)) {
    if (key.key === 'context') context = readPath(key, values);
    if (key.key === 'dockerfile') dockerfile = readPath(key, values);
    if (key.key === 'args') args = values.argumentNames(key);
    if (!BUILD_KEYS.has(key.key)) draft.ignoredKeys.push({ key: childPath('build', key.key), at: key.at });
  }
  return { context, dockerfile, args, at: entry.at };
}

/** The rack's code wants a text here and crashes on anything else, on nothing too. */
function readPath(entry: YamlEntry, values: Gen1Values): Located<string> | undefined {
  if (entry.value.kind !== 'scalar' || entry.value.type !== 'string') {
    values.wrongKind(entry, 'text');
    return undefined;
  }
  return { value: entry.value.text, at: entry.at };
}

/** The key `dockerfile` of v1 syntax goes into the build; both at once are refused. */
function withDockerfile(draft: Draft, at: Place, values: Gen1Values, name: string): Gen1Build | undefined {
  const { build } = draft;
  const dockerfile = nonEmpty(draft.dockerfile);
  if (dockerfile === undefined) return build;
  if (nonEmpty(build?.dockerfile) !== undefined) {
    values.refuse(dockerfile.at, `dockerfile specified twice for ${shorten(name)}.`, 'Keep the one under build.');
  }
  return { context: build?.context, dockerfile, args: build?.args ?? [], at: build?.at ?? at };
}
