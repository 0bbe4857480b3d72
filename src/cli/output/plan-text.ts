import type { Assessment, Finding, Plan, PlannedStep, Severity } from '../../orchestrator/plan.ts';
import type { CertificateForecast } from '../../orchestrator/ports.ts';
import { formatDuration } from '../../time/wait.ts';
import { dnsLines } from './dns-lines.ts';
import { wrap, type Style } from './style.ts';

export interface PlanTextOptions {
  readonly style: Style;
  readonly width: number;
  /** File the plan was kept in. */
  readonly file?: string | undefined;
}

const SEVERITIES: readonly Severity[] = ['blocker', 'decision', 'warning', 'info'];

/** A plan for people: what was found, what will be done, what it changes and costs. */
export function planText(plan: Plan, options: PlanTextOptions): string {
  const { style } = options;
  const head = style.bold(`Plan for ${plan.app} on rack ${plan.rack.name} (version ${plan.rack.version})`);
  const parts = [head, findingsText(plan.findings, options), stepsText(plan.steps, options)];
  if (plan.assessment !== undefined) parts.push(...assessmentParts(plan.assessment, options));
  parts.push(closing(plan, options));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** How many of each severity, in words. */
export function countFindings(findings: readonly Finding[]): string {
  const counts = SEVERITIES.map((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    const plural = severity === 'info' ? 'notes' : `${severity}s`;
    return number === 0 ? '' : `${number} ${number === 1 ? plural.slice(0, -1) : plural}`;
  });
  return counts.filter((count) => count !== '').join(', ') || 'nothing to report';
}

function findingsText(findings: readonly Finding[], { style, width }: PlanTextOptions): string {
  const mark = { blocker: style.red, decision: style.yellow, warning: style.yellow, info: style.dim };
  const blocks = findings
    .toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))
    .map(({ severity, code, where, message, hint }) => {
      const place = where === undefined ? '' : ` ${style.dim(where)}`;
      const body = [...wrap(message, width - 4), ...(hint === '' ? [] : wrap(`do: ${hint}`, width - 4).map(style.dim))];
      return [`  ${mark[severity](severity)} ${code}${place}`, ...body.map((line) => `    ${line}`)].join('\n');
    });
  return [`${style.bold('Findings')}: ${countFindings(findings)}`, ...blocks].join('\n');
}

function stepsText(steps: readonly PlannedStep[], { style, width }: PlanTextOptions): string {
  if (steps.length === 0) return '';
  const lines = [`${style.bold('Steps')}: about ${formatDuration(expectedMs(steps))}, waits for people not counted`];
  let phase = '';
  for (const step of steps) {
    if (step.phase !== phase) lines.push(`  ${style.cyan(step.phase)}`);
    phase = step.phase;
    lines.push(...stepLines(step, style, width));
  }
  return lines.join('\n');
}

/** How long all of it takes, waits for people not counted. */
export function expectedMs(steps: readonly PlannedStep[]): number {
  return steps.filter(({ state }) => state === 'todo').reduce((sum, step) => sum + step.expectedMs, 0);
}

function stepLines(step: PlannedStep, style: Style, width: number): readonly string[] {
  if (step.isGate) return [`    ${style.yellow('?')} ${style.bold(step.title)} ${style.dim('(asks a person)')}`];
  const notes = [
    step.state === 'done' ? 'nothing to do' : `~${formatDuration(step.expectedMs)}`,
    ...(step.phase === 'commit' ? ['no way back'] : []),
  ];
  const says = wrap(step.says, width - 8).map((line) => `        ${style.dim(line)}`);
  return [`    ${step.state === 'done' ? '=' : '·'} ${step.title} ${style.dim(`(${notes.join(', ')})`)}`, ...says];
}

function assessmentParts(facts: Assessment, { style }: PlanTextOptions): readonly string[] {
  const refused = facts.dns.refused.map(({ name, reason }) => `  ${style.red('✗')} ${name}: ${reason}`);
  const notices = facts.dns.notices.map((notice) => `  ${style.yellow('!')} ${notice}`);
  const cost = facts.cost;
  return [
    [style.bold('DNS, before → after'), ...dnsLines(facts.dns.changes, style), ...refused, ...notices].join('\n'),
    [style.bold('Certificates'), ...facts.certificates.flatMap((one) => certificateLines(one, style))].join('\n'),
    [style.bold('Destroyed by commit'), ...facts.destroys.map((what) => `  - ${what}`)].join('\n'),
    `${style.bold('Cost')}: $${cost.before.toFixed(2)} a month before, $${cost.after.toFixed(2)} after (list prices of ${cost.pricesOf})\n  ${cost.says}`,
  ];
}

/** How a certificate comes about, for people. */
export const WAYS = {
  reuse: 'one that exists is used; no mail',
  dns: 'issued ahead, proved by DNS; no mail',
  mail: 'by mail: somebody must follow the link in it',
} as const;

function certificateLines(
  { service, domains, way, mails, problems }: CertificateForecast,
  style: Style,
): readonly string[] {
  return [
    `  ${service}: ${domains.join(', ')}: ${WAYS[way]}`,
    ...mails.map(({ domain, mailboxes, canArrive }) =>
      canArrive
        ? `    ${domain}: mails to ${mailboxes.join(', ')}`
        : `    ${style.yellow('!')} ${domain}: no mail server takes mails to ${mailboxes.join(', ')}`,
    ),
    ...problems.map((problem) => `    ${style.yellow('!')} ${problem}`),
  ];
}

function closing(plan: Plan, { style, file }: PlanTextOptions): string {
  const blockers = plan.findings.filter(({ severity }) => severity === 'blocker').length;
  if (blockers > 0) {
    const count = blockers === 1 ? '1 blocker' : `${blockers} blockers`;
    return style.red(`Not possible yet: ${count} above. Nothing was changed.`);
  }
  const how = file === undefined ? plan.app : `${plan.app} --plan ${file}`;
  return style.green(`Possible. Nothing was changed; begin with \`gen2 migrate ${how}\`.`);
}
