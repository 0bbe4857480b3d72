import type { Place } from './finding.ts';
import type { ScalarType } from './go-scalar.ts';

/** A scalar; `text` is what a Go string field would receive, `written` what the author wrote. */
export interface YamlScalar {
  readonly kind: 'scalar';
  readonly type: ScalarType;
  readonly text: string;
  readonly value: string | number | boolean | null;
  readonly written: string;
  readonly at: Place;
}

export interface YamlEntry {
  readonly key: string;
  readonly keyType: ScalarType;
  /** The key as the author wrote it, before any interpolation. */
  readonly writtenKey: string;
  readonly at: Place;
  readonly value: YamlNode;
  /** True for `<<`: its entries follow it as if they were written here. */
  readonly isMerge: boolean;
  /** True if the entry came through `<<`. */
  readonly isMerged: boolean;
  /** True if a later entry of the same name takes its place, as in Go's yaml.v2. */
  readonly isShadowed: boolean;
}

export interface YamlMap {
  readonly kind: 'map';
  readonly at: Place;
  /** All entries in the order of the file, the shadowed ones included. */
  readonly entries: readonly YamlEntry[];
}

interface YamlList {
  readonly kind: 'list';
  readonly at: Place;
  readonly items: readonly YamlNode[];
}

export type YamlNode = YamlScalar | YamlMap | YamlList;

/** The entries that count: neither merge keys nor entries that a later one replaces. */
export function effectiveEntries(map: YamlMap): readonly YamlEntry[] {
  return map.entries.filter((entry) => !entry.isMerge && !entry.isShadowed);
}

/** The entry of a name that counts, if there is one. */
export function findEntry(map: YamlMap, key: string): YamlEntry | undefined {
  return effectiveEntries(map).find((entry) => entry.key === key);
}

export function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.type === 'null';
}

/** What kind of value a node is, in words for a person. */
export function describeNode(node: YamlNode): string {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  return { string: 'text', int: 'a whole number', float: 'a decimal number', bool: 'true or false', null: 'empty' }[
    node.type
  ];
}

/** The path of an entry: `services.web`, `labels["convox.agent"]`. */
export function childPath(parent: string, key: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}
