import dockerignore from '@balena/dockerignore';
import { MigrationError } from '../errors.ts';
import type { RackEra } from './versions.ts';

const newMatcher = dockerignore.default; // CommonJS: the export is beside itself

/** Which paths of a source folder stay at home. Paths are relative, with `/` and without a leading one. */
export interface IgnoreRules {
  ignores(path: string): boolean;
  /** True when a `!` pattern could bring back something below this ignored folder, so it must be looked into. */
  mayReincludeBelow(folder: string): boolean;
}

/** Files that the 2017 convox CLI sends although a pattern excludes them (convox/rack@20171213132441 cmd/convox/build.go). */
const ALWAYS_IN_CLASSIC: ReadonlySet<string> = new Set(['Dockerfile', '.dockerignore']);

/**
 * Reads a `.dockerignore` as the convox CLI of the era does.
 *
 * Both follow moby: `#` comments, `!` re-includes, last match wins, `*.log` only at the top, `**` at any depth. In the
 * classic era a pattern with a leading `/` matches nothing, and `Dockerfile` and `.dockerignore` always travel; in the
 * standard era the `/` is stripped and they can be excluded.
 *
 * @throws {MigrationError} `SOURCE_INVALID` naming the pattern that cannot be read.
 */
export function readIgnoreRules(text: string, era: RackEra): IgnoreRules {
  const patterns = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .map((line) => line.trim())
    .filter((line) => era === 'standard' || !/^!?\s*\//.test(line));
  const matcher = newMatcher({ ignorecase: false }).add(patterns);
  for (const pattern of patterns) assertReadable(pattern);
  const reincluded = patterns
    .filter((pattern) => pattern.startsWith('!'))
    .map((pattern) => pattern.slice(1).trim().replace(/^\//, ''));
  return {
    ignores: (path) => (era === 'classic' && ALWAYS_IN_CLASSIC.has(path) ? false : matcher.ignores(path)),
    mayReincludeBelow: (folder) =>
      // With a wildcard before the first difference anything may match: looking is cheap, missing a file is not.
      reincluded.some((pattern) => {
        const literal = /^[^*?[\\]*/.exec(pattern)?.[0] ?? '';
        return literal.length < pattern.length
          ? `${folder}/`.startsWith(literal) || literal.startsWith(`${folder}/`)
          : pattern.startsWith(`${folder}/`);
      }),
  };
}

function assertReadable(pattern: string): void {
  try {
    newMatcher({ ignorecase: false }).add([pattern]).ignores('x');
  } catch {
    throw new MigrationError('SOURCE_INVALID', `.dockerignore: cannot read the pattern ${JSON.stringify(pattern)}`, {
      hint: 'Docker could not read it either; escape special characters with a backslash.',
      details: { pattern },
    });
  }
}
