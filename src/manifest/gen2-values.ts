import type { FindingCode, FindingList, Place, Severity } from './finding.ts';
import { shorten } from './gen1-values.ts';
import type { Gen2Name, Gen2Variable } from './gen2-types.ts';
import { hasUnknownValue } from './interpolate-gen2.ts';
import { describeNode, effectiveEntries, isNull } from './yaml-tree.ts';
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.ts';

/** Reads values of a convox.yml; what a rack refuses becomes a finding. Messages quote the file as it is written. */
export class Gen2Values {
  readonly #findings: FindingList;
  readonly #service: string | undefined;

  constructor(findings: FindingList, service?: string) {
    this.#findings = findings;
    this.#service = service;
  }

  say(severity: Severity, code: FindingCode, at: Place, message: string, hint: string): void {
    this.#findings.add(severity, code, { service: this.#service, at, message, hint });
  }

  refuse(at: Place, message: string, hint: string): void {
    this.say('blocker', 'parse-error', at, message, hint);
  }

  wrongKind(entry: YamlEntry, wanted: string): void {
    const { value } = entry;
    this.refuse(
      entry.at,
      `${entry.writtenKey} is ${describeNode(value)}, where the rack wants ${wanted}.`,
      `Write ${wanted}.`,
    );
  }

  /** A Go string field. */
  text(entry: YamlEntry): string | undefined {
    if (isNull(entry.value)) return undefined;
    if (entry.value.kind === 'scalar') return entry.value.text;
    this.wrongKind(entry, 'text');
    return undefined;
  }

  names(entry: YamlEntry): readonly Gen2Name[] {
    if (isNull(entry.value)) return [];
    if (entry.value.kind !== 'list') {
      this.wrongKind(entry, 'a list');
      return [];
    }
    return entry.value.items.flatMap((item) => {
      if (item.kind === 'scalar') return [{ name: item.text, at: item.at }];
      this.refuse(item.at, `An entry of ${entry.key} is ${describeNode(item)}.`, 'Write text.');
      return [];
    });
  }

  /** A whole number the rack takes only unquoted; in any other form it is ignored without a word. */
  strictNumber(entry: YamlEntry, what: string): number | undefined {
    const { value } = entry;
    if (isNull(value) || isUnknown(value)) return undefined;
    if (value.kind === 'scalar' && value.type === 'int') return Number(value.value);
    const message = `${what} is ${describeNode(value)}; the rack ignores it.`;
    this.say('blocker', 'value-ignored', entry.at, message, 'Write a whole number without quotes.');
    return undefined;
  }

  flag(entry: YamlEntry): boolean {
    const { value } = entry;
    if (isNull(value) || isUnknown(value)) return false;
    if (value.kind === 'scalar' && value.type === 'bool') return value.value === true;
    this.wrongKind(entry, 'true or false without quotes');
    return false;
  }

  /** A list only; racks drop entries that are not text without a word and flatten lists inside. */
  environment(entry: YamlEntry): readonly Gen2Variable[] {
    const { value } = entry;
    if (isNull(value)) return [];
    if (value.kind !== 'list') {
      this.wrongKind(entry, 'a list of NAME, NAME=default or "*"');
      return [];
    }
    const items = value.items.flatMap((item) => (item.kind === 'list' ? item.items : [item]));
    return items.flatMap((item) => {
      if (item.kind !== 'scalar' || item.type !== 'string') {
        const message = `An entry of environment is ${describeNode(item)}; the rack drops it.`;
        this.say('blocker', 'env-not-string', item.at, message, 'Quote it, or write NAME=value.');
        return [];
      }
      const equals = item.text.indexOf('=');
      const name = equals === -1 ? item.text : item.text.slice(0, equals);
      const hasEqualsInDefault = equals !== -1 && item.text.includes('=', equals + 1);
      return [{ name, hasDefault: equals !== -1, hasEqualsInDefault, at: item.at }];
    });
  }

  /** The entries of a map, with what a rack ignores flagged by the table of known keys. */
  entries(
    map: YamlMap,
    parent: string,
    known: ReadonlySet<string>,
    leftovers: ReadonlyMap<string, string>,
  ): readonly YamlEntry[] {
    const entries = effectiveEntries(map);
    for (const entry of entries) {
      if (known.has(entry.key)) continue;
      const key = `${parent}${shorten(entry.writtenKey)}`;
      const hint = leftovers.get(entry.key);
      if (hint === undefined) {
        this.say('choice', 'unknown-key', entry.at, `The rack ignores ${key}.`, 'Check its spelling, or remove it.');
      } else {
        this.say('choice', 'leftover-key', entry.at, `The rack ignores ${key}: not a key of generation 2.`, hint);
      }
    }
    return entries;
  }
}

/** True for a scalar whose value comes from a variable that is not known here. */
export function isUnknown(node: YamlNode): boolean {
  return node.kind === 'scalar' && hasUnknownValue(node.text);
}
