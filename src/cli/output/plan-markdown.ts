import type { Plan } from '../../orchestrator/plan.ts';
import { formatDuration } from '../../time/wait.ts';
import { markdownTable } from './markdown.ts';
import { countFindings, expectedMs, WAYS } from './plan-text.ts';

/** A plan for a pull request or a wiki. */
export function planMarkdown(plan: Plan): string {
  const { app, rack, findings, steps, assessment } = plan;
  const parts = [
    `# Plan: ${app} to generation 2`,
    `Rack ${rack.name}, version ${rack.version}. ${countFindings(findings)}.`,
  ];
  if (findings.length > 0) {
    const rows = findings.map(({ severity, code, where = '', message, hint }) => [
      severity,
      code,
      where,
      message,
      hint,
    ]);
    parts.push('## Findings', markdownTable(['severity', 'code', 'where', 'what', 'what to do'], rows));
  }
  if (steps.length > 0) {
    const rows = steps.map((step) => [
      step.phase,
      step.title,
      step.isGate ? 'a person agrees' : step.state === 'done' ? 'nothing to do' : formatDuration(step.expectedMs),
      step.says,
    ]);
    parts.push(
      `## Steps, about ${formatDuration(expectedMs(steps))} without waits for people`,
      markdownTable(['phase', 'step', 'expected', 'what it does'], rows),
    );
  }
  if (assessment !== undefined) {
    const { dns, certificates, destroys, cost } = assessment;
    const rows = dns.changes.map(({ name, type, before, after }) => [name, type, before, after]);
    parts.push('## DNS', markdownTable(['name', 'type', 'before', 'after'], rows));
    const mails = certificates.map(({ service, domains, way, mails, problems }) => [
      service,
      domains.join(', '),
      WAYS[way],
      mails.map(({ domain, mailboxes }) => `${domain}: ${mailboxes.join(', ')}`).join('; ') || 'none',
      problems.join('; '),
    ]);
    parts.push('## Certificates', markdownTable(['service', 'domains', 'how', 'mails to', 'problems'], mails));
    parts.push('## Destroyed by commit', destroys.map((what) => `- ${what}`).join('\n'));
    parts.push(
      '## Cost',
      `$${cost.before.toFixed(2)} a month before, $${cost.after.toFixed(2)} after (list prices of ${cost.pricesOf}). ${cost.says}`,
    );
  }
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}
