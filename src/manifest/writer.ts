import { Document, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Node } from 'yaml';
import { DraftMap, hasReference, replaceReferences } from './draft.ts';
import type { DraftValue } from './draft.ts';
import { isAmbiguousPlain } from './go-scalar.ts';

/** What is written: services, timers and resources, each in the order of the input. */
export interface ManifestDraft {
  readonly services: readonly {
    readonly name: string;
    readonly comment?: string | undefined;
    readonly fields: DraftMap;
  }[];
  readonly timers: DraftMap;
  readonly resources: DraftMap;
}

// A "$" that the rack's text interpolation must not see; written as an escape in double quotes.
const LITERAL_DOLLAR = '\uE002';

/**
 * Writes a convox.yml: plain block YAML without anchors or flow style, services in the order given, their keys sorted,
 * everything quoted that a YAML 1.1 reader could misread. The same draft gives the same bytes.
 */
export function writeManifest({ services, timers, resources }: ManifestDraft): string {
  const root = new YAMLMap<Scalar, Node>();
  if (resources.size > 0) add(root, 'resources', mapNode(resources));
  const all = new YAMLMap<Scalar, Node>();
  for (const { name, comment, fields } of services) add(all, name, mapNode(sorted(fields)), comment);
  add(root, 'services', all);
  if (timers.size > 0) add(root, 'timers', mapNode(timers));
  const document = new Document(null, { schema: 'failsafe' });
  document.contents = root;
  const text = document.toString({ lineWidth: 0, indent: 2, flowCollectionPadding: false });
  return escapeSpecials(replaceReferences(text, (name) => `\${${name}}`));
}

function sorted(map: DraftMap): DraftMap {
  const copy = new DraftMap();
  for (const { key, value, comment } of map.entries().toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    copy.set(key, value, comment);
  }
  return copy;
}

function add(map: YAMLMap<Scalar, Node>, key: string, value: Node, comment?: string): void {
  const node = textNode(key);
  // "${" in a comment is interpolated as well, and a value of several lines would leave the comment.
  if (comment !== undefined) node.commentBefore = ` ${comment.replaceAll(/[\s$]+/g, ' ')}`;
  map.add({ key: node, value });
}

function mapNode(draft: DraftMap): YAMLMap<Scalar, Node> {
  const map = new YAMLMap<Scalar, Node>();
  for (const { key, value, comment } of draft.entries()) add(map, key, valueNode(value), comment);
  return map;
}

function valueNode(value: DraftValue): Node {
  if (typeof value === 'string') return textNode(value);
  if (typeof value === 'number' || typeof value === 'boolean') return plain(String(value));
  if (value instanceof DraftMap) return mapNode(value);
  const list = new YAMLSeq<Node>();
  for (const item of value) list.add(typeof item === 'string' ? textNode(item) : mapNode(item));
  return list;
}

function plain(text: string): Scalar {
  const node = new Scalar(text);
  node.type = 'PLAIN';
  return node;
}

function textNode(text: string): Scalar {
  const node = new Scalar<string>(text.replaceAll('${', `${LITERAL_DOLLAR}{`));
  if (/(?![\t\n])\p{Cc}|[\u2028\u2029\uFEFF\uE002]/u.test(node.value)) {
    node.type = 'QUOTE_DOUBLE';
  } else if (text.includes('\n')) {
    node.type = /\S/.test(text) && !/^\s/.test(text) ? 'BLOCK_LITERAL' : 'QUOTE_DOUBLE';
  } else {
    node.type = isPlainSafe(text) ? 'PLAIN' : 'QUOTE_DOUBLE';
  }
  return node;
}

/** True for text every YAML reader takes as itself without quotes. */
function isPlainSafe(text: string): boolean {
  if (hasReference(text)) return /^\uE000[A-Z0-9_]+\uE001$/.test(text);
  if (text === '' || text.trim() !== text || isAmbiguousPlain(text)) return false;
  return /^[A-Za-z0-9./$(]/.test(text) && !/: |:$| #|\t/.test(text);
}

/** Characters the library leaves as they are although YAML 1.1 readers take them for line ends, and literal "$". */
function escapeSpecials(text: string): string {
  return text
    .replaceAll(LITERAL_DOLLAR, '\\x24')
    .replaceAll('\u0085', '\\N')
    .replaceAll('\u2028', '\\L')
    .replaceAll('\u2029', '\\P')
    .replaceAll('\uFEFF', '\\uFEFF')
    .replaceAll(/[\u007F-\u009F]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`);
}
