/** The type that Go's yaml.v2, the parser of the racks, gives to a scalar. */
export type ScalarType = 'string' | 'int' | 'float' | 'bool' | 'null';

export interface ResolvedScalar {
  readonly type: ScalarType;
  readonly value: string | number | boolean | null;
}

// yaml.v2 resolve.go: unlike other YAML 1.1 readers it has no base-60 numbers, and dates stay strings.
const TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const FLOAT_WORD = /^(?:\.nan|\.NaN|\.NAN|[+-]?\.(?:inf|Inf|INF))$/;
const FLOAT = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;
const DECIMAL = /^[-+]?(?:0|[1-9][0-9]*)$/;
const OCTAL = /^([-+]?)0([0-7]+)$/;
const HEX = /^([-+]?)0[xX]([0-9a-fA-F]+)$/;
const BINARY = /^([-+]?)0b([01]+)$/;

/** Resolves an unquoted scalar as Go's yaml.v2 does (gopkg.in/yaml.v2 resolve.go). */
export function resolvePlainScalar(text: string): ResolvedScalar {
  if (NULL.has(text)) return { type: 'null', value: null };
  if (TRUE.has(text)) return { type: 'bool', value: true };
  if (FALSE.has(text)) return { type: 'bool', value: false };
  if (FLOAT_WORD.test(text)) return { type: 'float', value: Number.NaN };
  if (!/^[-+.0-9]/.test(text)) return { type: 'string', value: text };
  const plain = text.replaceAll('_', '');
  const integer = parseInteger(plain);
  if (integer !== undefined) return { type: 'int', value: integer };
  if (FLOAT.test(plain)) return { type: 'float', value: Number(plain) };
  return { type: 'string', value: text };
}

function parseInteger(plain: string): number | undefined {
  if (DECIMAL.test(plain)) return Number(plain);
  for (const [pattern, radix] of [
    [OCTAL, 8],
    [HEX, 16],
    [BINARY, 2],
  ] as const) {
    const [, sign, digits] = pattern.exec(plain) ?? [];
    if (digits !== undefined) return Number.parseInt(digits, radix) * (sign === '-' ? -1 : 1);
  }
  return undefined;
}

/** True if any YAML 1.1 reader could take the unquoted text for something else than this string. */
export function isAmbiguousPlain(text: string): boolean {
  if (resolvePlainScalar(text).type !== 'string') return true;
  // Numbers, dates, times and base-60 numbers of other YAML 1.1 readers; "=" and "<<" have a meaning of their own.
  return /^[-+]?\.?[0-9]/.test(text) || text === '=' || text === '<<';
}
