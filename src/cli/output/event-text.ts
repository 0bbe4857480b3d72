import type { MigrationEvent, Phase } from '../../orchestrator/events.ts';
import { formatDuration } from '../../time/wait.ts';
import type { Style } from './style.ts';

/** The heading above the first step of a phase. */
export function phaseText(phase: Phase, { style, verbosity }: TextOptions): string | undefined {
  return verbosity === 'quiet' ? undefined : style.bold(style.cyan(`${phase}:`));
}

/** How much a person asked to see. */
export type Verbosity = 'quiet' | 'normal' | 'verbose';

export interface TextOptions {
  readonly style: Style;
  readonly verbosity: Verbosity;
}

/** An event in words; undefined for one that is not shown at this verbosity. `tookMs` is of the step that ended. */
export function eventText(
  event: MigrationEvent,
  tookMs: number | undefined,
  { style, verbosity }: TextOptions,
): string | undefined {
  const text = describe(event, tookMs, style);
  if (text === undefined) return undefined;
  if (verbosity === 'quiet') return IMPORTANT.has(event.type) ? text : undefined;
  if (verbosity === 'normal' && event.type === 'log') return undefined;
  return text;
}

const IMPORTANT: ReadonlySet<MigrationEvent['type']> = new Set([
  'direction',
  'warning',
  'step-failed',
  'gate-opened',
  'gate-answered',
  'human-wait',
  'undo-failed',
  'execution-finished',
]);

const OUTCOMES = {
  succeeded: 'succeeded: the app runs as generation 2 under its own name',
  kept: 'succeeded: the temporary app serves and stays',
  'rolled-back': 'rolled back: the records are as they were',
  aborted: 'aborted: the old app is as it was',
  failed: 'failed',
} as const;

function describe(event: MigrationEvent, tookMs: number | undefined, style: Style): string | undefined {
  const took = tookMs === undefined ? '' : ` ${style.dim(`(${formatDuration(tookMs)})`)}`;
  switch (event.type) {
    case 'execution-started':
      return style.bold(
        `${event.resumed ? 'going on with' : 'beginning'} the migration of ${event.app} (${event.execution})`,
      );
    case 'direction':
      return `${style.yellow('↩')} turning round (${event.direction}): ${event.reason}`;
    case 'step-started':
      return `${style.cyan('→')} ${event.title}: ${event.says}`;
    case 'waiting':
      return undefined; // drawn by the views: too many for a log
    case 'said':
      return `  ${event.message}`;
    case 'warning':
      return `${style.yellow('!')} ${event.message}`;
    case 'log':
      return style.dim(`  | ${event.line}`);
    case 'step-finished':
      return event.wasDone
        ? `${style.dim('=')} ${event.step}: ${event.says} ${style.dim('(was done)')}`
        : `${style.green('✓')} ${event.step}: ${event.says}${took}`;
    case 'step-failed':
      return `${style.red('✗')} ${event.step}: [${event.code}] ${event.message}${took}`;
    case 'gate-opened':
      return [style.bold(`? ${event.title}`), ...event.shows.map((line) => `    ${line}`)].join('\n');
    case 'gate-answered':
      return event.approved
        ? `${style.green('✓')} ${event.gate}: approved by ${event.by}`
        : `${style.red('✗')} ${event.gate}: rejected by ${event.by}`;
    case 'traffic':
      return undefined; // figures for the report
    case 'human-wait':
      return `${style.yellow('…')} ${event.step} waits for a person: ${event.what}`;
    case 'undo-started':
      return `${style.yellow('↩')} taking back: ${event.title}`;
    case 'undo-finished':
      return `${style.green('✓')} taken back: ${event.step}${took}`;
    case 'undo-failed':
      return `${style.red('✗')} could not take back ${event.step}: [${event.code}] ${event.message}`;
    case 'execution-finished':
      return style.bold(OUTCOMES[event.outcome]);
  }
}
