import { EXIT_CODES, MigrationError } from '../../errors.ts';
import type { Output, StopSignal } from '../shell.ts';
import { fit, wrap, type Style } from './style.ts';

export interface ErrorBlockOptions {
  readonly style: Style;
  readonly verbose: boolean;
  /** Where it is written: on a terminal no line is longer than it is wide. */
  readonly output: Pick<Output, 'isTTY' | 'columns'>;
}

/** What a person reads when a command fails: the code, what was seen, what to do. */
export function errorBlock(error: unknown, { style, verbose, output }: ErrorBlockOptions): string {
  const width = output.columns();
  const lines: string[] = [];
  if (MigrationError.is(error)) {
    lines.push(`${labelOf(error, style)} ${error.message}`);
    for (const earlier of earlierFailures(error)) lines.push(`  because: ${earlier}`);
    if (error.hint !== undefined) lines.push(...hanging('  what to do: ', error.hint, width));
    if (verbose && Object.keys(error.details).length > 0) lines.push(`  details: ${JSON.stringify(error.details)}`);
  } else {
    const seen = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    lines.push(`${style.red(style.bold('error[BUG]'))} ${seen}`);
    const report = verbose
      ? 'Please report it with the text above.'
      : 'Please report it; --verbose shows where it was.';
    lines.push(...hanging('  what to do: ', `This is a fault of gen2 itself. ${report}`, width));
  }
  const text = fit(lines.join('\n'), output.isTTY ? width : undefined);
  const stack = verbose && error instanceof Error && error.stack !== undefined ? [style.dim(error.stack)] : [];
  return `${[text, ...stack].join('\n')}\n`;
}

/** To wait or to be stopped is no error, though there is more to do. */
function labelOf(error: MigrationError, style: Style): string {
  if (error.code === 'GATE_PENDING') return style.yellow(style.bold(`waiting[${error.code}]`));
  if (error.code === 'STOPPED') return style.yellow(style.bold(`stopped[${error.code}]`));
  return style.red(style.bold(`error[${error.code}]`));
}

/** The same for programs. */
export function errorJson(error: unknown): Readonly<Record<string, unknown>> {
  if (!MigrationError.is(error)) {
    return { error: { code: 'BUG', message: error instanceof Error ? error.message : String(error) } };
  }
  const { code, message, hint, retryable, details } = error;
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), retryable, details } };
}

/** The exit code of a command that failed with this error (docs/errors.md). */
export function exitCodeOf(error: unknown, stoppedBy: StopSignal | undefined): number {
  if (MigrationError.is(error, 'STOPPED') && stoppedBy === 'SIGTERM') return EXIT_CODES.terminated;
  return MigrationError.is(error) ? error.exitCode : EXIT_CODES.bug;
}

function earlierFailures(error: MigrationError): readonly string[] {
  const messages: string[] = [];
  for (let cause = error.cause; MigrationError.is(cause); cause = cause.cause) {
    messages.push(`[${cause.code}] ${cause.message}`);
  }
  return messages;
}

function hanging(label: string, text: string, width: number): readonly string[] {
  const lines = wrap(text, Math.max(20, width - label.length));
  return lines.map((line, index) => (index === 0 ? label : ' '.repeat(label.length)) + line);
}
