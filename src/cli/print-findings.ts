import { ERROR_CODES, EXIT_CODES, type ErrorCode } from '../errors.ts';
import { renderFindings } from '../manifest/findings-table.ts';
import type { Finding } from '../manifest/finding.ts';
import { renderSarif } from '../manifest/sarif.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { VERSION } from './version.ts';

/** Shows findings the way the options ask for; `extra` goes into the JSON beside them. */
export function printFindings(
  { shell, options }: Invocation,
  findings: readonly Finding[],
  extra: Readonly<Record<string, unknown>> = {},
): void {
  if (options.has(OPTIONS.sarif)) shell.stdout.write(renderSarif(findings, VERSION));
  else if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ findings, ...extra })}\n`);
  else if (!options.has(OPTIONS.quiet)) shell.stderr.write(renderFindings(findings, shell.stderr.columns()));
}

/** The exit code of a check: blockers always fail, open choices with --strict. */
export function findingsExitCode({ options }: Invocation, findings: readonly Finding[], code: ErrorCode): number {
  const isBlocked = findings.some(({ severity }) => severity === 'blocker');
  const isOpen = options.has(OPTIONS.strict) && findings.some(({ severity }) => severity === 'choice');
  return isBlocked || isOpen ? EXIT_CODES[ERROR_CODES[code]] : EXIT_CODES.ok;
}
