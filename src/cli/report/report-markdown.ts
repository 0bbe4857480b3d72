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
  const gates = report.gates.map(({ title, approved, by = '', comment = '', openedAt, waitedMs }) => [
    title,
    approved === undefined ? 'open' : approved ? 'approved' : 'rejected',
    by,
    waitedMs === undefined ? '' : new Date(openedAt + waitedMs).toISOString(),
    comment,
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
    report.plan === undefined
      ? ''
      : `Begun with the plan of ${new Date(report.plan.madeAt).toISOString()} (${report.plan.fingerprint}).`,
    section('Traffic', trafficText(report)),
    section('Decisions', markdownTable(['gate', 'answer', 'by', 'when', 'comment'], gates)),
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

function trafficText({ traffic: { points, visitors, app, temporaryApp = 'temporary app' } }: Report): string {
  if (points.length === 0) return '';
  const sum = (side: 'old' | 'temporary' | 'final' | 'errors'): number =>
    points.reduce((total, point) => total + point[side], 0);
  const failed = visitors.reduce((total, minute) => total + minute.failed, 0);
  const sent = visitors.reduce((total, minute) => total + minute.sent, 0);
  const counted = `${sum('old')} requests at the old balancers of ${app}, ${sum('temporary')} at ${temporaryApp}, ${sum('final')} at ${app} as generation 2; ${sum('errors')} answers with 5xx, in ${points.length} min.`;
  return visitors.length === 0 ? counted : `${counted} Visitors sent ${sent}; ${failed} failed.`;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}`;
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}
