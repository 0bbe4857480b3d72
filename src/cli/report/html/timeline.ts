import { formatDuration } from '../../../time/wait.ts';
import type { GateReport, Report, StepReport, UndoReport } from '../report.ts';
import { html, type Html } from './html.ts';
import type { TimeScale } from './time-scale.ts';

/** A line of the timeline. */
interface Row {
  readonly kind: 'done' | 'idle' | 'failed' | 'running' | 'gate' | 'undone';
  readonly mark: string;
  /** What the mark means, for those who cannot see it. */
  readonly state: string;
  readonly phase: string;
  readonly title: string;
  readonly says: string;
  readonly from: number;
  readonly durationMs: number;
}

/** Every step and gate in the order they began, with when and how long. */
export function timeline(report: Report, scale: TimeScale): Html {
  const rows = [
    ...report.steps.map(stepRow),
    ...report.gates.map((gate) => gateRow(gate, report)),
    ...report.undone.map(undoRow),
  ].toSorted((a, b) => a.from - b.from);
  let phase = '';
  const items = rows.map((row) => {
    const heading = row.phase !== phase && row.phase !== '' ? html`<h3>${row.phase}</h3>` : undefined;
    phase = row.phase === '' ? phase : row.phase;
    return html`<li class="${row.kind}">${heading}${line(row, scale)}</li>`;
  });
  return html`<ol class="timeline">
    ${items}
  </ol>`;
}

function line({ kind, mark, state, title, says, from, durationMs }: Row, scale: TimeScale): Html {
  const left = scale.x(from);
  const width = Math.max(0.004, scale.x(from + durationMs) - left);
  const x = Math.min(left, 1 - width) * 1000;
  return html`<div class="rows">
    <div class="label">
      <span class="mark-of ${kind}" role="img" aria-label="${state}">${mark}</span><span>${title}</span>
    </div>
    <div class="plot">
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" x="0" y="4" width="1000" height="2" />
        <rect class="bar" x="${x.toFixed(1)}" y="0" width="${(width * 1000).toFixed(1)}" height="10" />
      </svg>
      <p>${says}</p>
    </div>
    <div class="value">${kind === 'idle' ? '–' : formatDuration(durationMs)}</div>
  </div>`;
}

const STATES = {
  done: { kind: 'done', mark: '✓' },
  'was done': { kind: 'idle', mark: '=' },
  failed: { kind: 'failed', mark: '✗' },
  running: { kind: 'running', mark: '…' },
} as const;

function stepRow({ phase, title, says, state, startedAt, durationMs }: StepReport): Row {
  return { ...STATES[state], state, phase, title, says, from: startedAt, durationMs };
}

function gateRow(gate: GateReport, { endedAt, steps }: Report): Row {
  const { title, approved, by = 'nobody', openedAt, waitedMs } = gate;
  const answer = approved === undefined ? 'not answered yet' : `${approved ? 'approved' : 'rejected'} by ${by}`;
  // A gate opens its phase: what begins next tells which one.
  const next = steps.find(({ startedAt }) => startedAt >= openedAt);
  const durationMs = waitedMs ?? endedAt - openedAt;
  return {
    kind: 'gate',
    mark: '?',
    state: 'gate',
    phase: next?.phase ?? '',
    title,
    says: answer,
    from: openedAt,
    durationMs,
  };
}

function undoRow({ title, isDone, problem, startedAt, durationMs }: UndoReport): Row {
  const says = isDone ? 'taken back' : (problem ?? 'was being taken back');
  const how = isDone ? ({ kind: 'undone', mark: '↩' } as const) : ({ kind: 'failed', mark: '✗' } as const);
  return { ...how, state: says, phase: 'taking back', title, says, from: startedAt, durationMs };
}
