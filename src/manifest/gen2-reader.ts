import { FindingList } from './finding.ts';
import type { Finding, Place } from './finding.ts';
import { shorten } from './gen1-values.ts';
import { readGen2Service } from './gen2-service.ts';
import type { Gen2Manifest, Gen2Name, Gen2Resource, Gen2Timer } from './gen2-types.ts';
import { Gen2Values } from './gen2-values.ts';
import { interpolateGen2 } from './interpolate-gen2.ts';
import type { Gen2Variable as Interpolated, KnownEnvironment } from './interpolate-gen2.ts';
import { supports } from './rack-features.ts';
import { EditedText, findTextProblem, withoutByteOrderMark } from './source-text.ts';
import { parseYaml } from './yaml-parser.ts';
import { describeNode, effectiveEntries, findEntry, isNull } from './yaml-tree.ts';
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.ts';

export const GEN2_FILE = 'convox.yml';

export interface Gen2ReadOptions {
  /** The version of the rack that will read it. */
  readonly rackVersion: string;
  /** The app environment: values, or names only; nothing is assumed about variables if it is absent. */
  readonly env?: ReadonlyMap<string, string> | ReadonlySet<string>;
  /** File name for findings; default convox.yml. */
  readonly file?: string;
}

/**
 * Reads a convox.yml as a rack of the stated version does: interpolation of the text, YAML, forms of all keys
 * (convox/rack@20171213132441 manifest/, convox/rack@20260421192651 pkg/manifest/). What the rack would ignore or
 * refuse is a finding with its place; the manifest holds what could be read, and is undefined if that is nothing.
 */
export function readGen2Manifest(
  text: string,
  options: Gen2ReadOptions,
): { readonly manifest: Gen2Manifest | undefined; readonly findings: readonly Finding[] } {
  const findings = new FindingList(options.file ?? GEN2_FILE);
  const manifest = read(text, options, findings);
  return { manifest, findings: findings.list() };
}

function read(text: string, { rackVersion, env }: Gen2ReadOptions, findings: FindingList): Gen2Manifest | undefined {
  const content = withoutByteOrderMark(text);
  const problem = findTextProblem(content);
  if (problem !== undefined) {
    const at = { path: '', ...new EditedText(content).positionInOriginal(problem.offset) };
    findings.add('blocker', 'parse-error', { at, message: problem.message, hint: problem.hint });
    return undefined;
  }
  const { edits, variables } = interpolateGen2(content, env);
  const source = new EditedText(content, edits);
  const { root, problems, secondDocument } = parseYaml(source);
  for (const { code, ...details } of problems) findings.add('blocker', code, details);
  if (secondDocument !== undefined) {
    const message = 'Racks read only the first document of the file.';
    findings.add('choice', 'ignored-document', {
      at: secondDocument,
      message,
      hint: 'Remove what stands after "---".',
    });
  }
  if (problems.length > 0) return undefined;
  const place = (offset: number): Place => ({ path: '', ...source.positionInOriginal(offset) });
  reportVariables(variables, place, env, findings);
  return readRoot(root, { rackVersion, variables: toNames(variables, place) }, findings);
}

function toNames(variables: readonly Interpolated[], place: (offset: number) => Place): readonly Gen2Name[] {
  return variables.map(({ name, start }) => ({ name, at: place(start) }));
}

/** `${VAR:-x}` looks like a default and is the variable of exactly that name, so always empty. */
function reportVariables(
  variables: readonly Interpolated[],
  place: (offset: number) => Place,
  env: KnownEnvironment,
  findings: FindingList,
): void {
  for (const { name, start } of variables) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || env?.has(name) === true) continue;
    findings.add('choice', 'interpolation-changed', {
      at: place(start),
      message: 'Racks know no defaults in ${…}: this is the variable of exactly that name, so it is empty.',
      hint: 'Write ${NAME}, and set NAME in the app environment. For a shell variable write $NAME without braces.',
    });
  }
}

interface ReadContext {
  readonly rackVersion: string;
  readonly variables: readonly Gen2Name[];
}

const TOP_KEYS = new Set(['services', 'resources', 'timers', 'environment', 'params']);

function readRoot(root: YamlNode | undefined, context: ReadContext, findings: FindingList): Gen2Manifest | undefined {
  const values = new Gen2Values(findings);
  if (root?.kind !== 'map') {
    const at = root?.at ?? { path: '', line: 1, column: 1 };
    const what = root === undefined || isNull(root) ? 'is empty' : `holds ${describeNode(root)}`;
    values.refuse(at, `The file ${what}; a manifest is a map with services.`, 'Check that this is the right file.');
    return undefined;
  }
  const leftovers = new Map([
    ['version', 'Remove it: convox.yml has no version.'],
    ['networks', 'Remove it.'],
  ]);
  values.entries(root, '', TOP_KEYS, leftovers);
  reportMergeKeys(root, context.rackVersion, values);
  const keys = new Map(effectiveEntries(root).map((entry) => [entry.key, entry.at]));
  const environment = findEntry(root, 'environment');
  const services = readNamed(root, 'services', values, (entry) => readGen2Service(entry, findings));
  if (services.length === 0) {
    values.say('choice', 'validation-error', root.at, 'The manifest has no services.', 'There is nothing to deploy.');
  }
  return {
    services,
    timers: readNamed(root, 'timers', values, (entry) => readTimer(entry, values)),
    resources: readNamed(root, 'resources', values, (entry) => readResource(entry, values)),
    environment: environment === undefined ? [] : values.environment(environment),
    keys,
    variables: context.variables,
  };
}

/** Racks load two entries of one name as two; that is never what is meant. */
function readNamed<T>(
  root: YamlMap,
  key: string,
  values: Gen2Values,
  readEntry: (entry: YamlEntry) => T | undefined,
): readonly T[] {
  const parent = findEntry(root, key);
  if (parent === undefined || isNull(parent.value)) return [];
  if (parent.value.kind !== 'map') {
    values.wrongKind(parent, 'a map');
    return [];
  }
  const read: T[] = [];
  for (const entry of parent.value.entries) {
    if (entry.isMerge) continue;
    if (entry.isShadowed) {
      const message = `${shorten(entry.writtenKey)} stands twice under ${key}; the rack makes two of it.`;
      values.say('blocker', 'duplicate-name', entry.at, message, 'Remove one of them.');
      continue;
    }
    const value = readEntry(entry);
    if (value !== undefined) read.push(value);
  }
  return read;
}

/** Not honoured inside services at 20171213132441 (values are silently missing); honoured at 20260421192651. */
function reportMergeKeys(node: YamlNode, rackVersion: string, values: Gen2Values): void {
  if (node.kind === 'list') node.items.forEach((item) => reportMergeKeys(item, rackVersion, values));
  if (node.kind !== 'map' || supports(rackVersion, 'newestRead')) return;
  for (const entry of node.entries) {
    if (entry.isMerged) continue;
    if (entry.isMerge) {
      const message = `What a merge key brings in is silently missing on rack 20171213132441, perhaps on ${rackVersion}.`;
      values.say(
        supports(rackVersion, 'buildManifest') ? 'choice' : 'blocker',
        'merge-key',
        entry.at,
        message,
        'Write the keys out.',
      );
    }
    reportMergeKeys(entry.value, rackVersion, values);
  }
}

const TIMER_KEYS = new Set(['command', 'schedule', 'service', 'policies']);
const NO_LEFTOVERS: ReadonlyMap<string, string> = new Map();

function readTimer(entry: YamlEntry, values: Gen2Values): Gen2Timer | undefined {
  if (entry.value.kind !== 'map') {
    values.wrongKind(entry, 'a map of command, schedule and service');
    return undefined;
  }
  const entries = values.entries(entry.value, `timers.${entry.key}.`, TIMER_KEYS, NO_LEFTOVERS);
  const text = (key: string): string => {
    const found = entries.find((candidate) => candidate.key === key);
    return found === undefined ? '' : (values.text(found) ?? '');
  };
  const keys = new Map(entries.map((key) => [key.key, key.at]));
  return {
    name: entry.key,
    schedule: text('schedule'),
    service: text('service'),
    command: text('command'),
    keys,
    at: entry.at,
  };
}

const RESOURCE_KEYS = new Set(['type', 'options', 'tags']);

function readResource(entry: YamlEntry, values: Gen2Values): Gen2Resource | undefined {
  if (entry.value.kind !== 'map') {
    values.wrongKind(entry, 'a map with type');
    return undefined;
  }
  const entries = values.entries(entry.value, `resources.${entry.key}.`, RESOURCE_KEYS, NO_LEFTOVERS);
  const type = entries.find((candidate) => candidate.key === 'type');
  const keys = new Map(entries.map((key) => [key.key, key.at]));
  return { name: entry.key, type: type === undefined ? '' : (values.text(type) ?? ''), keys, at: entry.at };
}
