import type { FindingCode, FindingList, Place, Severity } from '../finding.ts';

/** How the checks reach the source: the caller decides what is listed (its .dockerignore, its symbolic links). */
export interface SourceFiles {
  /** Paths of the regular files, relative to the source root, with `/` between the parts. */
  listFiles(signal: AbortSignal): Promise<readonly string[]>;
  /** The text of a listed file; what is not UTF-8 may come back as U+FFFD. */
  readFile(path: string, signal: AbortSignal): Promise<string>;
}

/** One file of the source as the checks see it. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

/** What is known of the app the source belongs to. */
export interface SourceContext {
  /** Prefixes of link variables that disappear: `API` of a link to `api`. */
  readonly linkPrefixes: readonly string[];
  /** Names of the app environment; undefined if they are not known. */
  readonly envNames: ReadonlySet<string> | undefined;
  /** The manifest of generation 1, whose own text the checks leave alone. */
  readonly manifestFile: string;
}

/** Looks at one file and adds what it finds. */
export type SourceCheck = (file: SourceFile, context: SourceContext, findings: FindingList) => void;

export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, lines: text.split(/\r?\n/) };
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Adds a finding at a line (from 1) of the file. */
export function report(
  findings: FindingList,
  severity: Severity,
  code: FindingCode,
  { line, column = 1, message, hint }: { line: number; column?: number; message: string; hint: string },
): void {
  const at: Place = { path: '', line, column };
  findings.add(severity, code, { at, message, hint });
}

/** Line and column, from 1, of the first match of a pattern in each line; comment lines are left out. */
export function* matchLines(
  file: SourceFile,
  pattern: RegExp,
  comment: RegExp = /^\s*(?:#|\/\/)/,
): Generator<{ readonly line: number; readonly column: number; readonly match: RegExpExecArray }> {
  for (const [index, text] of file.lines.entries()) {
    if (text.length > MAX_LINE || comment.test(text)) continue;
    const match = pattern.exec(text);
    if (match !== null) yield { line: index + 1, column: match.index + 1, match };
  }
}

/** Longer lines are minified or data, and no place to look for settings. */
const MAX_LINE = 2000;
