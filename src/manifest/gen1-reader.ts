import { FindingList } from './finding.ts';
import type { Finding, Place } from './finding.ts';
import { readGen1Service } from './gen1-service.ts';
import type { Gen1Manifest, Gen1Service } from './gen1-types.ts';
import { validateGen1 } from './gen1-validation.ts';
import { scanGen1Interpolation } from './interpolate-gen1.ts';
import type { Gen1Interpolation } from './interpolate-gen1.ts';
import { EditedText, findTextProblem, withoutByteOrderMark } from './source-text.ts';
import type { Edit } from './source-text.ts';
import { parseYaml } from './yaml-parser.ts';
import { describeNode, effectiveEntries, findEntry, isNull } from './yaml-tree.ts';
import type { YamlMap, YamlNode } from './yaml-tree.ts';

export interface Gen1ReadOptions {
  /** File name for findings; default docker-compose.yml. */
  readonly file?: string;
  /** What to put in the place of `$NAME`; default nothing, which is what a rack finds in its own environment. */
  readonly replacement?: (name: string) => string;
}

export const GEN1_FILE = 'docker-compose.yml';

/**
 * Reads a generation 1 manifest exactly as a rack does: interpolation, YAML dialect, v1 and v2 syntax, grammar of each
 * key and the validation at build (convox/rack@20171213132441 manifest1/, the same at 20260421192651 pkg/manifest1/).
 * The manifest is undefined if a rack would refuse it.
 */
export function readGen1Manifest(
  text: string,
  options: Gen1ReadOptions = {},
): { readonly manifest: Gen1Manifest | undefined; readonly findings: readonly Finding[] } {
  const findings = new FindingList(options.file ?? GEN1_FILE);
  const manifest = read(text, options.replacement ?? (() => ''), findings);
  return { manifest: findings.blocks() ? undefined : manifest, findings: findings.list() };
}

function read(text: string, replacement: (name: string) => string, findings: FindingList): Gen1Manifest | undefined {
  const content = withoutByteOrderMark(text);
  const problem = findTextProblem(content);
  if (problem !== undefined) {
    const at = { path: '', ...new EditedText(content).positionInOriginal(problem.offset) };
    findings.add('blocker', 'parse-error', { at, message: problem.message, hint: problem.hint });
    return undefined;
  }
  const interpolation = scanGen1Interpolation(content);
  const source = new EditedText(content, editsOf(interpolation, replacement));
  if (interpolation.fatal !== undefined) {
    findings.add('blocker', 'validation-error', {
      at: { path: '', ...source.positionInOriginal(interpolation.fatal) },
      message: 'A "$$" that no name follows, or a "$" as the very last character: racks hang or crash on it.',
      hint: 'Remove it, or end the file with a line end.',
    });
    return undefined;
  }
  const { root, problems, secondDocument } = parseYaml(source);
  for (const { code, ...details } of problems) findings.add('blocker', code, details);
  if (secondDocument !== undefined) {
    const message = 'Racks read only the first document of the file.';
    findings.add('info', 'ignored-document', { at: secondDocument, message, hint: 'Remove what stands after "---".' });
  }
  if (problems.length > 0) return undefined;
  return readRoot(root, variablesOutsideComments(content, interpolation, source), findings);
}

function editsOf({ variables, escapes }: Gen1Interpolation, replacement: (name: string) => string): readonly Edit[] {
  const replaced = variables.map(({ name, start, end }) => ({ start, end, replacement: replacement(name) }));
  return [...replaced, ...escapes].toSorted((a, b) => a.start - b.start);
}

function variablesOutsideComments(
  content: string,
  { variables }: Gen1Interpolation,
  source: EditedText,
): readonly { readonly name: string; readonly at: Place }[] {
  return variables
    .filter(({ start }) => !isInComment(content, start))
    .map(({ name, start }) => ({ name, at: { path: '', ...source.positionInOriginal(start) } }));
}

/** True if a "#" that starts a comment stands before the offset on its line; in doubt (quotes) false. */
function isInComment(text: string, offset: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  const hash = /(?:^|\s)#/.exec(line);
  return hash !== null && !/["'|>]/.test(line.slice(0, hash.index));
}

function readRoot(
  root: YamlNode | undefined,
  variables: Gen1Manifest['variables'],
  findings: FindingList,
): Gen1Manifest | undefined {
  if (root?.kind !== 'map') {
    const what = root === undefined || isNull(root) ? 'is empty' : `holds ${describeNode(root)}`;
    findings.add('blocker', root === undefined || isNull(root) ? 'validation-error' : 'parse-error', {
      at: root?.at ?? { path: '', line: 1, column: 1 },
      message: `The file ${what}; a manifest is a map of services.`,
      hint: 'Check that this is the right file.',
    });
    return undefined;
  }
  const services = findServices(root, findings);
  if (services === undefined) return undefined;
  const isV1 = services === root;
  reportDuplicateKeys(root, findings);
  const read: Gen1Service[] = [];
  for (const entry of effectiveEntries(services)) {
    const service = readGen1Service(entry, findings);
    if (service !== undefined) read.push(service);
  }
  if (read.length === 0 && !findings.blocks()) {
    const message = 'The manifest has no services.';
    findings.add('blocker', 'validation-error', { at: services.at, message, hint: 'There is nothing to migrate.' });
  }
  if (!isV1) checkNetworks(root, findings);
  validateGen1(read, findings);
  return { syntax: isV1 ? 'v1' : 'v2', services: read, root, variables };
}

/** The map of services: the root itself in v1 syntax, under `services` in v2; undefined if racks refuse the file. */
function findServices(root: YamlMap, findings: FindingList): YamlMap | undefined {
  const version = findEntry(root, 'version');
  if (version === undefined || isNull(version.value)) return root;
  const written = version.value.kind === 'scalar' ? version.value.text : describeNode(version.value);
  if (!['2', '2.0', '2.1', '2.2'].includes(written)) {
    findings.add('blocker', 'version-rejected', {
      at: version.at,
      message: `Version ${written.slice(0, 20)} is not read by generation 1 racks: only 2, 2.0, 2.1, 2.2, or no version at all.`,
      hint: 'This file was never deployed on a generation 1 rack; give the one that was.',
    });
    return undefined;
  }
  const services = findEntry(root, 'services');
  if (services === undefined || isNull(services.value)) return { kind: 'map', at: version.at, entries: [] };
  if (services.value.kind === 'map') return services.value;
  const message = `services is ${describeNode(services.value)}, not a map.`;
  findings.add('blocker', 'parse-error', { at: services.value.at, message, hint: 'Write one key a service.' });
  return undefined;
}

/** Any shape but NAME: {external: {name: X}} is refused (convox/rack@20171213132441 manifest1/service.go). */
function checkNetworks(root: YamlMap, findings: FindingList): void {
  const networks = findEntry(root, 'networks');
  if (networks === undefined || isNull(networks.value)) return;
  if (isNestedMap(networks.value, 3)) return;
  findings.add('blocker', 'parse-error', {
    at: networks.value.at,
    message: 'networks is not of the form NAME: {external: {name: X}}, the only one racks read.',
    hint: 'Networks have an effect in local runs only: remove the key.',
  });
}

function isNestedMap(node: YamlNode, depth: number): boolean {
  if (isNull(node)) return true;
  if (depth === 0) return node.kind === 'scalar';
  return (
    node.kind === 'map' && effectiveEntries(node).every((entry) => isNestedMap(entry.value, depth - 1) || depth === 1)
  );
}

function reportDuplicateKeys(node: YamlNode, findings: FindingList): void {
  if (node.kind === 'list') node.items.forEach((item) => reportDuplicateKeys(item, findings));
  if (node.kind !== 'map') return;
  for (const entry of node.entries) {
    if (entry.isShadowed && !entry.isMerged) {
      findings.add('change', 'duplicate-key', {
        at: entry.at,
        message: `The key ${entry.key.slice(0, 60)} is written again later; racks use the last one and ignore this one.`,
        hint: 'Remove the one that is not meant.',
      });
    }
    reportDuplicateKeys(entry.value, findings);
  }
}
