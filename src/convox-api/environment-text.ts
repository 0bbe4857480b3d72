import { createHash } from 'node:crypto';
import { MigrationError } from '../errors.ts';

/** An app's environment: name → value, byte for byte. */
export type EnvironmentMap = ReadonlyMap<string, string>;

// Go's bufio.Scanner gives up on a line of 64 KiB, its end included (convox/rack@20260421192651 pkg/structs/environment.go).
const LONGEST_LINE_BYTES = 64 * 1024 - 2;

/**
 * The text form in which a rack keeps an environment: `KEY=VALUE` lines, sorted, joined by newlines. No quoting.
 *
 * @throws {MigrationError} `ENVIRONMENT_INVALID` naming every variable that the rack could not hold; values stay out.
 */
export function formatEnvironment(env: EnvironmentMap): string {
  const problems = environmentProblems(env);
  if (problems.length > 0) {
    throw new MigrationError(
      'ENVIRONMENT_INVALID',
      `environment refused: ${problems.map(({ name, problem }) => `${JSON.stringify(name)} ${problem}`).join('; ')}`,
      {
        hint: 'A rack keeps one line per variable. Encode such a value (base64, or \\n for newlines) and decode it in the app.',
        details: { variables: problems.map(({ name }) => name) },
      },
    );
  }
  return [...env]
    .map(([name, value]) => `${name}=${value}`)
    .toSorted(byBytes)
    .join('\n');
}

/** What in `env` a rack could not hold, by name; empty if it can hold all of it. */
export function environmentProblems(
  env: EnvironmentMap,
): readonly { readonly name: string; readonly problem: string }[] {
  return [...env].flatMap(([name, value]) => {
    const problem = problemOf(name, value);
    return problem === undefined ? [] : [{ name, problem }];
  });
}

function problemOf(name: string, value: string): string | undefined {
  if (name === '') return 'has no name';
  if (/[=\n\r]/.test(name)) return 'has a name with "=" or a line break in it';
  // Go trims names by unicode.IsSpace, which knows U+0085 beyond what JavaScript calls space.
  if (/^[\s\u0085]|[\s\u0085]$/u.test(name)) return 'has a name with space around it, which the rack removes';
  if (value.includes('\n')) return 'has a value with a newline, at which the rack would cut it';
  if (value.endsWith('\r')) return 'has a value that ends in a carriage return, which the rack removes';
  if (!isWellFormed(name) || !isWellFormed(value)) return 'is not valid Unicode';
  if (Buffer.byteLength(name) + 1 + Buffer.byteLength(value) > LONGEST_LINE_BYTES) {
    return 'is longer than the 64 KiB a rack can read back';
  }
  return undefined;
}

/**
 * Reads the text form, as every rack does: split at the first `=`, name trimmed, value kept exactly; lines without `=`
 * or without a name are dropped (convox/rack@20171213132441 structs/environment.go).
 */
export function parseEnvironment(text: string): EnvironmentMap {
  const env = new Map<string, string>();
  for (const line of text.split('\n')) {
    const whole = line.endsWith('\r') ? line.slice(0, -1) : line;
    const at = whole.indexOf('=');
    const name = whole.slice(0, Math.max(at, 0)).replace(/^[\s\u0085]+|[\s\u0085]+$/gu, '');
    if (at >= 0 && name !== '') env.set(name, whole.slice(at + 1));
  }
  return env;
}

/** SHA-256 of a whole environment, in hex: equal if and only if names and values are. Safe to write down. */
export function fingerprintEnvironment(env: EnvironmentMap): string {
  const hash = createHash('sha256');
  for (const [name, value] of [...env].toSorted(([a], [b]) => byBytes(a, b))) {
    hash.update(`${Buffer.byteLength(name)}:${name}${Buffer.byteLength(value)}:${value}`);
  }
  return hash.digest('hex');
}

/** The names whose values differ, or that only one of two environments has; sorted. */
export function environmentDifference(a: EnvironmentMap, b: EnvironmentMap): readonly string[] {
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].filter((name) => a.get(name) !== b.get(name)).toSorted(byBytes);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isWellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text;
}
