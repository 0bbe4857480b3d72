import type { ExecutionView } from '../../orchestrator/engine.ts';
import { formatDuration } from '../../time/wait.ts';
import { StepTracker } from './step-tracker.ts';
import type { Style } from './style.ts';

/** Where an execution stands, in a few lines. */
export function statusText(view: ExecutionView, nowMs: number, style: Style): string {
  const lines = [`${style.bold(view.app)} on rack ${view.rack}: ${stateText(view, style)}`];
  lines.push(`  execution ${view.id}, begun ${formatDuration(Math.max(0, nowMs - view.createdAt))} ago`);
  const tracker = new StepTracker();
  for (const event of view.events) tracker.follow(event);
  const finished = view.events.findLast(({ type }) => type === 'step-finished');
  if (finished?.type === 'step-finished') lines.push(`  last done: ${finished.step}: ${finished.says}`);
  if (view.outcome === undefined) {
    for (const { id, title, waiting } of tracker.running) {
      lines.push(`  ${view.holder === undefined ? 'stopped in' : 'doing'}: ${id}: ${title}`);
      if (waiting === undefined) continue;
      const { what, saw, startedAt, timeoutMs } = waiting;
      const age = formatDuration(Math.max(0, nowMs - startedAt));
      const limit = timeoutMs === undefined ? '' : ` of at most ${formatDuration(timeoutMs)}`;
      lines.push(`    waits for ${what} (${age}${limit}); last seen: ${saw}`);
    }
  }
  const failed = view.events.findLast(({ type }) => type === 'step-failed' || type === 'undo-failed');
  if (failed !== undefined && 'code' in failed && tracker.running.length === 0 && view.outcome === undefined) {
    lines.push(`  ${style.red('failed')}: ${failed.step}: [${failed.code}] ${failed.message}`);
  }
  if (view.openGate !== undefined) {
    lines.push(`  ${style.yellow('waits for approval')}: ${view.openGate.title}`);
    lines.push(...view.openGate.shows.map((line) => `    ${line}`));
  }
  lines.push(...nextLines(view));
  lines.push(`  record: ${view.location}`);
  return `${lines.join('\n')}\n`;
}

function stateText({ outcome, isPaused, openGate, holder, direction }: ExecutionView, style: Style): string {
  if (outcome !== undefined)
    return outcome === 'succeeded' || outcome === 'kept' ? style.green(outcome) : style.red(outcome);
  const way = direction === 'forward' ? 'running' : `going back (${direction})`;
  if (holder === undefined) return style.yellow(openGate === undefined ? 'stopped' : 'stopped at a gate');
  if (isPaused) return style.yellow(`paused in ${holder}`);
  return `${openGate === undefined ? style.green(way) : style.yellow('at a gate')} in ${holder}`;
}

/** As `hasNoReturn` has it; the steps themselves would make every `status` start slowly. */
const NO_RETURN = 'delete-old-app/point-of-no-return';

function nextLines({ app, outcome, openGate, holder, isPaused, direction, results }: ExecutionView): readonly string[] {
  if (outcome === 'rolled-back') return [`  next: \`gen2 abort ${app}\` removes the temporary app`];
  if (outcome !== undefined) return [];
  if (openGate !== undefined) {
    return [`  next: \`gen2 approve ${app}\`${holder === undefined ? `, then \`gen2 resume ${app}\`` : ''}`];
  }
  if (isPaused) return [`  next: \`gen2 resume ${app}\``];
  if (holder !== undefined) return [];
  if (results.has(NO_RETURN))
    return [`  next: \`gen2 resume ${app}\`; there is no way back: the deletion of the old app has begun`];
  const back = direction === 'forward' ? `; or back: \`gen2 rollback ${app}\`, \`gen2 abort ${app}\`` : '';
  return [`  next: \`gen2 resume ${app}\`${back}`];
}
