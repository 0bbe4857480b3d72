import { Composer, Document, isAlias, isCollection, isMap, isPair, isScalar, isSeq, Parser } from 'yaml';
import type { Alias, CST, Node, Pair, Scalar, YAMLMap } from 'yaml';
import type { FindingCode, Place } from './finding.ts';
import { resolvePlainScalar } from './go-scalar.ts';
import type { ResolvedScalar } from './go-scalar.ts';
import type { EditedText } from './source-text.ts';
import { describeSyntaxError } from './yaml-errors.ts';
import { childPath } from './yaml-tree.ts';
import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from './yaml-tree.ts';

/** Deepest nesting that is read; a manifest needs six levels. */
const MAX_DEPTH = 60;
/** Nodes that aliases may add to a file; a large manifest with anchors adds some hundreds. */
const MAX_ALIASED_NODES = 10_000;

interface YamlProblem {
  readonly code: FindingCode;
  readonly at: Place;
  readonly message: string;
  readonly hint: string;
}

export interface ParsedYaml {
  /** Undefined if the file is empty or unreadable. */
  readonly root: YamlNode | undefined;
  /** What makes the file unreadable. */
  readonly problems: readonly YamlProblem[];
  /** Where a second document starts, which racks do not read. */
  readonly secondDocument: Place | undefined;
}

/**
 * Parses YAML into a tree with the place of everything, typed as Go's yaml.v2 types it (the parser of all racks), with
 * merge keys applied in the order of the file, bounded in depth and in what aliases add.
 */
export function parseYaml(source: EditedText): ParsedYaml {
  const place = (offset: number): Place => ({ path: '', ...source.position(offset) });
  const tokens = [...new Parser().parse(source.text)];
  const tooDeep = findDeepToken(tokens);
  if (tooDeep !== undefined) {
    const message = `The file nests more than ${MAX_DEPTH} levels.`;
    return failed({ code: 'parse-error', at: place(tooDeep), message, hint: 'A manifest needs six levels at most.' });
  }
  const options = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, strict: true } as const;
  const documents = [...new Composer(options).compose(tokens)];
  const [document, second] = documents;
  const secondDocument = second?.range === undefined ? undefined : place(second.range[0]);
  if (!(document instanceof Document) || document.contents === null) {
    return { root: undefined, problems: [], secondDocument };
  }
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      code: 'parse-error' as const,
      at: place(error.pos[0]),
      ...describeSyntaxError(error.code),
    }));
    return { root: undefined, problems: problems.slice(0, 20), secondDocument };
  }
  const builder = new TreeBuilder(source);
  try {
    const root = builder.build(document.contents);
    return { root, problems: [], secondDocument };
  } catch (error) {
    if (!(error instanceof TreeProblem)) throw error;
    return failed(error.problem);
  }
}

function failed(problem: YamlProblem): ParsedYaml {
  return { root: undefined, problems: [problem], secondDocument: undefined };
}

/** The offset of the first token nested deeper than MAX_DEPTH; walks without recursion, so depth cannot hurt it. */
function findDeepToken(tokens: readonly CST.Token[]): number | undefined {
  const queue: { readonly token: CST.Token; readonly depth: number }[] = [];
  const push = (token: CST.Token | null | undefined, depth: number): void => {
    if (token) queue.push({ token, depth });
  };
  tokens.forEach((token) => push(token, 0));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return 'offset' in token ? token.offset : 0;
    if ('value' in token) push(token.value, depth);
    if (!('items' in token)) continue;
    for (const item of token.items) {
      if ('key' in item) push(item.key, depth + 1);
      if ('value' in item) push(item.value, depth + 1);
    }
  }
  return undefined;
}

/** Characters that mark variables in this package; no text may bring them in by an escape. */
const MARKS = /[\uE000-\uE002]/;

/** Ends the building of a tree; never leaves this module. */
class TreeProblem extends Error {
  readonly problem: YamlProblem;
  constructor(problem: YamlProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

interface Frame {
  readonly path: string;
  readonly depth: number;
  readonly isAliased: boolean;
}

class TreeBuilder {
  readonly #source: EditedText;
  #targets = new Map<Alias, Node | undefined>();
  readonly #open = new Set<Node>();
  #aliasedNodes = 0;

  constructor(source: EditedText) {
    this.#source = source;
  }

  build(root: Node): YamlNode {
    this.#targets = resolveAliases(root);
    return this.#node(root, { path: '', depth: 0, isAliased: false });
  }

  #fail(code: FindingCode, node: Node | undefined, path: string, message: string, hint: string): never {
    throw new TreeProblem({ code, at: this.#place(node, path), message, hint });
  }

  #place(node: Node | null | undefined, path: string): Place {
    return { path, ...this.#source.position(node?.range?.[0] ?? 0) };
  }

  #node(node: Node | null, frame: Frame, fallback?: Node): YamlNode {
    if (node === null) return emptyScalar(this.#place(fallback, frame.path));
    if (frame.isAliased && ++this.#aliasedNodes > MAX_ALIASED_NODES) {
      const message = `Aliases expand to more than ${MAX_ALIASED_NODES} values.`;
      this.#fail('alias-limit', node, frame.path, message, 'Write the values out, or share less through anchors.');
    }
    if (frame.depth > MAX_DEPTH * 2) {
      const message = 'Aliases nest the file too deeply.';
      this.#fail('alias-limit', node, frame.path, message, 'Write the values out.');
    }
    if (isAlias(node)) return this.#alias(node, frame);
    if (this.#open.has(node)) {
      this.#fail('parse-error', node, frame.path, 'An anchor contains itself.', 'Remove the alias inside the anchor.');
    }
    this.#open.add(node);
    const built = this.#value(node, frame);
    this.#open.delete(node);
    return built;
  }

  #value(node: Node, frame: Frame): YamlNode {
    if (isMap(node)) return this.#map(node, frame);
    if (isSeq(node)) {
      const items = node.items.map((item, index) =>
        // A flow list item may be a single pair, which is a map of one entry.
        this.#node(
          isPair(item) ? pairAsMap(item) : (item as Node | null),
          {
            ...frame,
            path: `${frame.path}[${index}]`,
            depth: frame.depth + 1,
          },
          node,
        ),
      );
      return { kind: 'list', at: this.#place(node, frame.path), items };
    }
    if (isScalar(node)) return this.#scalar(node, frame.path);
    return this.#fail('parse-error', node, frame.path, 'A value of unknown kind.', 'Write plain YAML.');
  }

  #alias(node: Alias, frame: Frame): YamlNode {
    const target = this.#targets.get(node);
    if (target === undefined) {
      const message = `The alias *${node.source} has no anchor &${node.source} before it.`;
      this.#fail('parse-error', node, frame.path, message, 'Define the anchor first, or quote the text if it is one.');
    }
    return this.#node(target, { ...frame, depth: frame.depth + 1, isAliased: true });
  }

  #map(node: YAMLMap, frame: Frame): YamlMap {
    const entries: YamlEntry[] = [];
    // The composer gives pairs of nodes; the library's type is wider.
    for (const pair of node.items as Pair<Node | null, Node | null>[]) entries.push(...this.#pair(pair, frame, node));
    const last = new Map(entries.filter((entry) => !entry.isMerge).map((entry) => [entry.key, entry]));
    return {
      kind: 'map',
      at: this.#place(node, frame.path),
      entries: entries.map((entry) => ({ ...entry, isShadowed: !entry.isMerge && last.get(entry.key) !== entry })),
    };
  }

  #pair(pair: Pair<Node | null, Node | null>, frame: Frame, map: Node): YamlEntry[] {
    const key = this.#key(pair.key, frame, map);
    const path = childPath(frame.path, key.text);
    const at = { ...key.at, path };
    const isMerge = isScalar(pair.key) && pair.key.type === 'PLAIN' && key.text === '<<';
    const base = { key: key.text, keyType: key.type, writtenKey: key.written, at, isShadowed: false };
    if (isMerge)
      return [{ ...base, value: emptyScalar(at), isMerge, isMerged: false }, ...this.#merged(pair.value, frame, at)];
    const value = this.#node(pair.value, { ...frame, path, depth: frame.depth + 1 }, pair.key ?? map);
    return [{ ...base, value, isMerge, isMerged: false }];
  }

  /** yaml.v2 decode.go: of a list of maps the earlier ones win, so they are applied last. */
  #merged(node: Node | null, frame: Frame, at: Place): YamlEntry[] {
    const target = node !== null && isAlias(node) ? this.#targets.get(node) : node;
    // The composer gives lists of nodes; the library's type is wider.
    const nodes = isSeq(target) ? (target.items.toReversed() as (Node | null)[]) : [node];
    return nodes.flatMap((item) => {
      const map = this.#node(item, { ...frame, depth: frame.depth + 1 });
      if (map.kind === 'map')
        return map.entries.filter((entry) => !entry.isMerge).map((entry) => ({ ...entry, isMerged: true }));
      throw new TreeProblem({
        code: 'parse-error',
        at,
        message: 'A merge key needs a map, or a list of maps.',
        hint: 'Give "<<" an alias of a map.',
      });
    });
  }

  #key(node: Node | null, frame: Frame, map: Node): YamlScalar {
    const key = this.#node(node, { ...frame, depth: frame.depth + 1 }, map);
    if (key.kind === 'scalar') return key;
    return this.#fail(
      'parse-error',
      node ?? map,
      frame.path,
      `A key is ${key.kind === 'map' ? 'a map' : 'a list'}.`,
      'Keys are plain text. A value starting with "{" or "[" must be quoted.',
    );
  }

  #scalar(node: Scalar, path: string): YamlScalar {
    const at = this.#place(node, path);
    const text = typeof node.value === 'string' ? node.value : '';
    const [start, end] = node.range ?? [0, 0];
    const written = this.#source.written(start, end);
    if (MARKS.test(text) && !MARKS.test(this.#source.text.slice(start, end))) {
      this.#fail(
        'parse-error',
        node,
        path,
        'A text holds a private-use character.',
        'Remove the escape \\uE000 to \\uE002.',
      );
    }
    return { kind: 'scalar', ...this.#resolve(node, text, path), text, written, at };
  }

  #resolve(node: Scalar, text: string, path: string): ResolvedScalar {
    const tag = node.tag?.replace('tag:yaml.org,2002:', '!!');
    if (tag === undefined) return node.type === 'PLAIN' ? resolvePlainScalar(text) : { type: 'string', value: text };
    // yaml.v2 takes a value with a tag of its own for text.
    if (tag === '!!str' || /^!(?!!)/.test(tag)) return { type: 'string', value: text };
    const resolved = resolvePlainScalar(text);
    if (tag === `!!${resolved.type}`) return resolved;
    if (tag === '!!float' && resolved.type === 'int') return { type: 'float', value: resolved.value };
    return this.#fail('parse-error', node, path, `A value with the tag ${tag} cannot be read.`, 'Remove the tag.');
  }
}

function emptyScalar(at: Place): YamlScalar {
  return { kind: 'scalar', type: 'null', text: '', value: null, written: '', at };
}

function pairAsMap(pair: Pair): Node {
  const map = new Document({}, { schema: 'failsafe' }).createNode({}) as YAMLMap;
  map.items.push(pair);
  const key: unknown = pair.key;
  if (isScalar(key) && key.range) map.range = key.range;
  return map;
}

/** For each alias the node it stands for: the last anchor of its name before it, in the order of the file. */
function resolveAliases(root: Node): Map<Alias, Node | undefined> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node | undefined>();
  const visit = (node: unknown): void => {
    if (isPair(node)) {
      visit(node.key);
      visit(node.value);
    } else if (isAlias(node)) {
      targets.set(node, anchors.get(node.source));
    } else if (isScalar(node) || isCollection(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      if (isCollection(node)) node.items.forEach(visit);
    }
  };
  visit(root);
  return targets;
}
