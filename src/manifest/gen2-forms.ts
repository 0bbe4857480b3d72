import type { Gen2Domain, Gen2Health, Gen2Scale } from './gen2-types.ts';
import { isUnknown } from './gen2-values.ts';
import type { Gen2Values } from './gen2-values.ts';
import { hasUnknownValue } from './interpolate-gen2.ts';
import { describeNode, findEntry, isNull } from './yaml-tree.ts';
import type { YamlEntry, YamlNode } from './yaml-tree.ts';

const SCHEMES = new Set(['http', 'https', 'grpc', 'secure-grpc']);

export interface PortForm {
  readonly number: number | undefined;
  readonly scheme: string;
}

/** A number, `scheme:number`, or a map of port and scheme; `3000/http` is an error. */
export function readPort(entry: YamlEntry, values: Gen2Values): PortForm {
  const { value } = entry;
  const none: PortForm = { number: undefined, scheme: 'http' };
  if (isNull(value) || isUnknown(value)) return none;
  if (value.kind === 'list') {
    values.wrongKind(entry, 'a number or SCHEME:NUMBER');
    return none;
  }
  if (value.kind === 'map') {
    const port = findEntry(value, 'port');
    const scheme = findEntry(value, 'scheme');
    const read = port === undefined ? none : readPort(port, values);
    if (read.number === undefined && (port === undefined || !isUnknown(port.value))) {
      values.refuse(entry.at, 'port is a map without a port.', 'Write a number or SCHEME:NUMBER.');
    }
    return checkScheme(
      entry,
      { ...read, scheme: (scheme === undefined ? undefined : values.text(scheme)) ?? read.scheme },
      values,
    );
  }
  if (value.type === 'int') return { number: Number(value.value), scheme: 'http' };
  const [, scheme, number] = value.type === 'string' ? (/^(?:([^:]*):)?([+-]?\d+)$/.exec(value.text) ?? []) : [];
  if (number === undefined) {
    values.refuse(entry.at, 'port is not a number or SCHEME:NUMBER.', 'Write port: 5000 or port: https:5000.');
    return none;
  }
  return checkScheme(entry, { number: Number(number), scheme: scheme ?? 'http' }, values);
}

function checkScheme(entry: YamlEntry, port: PortForm, values: Gen2Values): PortForm {
  if (!SCHEMES.has(port.scheme) && !hasUnknownValue(port.scheme)) {
    values.refuse(entry.at, 'The scheme of port is not http, https, grpc or secure-grpc.', 'Write one of these.');
  }
  return port;
}

/** Racks fill in: path `/`, interval 5, timeout interval - 1, grace interval. Numbers in quotes are ignored. */
export function readHealth(entry: YamlEntry | undefined, values: Gen2Values): Gen2Health {
  let path = '/';
  let interval: number | undefined;
  let timeout: number | undefined;
  let grace: number | undefined;
  if (entry?.value.kind === 'map') {
    for (const { key, value, at, ...rest } of entry.value.entries.filter(
      (inner) => !inner.isMerge && !inner.isShadowed,
    )) {
      const inner = { key, value, at, ...rest };
      if (key === 'path') path = (values.text(inner) ?? '') || '/';
      if (key === 'interval') interval = values.strictNumber(inner, 'health.interval');
      if (key === 'timeout') timeout = values.strictNumber(inner, 'health.timeout');
      if (key === 'grace') grace = values.strictNumber(inner, 'health.grace');
    }
  } else if (entry?.value.kind === 'scalar' && entry.value.type === 'string') {
    path = entry.value.text === '' ? '/' : entry.value.text;
  } else if (entry !== undefined && !isNull(entry.value)) {
    values.wrongKind(entry, 'a path or a map');
  }
  const intervalSeconds = interval === undefined || interval === 0 ? 5 : interval;
  return {
    path,
    intervalSeconds,
    timeoutSeconds: timeout === undefined || timeout === 0 ? intervalSeconds - 1 : timeout,
    graceSeconds: grace === undefined || grace === 0 ? intervalSeconds : grace,
  };
}

/** A text with commas, or a list; a list item that an unset variable turns into nothing is an error on every rack. */
export function readDomain(entry: YamlEntry, values: Gen2Values): Gen2Domain | undefined {
  const { value, at } = entry;
  if (value.kind === 'map') {
    values.wrongKind(entry, 'text or a list');
    return undefined;
  }
  if (value.kind === 'list') {
    const items = value.items.map((item) => domainItem(item, values));
    const known = items.every((item) => item !== undefined && !hasUnknownValue(item.text));
    const resolved = items.flatMap((item) => (item === undefined ? [] : splitNames(item.text)));
    const text = items.map((item) => item?.written ?? '').join(',');
    return { text, resolved: known ? resolved : undefined, variable: undefined, at };
  }
  if (value.type !== 'string' && value.type !== 'null') {
    values.wrongKind(entry, 'text or a list');
    return undefined;
  }
  const text = unquote(value.written);
  const variable = /^\$\{([^}]*)\}$/.exec(text)?.[1];
  if (variable === undefined && text.includes('${')) {
    values.say(
      'choice',
      'domain-list-variable',
      at,
      'domain mixes a variable with other text: when it is empty, an empty first name can disable all domains (20171213132441).',
      'Put all names, with commas between, into one variable.',
    );
  }
  return { text, resolved: isUnknown(value) ? undefined : splitNames(value.text), variable, at };
}

function domainItem(
  item: YamlNode,
  values: Gen2Values,
): { readonly text: string; readonly written: string } | undefined {
  if (item.kind !== 'scalar' || item.type !== 'string') {
    values.refuse(
      item.at,
      `An entry of domain is ${describeNode(item)}, which every rack refuses.`,
      'Use one variable as a scalar, with commas between the names.',
    );
    return undefined;
  }
  if (item.written.includes('${')) {
    values.say(
      'choice',
      'domain-list-variable',
      item.at,
      'A domain list item that comes from a variable is an error on every rack when the variable is empty.',
      'Write domain: ${VARIABLE}, with commas between the names in its value.',
    );
  }
  return { text: item.text, written: unquote(item.written) };
}

function unquote(written: string): string {
  return written.trim().replace(/^(["'])(.*)\1$/s, '$2');
}

function splitNames(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A number, a range `1-5`, or a map; cpu and memory only count as whole numbers without quotes. */
export function readScale(entry: YamlEntry | undefined, values: Gen2Values): Gen2Scale {
  const none: Gen2Scale = { count: undefined, cpu: undefined, memory: undefined };
  if (entry === undefined || isNull(entry.value) || isUnknown(entry.value)) return none;
  if (entry.value.kind !== 'map') return { ...none, count: readCount(entry, values) };
  const count = findEntry(entry.value, 'count');
  const cpu = findEntry(entry.value, 'cpu');
  const memory = findEntry(entry.value, 'memory');
  return {
    count: count === undefined ? undefined : readCount(count, values),
    cpu: cpu === undefined ? undefined : values.strictNumber(cpu, 'scale.cpu'),
    memory: memory === undefined ? undefined : values.strictNumber(memory, 'scale.memory'),
  };
}

function readCount(entry: YamlEntry, values: Gen2Values): Gen2Scale['count'] {
  const { value } = entry;
  if (isNull(value) || isUnknown(value)) return undefined;
  if (value.kind === 'scalar' && value.type === 'int') return { min: Number(value.value), max: Number(value.value) };
  if (value.kind === 'scalar' && value.type === 'string') {
    const [, min, max] = /^(\d+)(?:-(\d+))?\+?$/.exec(value.text) ?? [];
    if (min !== undefined) return { min: Number(min), max: Number(max ?? min) };
  }
  if (value.kind === 'map') {
    const number = (key: string): number | undefined => {
      const found = findEntry(value, key)?.value;
      return found?.kind === 'scalar' && /^\d+$/.test(found.text) ? Number(found.text) : undefined;
    };
    return { min: number('min') ?? 0, max: number('max') ?? 0 };
  }
  values.wrongKind(entry, 'a number or a range such as 1-5');
  return undefined;
}
