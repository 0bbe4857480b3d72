import { parse } from 'yaml';

/** A manifest that a rack refuses, with the rack's own words. */
export class ManifestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ManifestError';
  }
}

export type YamlMap = Readonly<Record<string, unknown>>;

/** Parses as racks do (Go yaml.v2): YAML 1.1 booleans and octals, merge keys, but neither dates nor base-60 numbers. */
export function readYaml(text: string): YamlMap {
  let document: unknown;
  try {
    document = parse(text, {
      version: '1.1',
      merge: true,
      uniqueKeys: false,
      logLevel: 'silent',
      customTags: (tags) =>
        tags.filter((tag) => {
          if (typeof tag === 'string') return tag !== 'intTime' && tag !== 'floatTime' && tag !== 'timestamp';
          return tag.format !== 'TIME' && tag.tag !== 'tag:yaml.org,2002:timestamp';
        }),
    });
  } catch (error) {
    throw new ManifestError(error instanceof Error ? `yaml: ${error.message}` : 'yaml: cannot parse');
  }
  return asMap(document);
}

/** The value as a map; anything else reads as an empty one. */
export function asMap(value: unknown): YamlMap {
  return isMap(value) ? value : {};
}

export function isMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a list; anything else reads as an empty one. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A whole number; quoted ones are not read, as by racks. */
export function asInteger(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
