import type { FindingList, Place } from './finding.ts';
import type { Gen1Cron, Gen1Port, Gen1Variable, Located } from './gen1-types.ts';
import { describeNode, effectiveEntries, isNull } from './yaml-tree.ts';
import type { YamlEntry, YamlScalar } from './yaml-tree.ts';

/** Reads values of a generation 1 service; what a rack would refuse becomes a finding and reads as absent. */
export class Gen1Values {
  readonly #findings: FindingList;
  readonly #service: string;

  constructor(findings: FindingList, service: string) {
    this.#findings = findings;
    this.#service = service;
  }

  refuse(at: Place, message: string, hint: string): void {
    this.#findings.add('blocker', 'parse-error', { service: this.#service, at, message, hint });
  }

  wrongKind(entry: YamlEntry, wanted: string): void {
    this.refuse(
      entry.value.at.line > 0 ? entry.value.at : entry.at,
      `${entry.key} of service ${this.#service} is ${describeNode(entry.value)}, where racks want ${wanted}.`,
      `Write ${entry.key} as ${wanted}.`,
    );
  }

  /** A Go string field: any scalar, as it is written. */
  text(entry: YamlEntry): Located<string> | undefined {
    if (isNull(entry.value)) return undefined;
    if (entry.value.kind !== 'scalar') {
      this.wrongKind(entry, 'text');
      return undefined;
    }
    return { value: entry.value.text, at: entry.at };
  }

  /** A Go []string field: scalars of any type, as they are written. */
  textList(entry: YamlEntry): readonly Located<string>[] {
    if (isNull(entry.value)) return [];
    if (entry.value.kind !== 'list') {
      this.wrongKind(entry, 'a list');
      return [];
    }
    return entry.value.items.flatMap((item) => {
      if (item.kind === 'scalar') return [{ value: item.text, at: item.at }];
      this.refuse(item.at, `An entry of ${entry.key} is ${describeNode(item)}.`, 'Write each entry as text.');
      return [];
    });
  }

  /** The `ports` of convox/rack@20171213132441 manifest1/yaml.go: `[BALANCER:]CONTAINER[/tcp|/udp]`, digits only. */
  ports(entry: YamlEntry): readonly Gen1Port[] {
    return this.textList(entry).flatMap(({ value, at }) => {
      const [, balancer, container, protocol] = /^(?:(\d+):)?(\d+)(?:\/(udp|tcp))?$/i.exec(value) ?? [];
      if (container === undefined) {
        this.refuse(
          at,
          `The port "${shorten(value)}" of service ${this.#service} is not of the form [BALANCER:]CONTAINER[/tcp|/udp].`,
          'Racks know neither addresses, ranges nor the long syntax here.',
        );
        return [];
      }
      const isUdp = protocol?.toLowerCase() === 'udp';
      const port = {
        balancer: Number(balancer ?? container),
        container: Number(container),
        isPair: balancer !== undefined,
      };
      return [{ ...port, protocol: isUdp ? ('udp' as const) : ('tcp' as const), at }];
    });
  }

  /** `NAME`, `NAME=value`, `NAME=` in a list, or a map of text and whole numbers. */
  variables(entry: YamlEntry): readonly Gen1Variable[] {
    return this.#assignments(entry, ['string', 'int']);
  }

  /** Build argument names; their values are left where they are. */
  argumentNames(entry: YamlEntry): readonly { readonly name: string; readonly at: Place }[] {
    return this.#assignments(entry, ['string', 'int']).map(({ name, at }) => ({ name, at }));
  }

  /** Labels as text by name; a list entry needs "=", and the same name twice in a list is refused. */
  labels(entry: YamlEntry): ReadonlyMap<string, Located<string>> {
    const labels = new Map<string, Located<string>>();
    for (const { name, value, at } of this.#assignments(entry, ['string', 'int', 'bool'])) {
      if (value === undefined) {
        this.refuse(at, `A label of service ${this.#service} has no "=".`, 'Write KEY=VALUE, or use a map.');
      } else if (labels.has(name) && entry.value.kind === 'list') {
        this.refuse(at, `The label ${shorten(name)} stands twice in one list.`, 'Remove one of them.');
      } else {
        labels.set(name, { value, at });
      }
    }
    return labels;
  }

  #assignments(entry: YamlEntry, types: readonly YamlScalar['type'][]): readonly Gen1Variable[] {
    if (isNull(entry.value)) {
      if (entry.key === 'args') this.wrongKind(entry, 'a map or a list');
      return [];
    }
    if (entry.value.kind === 'scalar') {
      this.wrongKind(entry, 'a map or a list');
      return [];
    }
    if (entry.value.kind === 'list') {
      return entry.value.items.flatMap((item): readonly Gen1Variable[] => {
        if (item.kind !== 'scalar' || item.type !== 'string') {
          this.refuse(
            item.at,
            `An entry of ${entry.key} is ${describeNode(item)}, not text.`,
            'Quote the entry, or write it as KEY=VALUE.',
          );
          return [];
        }
        const equals = item.text.indexOf('=');
        if (equals === -1) return [{ name: item.text, value: undefined, at: item.at }];
        return [{ name: item.text.slice(0, equals), value: item.text.slice(equals + 1), at: item.at }];
      });
    }
    return effectiveEntries(entry.value).flatMap((pair) => {
      const { value } = pair;
      if (pair.keyType !== 'string' && pair.keyType !== 'int') {
        this.refuse(pair.at, `A key of ${entry.key} is not text.`, 'Quote the key.');
        return [];
      }
      if (value.kind !== 'scalar' || !types.includes(value.type)) {
        this.refuse(
          value.at,
          `The value of ${shorten(pair.key)} in ${entry.key} is ${describeNode(value)}.`,
          'Quote the value.',
        );
        return [];
      }
      return [{ name: keyText(pair), value: goText(value.type, value.text, value.value), at: pair.at }];
    });
  }

  /** A Go string or []string, in the forms of `command`. */
  command(entry: YamlEntry): Located<string | readonly string[]> | undefined {
    const { value } = entry;
    if (isNull(value)) return undefined;
    if (value.kind === 'scalar' && value.type === 'string') return { value: value.text, at: entry.at };
    if (value.kind !== 'list') {
      this.wrongKind(entry, 'text or a list of texts');
      return undefined;
    }
    const words = value.items.map((item) => (item.kind === 'scalar' && item.type === 'string' ? item.text : undefined));
    const bad = words.indexOf(undefined);
    const badItem = value.items[bad];
    if (badItem !== undefined) {
      this.refuse(badItem.at, `A word of ${entry.key} is ${describeNode(badItem)}, not text.`, 'Quote it.');
      return undefined;
    }
    return { value: words.filter((word) => word !== undefined), at: entry.at };
  }

  /** Bytes: a number, or text with a unit of 1024s (github.com/docker/go-units RAMInBytes). */
  memory(entry: YamlEntry): Located<number> | undefined {
    const { value } = entry;
    if (isNull(value)) return undefined;
    if (value.kind === 'scalar' && (value.type === 'int' || value.type === 'float')) {
      return { value: Math.trunc(Number(value.value)), at: entry.at };
    }
    const text = value.kind === 'scalar' && value.type === 'string' ? value.text : '';
    const [, number, unit = ''] = /^(\d+(?:\.\d+)*) ?([kKmMgGtTpP])?[iI]?[bB]?$/.exec(text) ?? [];
    if (number === undefined || Number.isNaN(Number(number))) {
      this.wrongKind(entry, 'a number of bytes such as 512m');
      return undefined;
    }
    return { value: Math.trunc(Number(number) * 1024 ** ' kmgtp'.indexOf(unit.toLowerCase() || ' ')), at: entry.at };
  }

  wholeNumber(entry: YamlEntry): Located<number> | undefined {
    const { value } = entry;
    if (isNull(value)) return undefined;
    if (value.kind !== 'scalar' || value.type !== 'int') {
      this.wrongKind(entry, 'a whole number');
      return undefined;
    }
    return { value: Number(value.value), at: entry.at };
  }

  flag(entry: YamlEntry): Located<boolean> | undefined {
    const { value } = entry;
    if (isNull(value)) return undefined;
    if (value.kind !== 'scalar' || value.type !== 'bool') {
      this.wrongKind(entry, 'true or false without quotes');
      return undefined;
    }
    return { value: value.value === true, at: entry.at };
  }
}

/** What Go prints for a scalar: `010` is 8, `1_000` is 1000, `yes` is true. */
function goText(type: YamlScalar['type'], text: string, value: YamlScalar['value']): string {
  const digits = text.replaceAll('_', '').replace(/^\+/, '');
  // Exact beyond 2^53 too.
  if (type === 'int' && /^-?[1-9]\d*$/.test(digits)) return digits;
  return type === 'string' ? text : String(value);
}

function keyText(entry: YamlEntry): string {
  return entry.keyType === 'int' ? goText('int', entry.key, Number(entry.key)) : entry.key;
}

/** `convox.cron.NAME` labels: five schedule fields, then the command (convox/rack@20171213132441 api/models/cronjob.go). */
export function readCrons(labels: ReadonlyMap<string, Located<string>>): readonly Gen1Cron[] {
  return [...labels].flatMap(([label, { value, at }]) => {
    const [, name] = /^convox\.cron\.(.+)$/.exec(label) ?? [];
    if (name === undefined) return [];
    const words = value.split(/\s+/).filter((word) => word !== '');
    return [
      { name, schedule: words.slice(0, 5).join(' '), command: words.slice(5).join(' '), words: words.length, at },
    ];
  });
}

/** Text for a message, without line ends and not longer than a line. */
export function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}
