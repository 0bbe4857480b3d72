import { formatDuration } from '../../time/wait.ts';
import { markdownTable } from '../output/markdown.ts';
import { countHumanWaits, type Report } from './report.ts';

/** A report for a pull request or a wiki. */
export function reportMarkdown(report: Report): string {
  const { app, rack, rackVersion, outcome, execution, durationMs } = report;
  const version = rackVersion === undefined ? '' : `, version ${rackVersion}`;
  const steps = report.steps.map((step) => [
    step.phase,
    step.id,
    step.state,
    formatDuration(step.durationMs),
    step.says,
  ]);
  const gates = report.gates.map(({ title, approved, by = '' }) => [
    title,
    approved === undefined ? 'open' : approved ? 'approved' : 'rejected',
    by,
  ]);
  const cost = report.cost;
  const parts = [
    `# Migration of ${app}: ${outcome ?? 'not over'}`,
    `Rack ${rack}${version}; execution ${execution}; ${formatDuration(durationMs)}; ${countHumanWaits(report)} waits for a person.`,
    section('Steps', markdownTable(['phase', 'step', 'state', 'time', 'what it did'], steps)),
    section(
      'Taken back',
      markdownTable(
        ['step', 'problem'],
        report.undone.map((one) => [one.title, one.problem ?? 'none']),
      ),
    ),
    section('Decisions', markdownTable(['gate', 'answer', 'by'], gates)),
    section(
      'DNS',
      markdownTable(
        ['name', 'type', 'before', 'after'],
        report.dns.map((one) => [one.name, one.type, one.before, one.after]),
      ),
    ),
    section('Deleted by commit', bullets(report.destroyed)),
    section('Warnings', bullets(report.warnings)),
    cost === undefined
      ? ''
      : section(
          'Cost',
          `$${cost.before.toFixed(2)} a month before, $${cost.after.toFixed(2)} after (list prices of ${cost.pricesOf}).`,
        ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}
