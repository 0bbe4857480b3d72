import { baseName, matchLines, report } from './source-file.ts';
import type { SourceCheck } from './source-file.ts';

/** Findings of one kind in one file; more add nothing. */
const MAX_IN_FILE = 10;

/** Reads of `FOO_HOST`, `FOO_PORT` and the like: generation 2 gives a linked service only `FOO_URL`. */
export const checkLinkVariables: SourceCheck = (file, { linkPrefixes, envNames, manifestFile }, findings) => {
  if (linkPrefixes.length === 0 || file.path === manifestFile || /\.(?:md|markdown|rst|adoc)$/i.test(file.path)) return;
  // Prefixes are upper-case letters, digits and underscores; longest first, so that MY_API wins over API.
  const prefixes = linkPrefixes.filter((prefix) => /^[A-Z0-9_]+$/.test(prefix)).toSorted((a, b) => b.length - a.length);
  if (prefixes.length === 0) return;
  const pattern = new RegExp(
    `(?<![A-Za-z0-9_])(${prefixes.join('|')})_(HOST|PORT|SCHEME|PATH|USERNAME|PASSWORD)(?![A-Za-z0-9_])`,
  );
  let count = 0;
  for (const { line, column, match } of matchLines(file, pattern)) {
    const prefix = match[1] ?? '';
    const name = `${prefix}_${match[2] ?? ''}`;
    if (envNames?.has(name) === true) continue;
    if (++count > MAX_IN_FILE) return;
    report(findings, 'choice', 'link-variable-read', {
      line,
      column,
      message: `${name} came from a link and does not exist in generation 2.`,
      hint: `Take it from ${prefix}_URL, or set ${name} in the app environment.`,
    });
  }
};

/** The tool that fetched the secure environment, and reads of PROCESS. */
export const checkRackVariables: SourceCheck = (file, { envNames, manifestFile }, findings) => {
  if (file.path === manifestFile || /\.(?:md|markdown|rst|adoc)$/i.test(file.path)) return;
  const [secure] = matchLines(file, /\bSECURE_ENVIRONMENT_(?:URL|KEY|TYPE)\b/);
  if (secure !== undefined) {
    report(findings, 'choice', 'secure-environment-tool', {
      ...secure,
      message: 'The secure environment is fetched here; generation 2 has none, and gives the variables themselves.',
      hint: 'Remove the tool from the start-up of the image.',
    });
  }
  if (envNames?.has('PROCESS') === true) return;
  const [process] = matchLines(file, READS_PROCESS);
  if (process === undefined || /(?:^|\/)package\.json$/.test(file.path)) return;
  report(findings, 'choice', 'env-process', {
    ...process,
    message: `PROCESS, the service name, is read here; generation 2 does not set it.`,
    hint: 'Answer environment.PROCESS: add.',
  });
};

const READS_PROCESS =
  /process\.env\.PROCESS\b|process\.env\[["']PROCESS["']\]|ENV(?:\.fetch\(|\[)["']PROCESS["']|environ(?:\.get\(|\[)["']PROCESS["']|[Gg]etenv\(["']PROCESS["']\)|\$\{?PROCESS\b(?!_)/;

/** True for text no check wants to see: manifests of other tools, lock files. */
export function isNoise(path: string): boolean {
  return /^(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|Gemfile\.lock|poetry\.lock|composer\.lock|go\.sum)$/.test(
    baseName(path),
  );
}
