import type { Place } from './finding.ts';
import { isNull } from './yaml-tree.ts';
import type { YamlNode } from './yaml-tree.ts';

/**
 * What became of a key of the input: `mapped` as it was, `changed` in meaning, waiting for a `decision`, `dropped`
 * because it never had an effect, or `impossible` to express in generation 2.
 */
export type Disposition = 'mapped' | 'changed' | 'decision' | 'dropped' | 'impossible';

/** One key or list item of the input; the same path comes twice only if the file repeats a key. */
export interface AccountingEntry {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly disposition: Disposition;
  readonly note: string;
}

interface Mark {
  readonly disposition: Disposition;
  readonly note: string;
}

/** A key that has no mark of its own counts as the weightiest of what stands below it. */
const WEIGHT: readonly Disposition[] = ['decision', 'impossible', 'changed', 'mapped', 'dropped'];

/** Keeps the books of a conversion: what became of each key. */
export class Ledger {
  readonly #marks = new Map<string, Mark>();

  /** Notes what became of the key at a place and, unless they are marked themselves, of all keys below it. */
  mark(at: Place, disposition: Disposition, note: string): void {
    this.#marks.set(keyOf(at), { disposition, note });
  }

  /** One entry for each key and list item of the tree, and the places nobody marked. */
  account(root: YamlNode): { readonly entries: readonly AccountingEntry[]; readonly unmarked: readonly Place[] } {
    const unmarked: Place[] = [];
    const entries = this.#children(root, undefined, unmarked);
    return { entries, unmarked };
  }

  #children(node: YamlNode, inherited: Mark | undefined, unmarked: Place[]): AccountingEntry[] {
    if (node.kind === 'list') {
      return node.items.flatMap((item) =>
        this.#entry(item.at, item, this.#marks.get(keyOf(item.at)), inherited, unmarked),
      );
    }
    if (node.kind === 'scalar') return [];
    return node.entries.flatMap((entry) => {
      const isOverridden = entry.isShadowed && inherited?.disposition !== 'dropped';
      const own: Mark | undefined = isOverridden
        ? { disposition: 'dropped', note: 'a later key of the same name takes its place' }
        : entry.isMerge
          ? { disposition: 'mapped', note: 'what it merges is listed key by key' }
          : this.#marks.get(keyOf(entry.at));
      return this.#entry(entry.at, entry.isMerge ? undefined : entry.value, own, inherited, unmarked);
    });
  }

  #entry(
    at: Place,
    value: YamlNode | undefined,
    own: Mark | undefined,
    inherited: Mark | undefined,
    unmarked: Place[],
  ): AccountingEntry[] {
    const below = value === undefined ? [] : this.#children(value, own ?? inherited, unmarked);
    const empty = value !== undefined && isEmpty(value) ? EMPTY : undefined;
    const mark = own ?? heaviest(below) ?? empty ?? inherited;
    if (mark === undefined) unmarked.push(at);
    const { disposition, note } = mark ?? { disposition: 'decision', note: 'the converter did not look at it' };
    return [{ path: at.path, line: at.line, column: at.column, disposition, note }, ...below];
  }
}

const EMPTY: Mark = { disposition: 'dropped', note: 'it is empty' };

function isEmpty(node: YamlNode): boolean {
  return (
    isNull(node) ||
    (node.kind === 'list' && node.items.length === 0) ||
    (node.kind === 'map' && node.entries.length === 0)
  );
}

function heaviest(entries: readonly AccountingEntry[]): Mark | undefined {
  const found = WEIGHT.find((disposition) => entries.some((entry) => entry.disposition === disposition));
  return found === undefined ? undefined : { disposition: found, note: 'see what stands below it' };
}

function keyOf({ path, line, column }: Place): string {
  return `${line}:${column}:${path}`;
}
