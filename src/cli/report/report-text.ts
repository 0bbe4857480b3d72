import { formatDuration } from '../../time/wait.ts';
import { dnsLines } from '../output/dns-lines.ts';
import { columns, fit, widthOf, type Style } from '../output/style.ts';
import type { Output } from '../shell.ts';
import { countHumanWaits, type Report, type StepReport } from './report.ts';

/** Requests that failed in one way under one step. */
export interface FailuresOfStep {
  readonly step: string;
  readonly cause: string;
  readonly count: number;
  /** ms from the beginning of the migration to the first and the last of them. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly hosts: readonly string[];
  /** Why such requests fail, with its source. */
  readonly why: string;
}

/** What only a rehearsal knows: the world around the execution. */
export interface RehearsalFigures {
  readonly procedure: string;
  /** Simulated ms in a real one. */
  readonly scale: number;
  readonly wallMs: number;
  readonly requests: {
    readonly sent: number;
    readonly failed: number;
    readonly failures: readonly FailuresOfStep[];
  };
  /** By service: `rack`, `cloudformation`, … */
  readonly apiCalls: readonly (readonly [service: string, calls: number])[];
}

export interface ReportTextOptions {
  readonly style: Style;
  /** Lines of the table of steps are cut to this, others broken; default: never. */
  readonly width?: number;
  readonly figures?: RehearsalFigures;
}

/** On a terminal lines fit into it; in a file they are whole. */
export function tableWidth(output: Output): { readonly width?: number } {
  return output.isTTY ? { width: output.columns() } : {};
}

const OUTCOMES = {
  succeeded: 'succeeded',
  kept: 'succeeded, the temporary app stays',
  'rolled-back': 'rolled back',
  aborted: 'aborted',
  failed: 'failed',
} as const;

/** A report for people. */
export function reportText(report: Report, options: ReportTextOptions): string {
  const { style, figures } = options;
  const parts = [
    headText(report, style, figures),
    stepsText(report, options),
    undoneText(report, style),
    listText(style.bold('DNS, before → after'), dnsLines(report.dns, style)),
    figures === undefined ? '' : requestsText(figures, style),
    waitsText(report, style),
    figures === undefined ? '' : callsText(figures, style),
    destroyedText(report, style),
    costText(report, style),
    listText(
      style.bold('Warnings'),
      report.warnings.map((warning) => `  ${style.yellow('!')} ${warning}`),
    ),
  ];
  return fit(`${parts.filter((part) => part !== '').join('\n\n')}\n`, options.width);
}

function headText(report: Report, style: Style, figures: RehearsalFigures | undefined): string {
  const { outcome, app, rack, rackVersion = 'unknown', durationMs } = report;
  const colour =
    outcome === 'succeeded' || outcome === 'kept' ? style.green : outcome === undefined ? style.yellow : style.red;
  const real = figures === undefined ? '' : ` simulated, ${formatDuration(figures.wallMs)} real`;
  const said = outcome === undefined ? 'not over' : OUTCOMES[outcome];
  return [
    `${style.bold(`Migration of ${app} on rack ${rack}`)} (version ${rackVersion}): ${colour(said)}`,
    `  ${formatDuration(durationMs)}${real}; execution ${report.execution}`,
  ].join('\n');
}

const MARKS: Readonly<Record<StepReport['state'], string>> = { done: '✓', 'was done': '=', failed: '✗', running: '…' };

function stepsText({ steps }: Report, { style, width, figures }: ReportTextOptions): string {
  if (steps.length === 0) return '';
  const failures = figures?.requests.failures ?? [];
  const head = ['', 'step', 'phase', ...(figures === undefined ? ['time'] : ['simulated', 'real']), ''];
  const rows = steps.map((step) => [
    `  ${MARKS[step.state]}`,
    step.id,
    step.phase,
    formatDuration(step.durationMs),
    ...(figures === undefined ? [] : [formatDuration(step.durationMs / figures.scale)]),
    step.says,
  ]);
  const right = new Set(figures === undefined ? [3] : [3, 4]);
  const [title = '', ...lines] = columns([head, ...rows], right);
  const withFailures = lines.flatMap((line, index) => [
    cut(line, width),
    ...failures
      .filter(({ step }) => step === steps[index]?.id)
      .map((failure) => style.red(`      ${failureText(failure)}`)),
  ]);
  return [style.bold('Steps'), style.dim(cut(title, width)), ...withFailures].join('\n');
}

/** Like `clip`, but keeps the columns. */
function cut(line: string, width = Infinity): string {
  return widthOf(line) <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}

function undoneText({ undone }: Report, style: Style): string {
  const lines = undone.map(({ title, isDone, problem }) =>
    isDone ? `  ${style.green('✓')} ${title}` : `  ${style.red('✗')} ${title}: ${problem ?? 'not ended'}`,
  );
  return listText(style.bold('Taken back'), lines);
}

function requestsText({ requests }: RehearsalFigures, style: Style): string {
  const { sent, failed, failures } = requests;
  const mark = failed === 0 ? style.green : style.red;
  const lines = failures.flatMap((failure) => [`  ${failure.step}: ${failureText(failure)}`, `    ${failure.why}`]);
  return [`${style.bold('Requests')}: ${sent} sent, ${mark(`${failed} failed`)}`, ...lines].join('\n');
}

function failureText({ cause, count, fromMs, toMs, hosts }: FailuresOfStep): string {
  const when = `${formatDuration(fromMs)} to ${formatDuration(toMs)} after the start`;
  return `${count} requests failed: ${cause} (${hosts.join(', ')}), ${when}`;
}

function waitsText(report: Report, style: Style): string {
  const gates = report.gates.map(({ gate, title, approved, by, waitedMs }) => {
    const answer = approved === undefined ? 'open' : `${approved ? 'approved' : 'rejected'} by ${by ?? 'nobody'}`;
    return `  ${gate}: ${title}: ${answer}${waitedMs === undefined ? '' : ` after ${formatDuration(waitedMs)}`}`;
  });
  const others = report.humanWaits.map(({ step, what }) => `  ${step}: ${what}`);
  return [`${style.bold('Waits for a person')}: ${countHumanWaits(report)}`, ...gates, ...others].join('\n');
}

function callsText({ apiCalls }: RehearsalFigures, style: Style): string {
  const total = apiCalls.reduce((sum, [, calls]) => sum + calls, 0);
  const rows = apiCalls.map(([service, calls]) => [`  ${service}`, String(calls)]);
  return [`${style.bold('API calls')}: ${total}`, ...columns(rows, new Set([1]))].join('\n');
}

function destroyedText({ destroyed, outcome, steps }: Report, style: Style): string {
  const isDeleted = steps.some(({ id, state }) => id === 'delete-old-app' && state === 'done');
  const title = isDeleted || outcome === 'succeeded' ? 'Deleted' : 'Commit would delete';
  return listText(
    style.bold(title),
    destroyed.map((what) => `  - ${what}`),
  );
}

function costText({ cost }: Report, style: Style): string {
  if (cost === undefined) return '';
  const { before, after, pricesOf } = cost;
  return `${style.bold('Cost')}: $${before.toFixed(2)} a month before, $${after.toFixed(2)} after (list prices of ${pricesOf})`;
}

function listText(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines].join('\n');
}
