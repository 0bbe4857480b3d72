import type { Edit } from './source-text.ts';

/** What is known of the app environment: values, names only, or nothing. */
export type KnownEnvironment = ReadonlyMap<string, string> | ReadonlySet<string> | undefined;

/** A `${TEXT}` in a convox.yml; offsets are those of the original text. */
export interface Gen2Variable {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

// Private-use characters around the number of a variable whose value is not known here.
const OPEN = '\uE000';
const CLOSE = '\uE001';
const UNKNOWN = /\uE000(\d+)\uE001/g;

export interface Gen2Interpolation {
  readonly edits: readonly Edit[];
  readonly variables: readonly Gen2Variable[];
}

/**
 * Replaces each `${TEXT}` as a rack does before parsing: by the variable of exactly that name or by nothing, comments
 * included (convox/rack@20260421192651 pkg/manifest/manifest.go). A value that is not known becomes a mark.
 */
export function interpolateGen2(text: string, environment: KnownEnvironment): Gen2Interpolation {
  const variables: Gen2Variable[] = [];
  const edits: Edit[] = [];
  for (const match of text.matchAll(/\$\{([^}]*)\}/g)) {
    const name = match[1] ?? '';
    const range = { start: match.index, end: match.index + match[0].length };
    const mark = `${OPEN}${variables.length}${CLOSE}`;
    variables.push({ name, ...range });
    edits.push({ ...range, replacement: valueOf(name, environment) ?? mark });
  }
  return { edits, variables };
}

/** The value of a variable; undefined if it is not known here. */
function valueOf(name: string, environment: KnownEnvironment): string | undefined {
  if (environment === undefined) return undefined;
  if (environment instanceof Map) return (environment as ReadonlyMap<string, string>).get(name) ?? '';
  return environment.has(name) ? undefined : '';
}

/** True if a text holds a value that is not known here. */
export function hasUnknownValue(text: string): boolean {
  return text.search(UNKNOWN) !== -1;
}
