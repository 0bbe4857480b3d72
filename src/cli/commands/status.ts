import { EXIT_CODES } from '../../errors.ts';
import type { Engine, ExecutionFilter, ExecutionView } from '../../orchestrator/engine.ts';
import { systemClock } from '../../time/clock.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { chooseView } from '../output/choose-view.ts';
import { fit } from '../output/style.ts';
import { statusText } from '../output/status-text.ts';
import { clockOf, findSandbox } from '../sandbox-access.ts';
import { filterOf, newestExecution, openEngine } from '../state.ts';

/** How often a watched record is read again, real ms. */
const LOOK_MS = 500;

/** Shows executions from their records alone; follows one with --watch. */
export async function run(invocation: Invocation): Promise<number> {
  const { options, args } = invocation;
  if (args[0] !== undefined) appArgument(invocation);
  const engine = openEngine(invocation);
  const filter = filterOf(invocation);
  if (options.has(OPTIONS.watch)) await watch(invocation, engine, filter);
  const views = await engine.list(filter);
  if (views.length === 0) await newestExecution(engine, filter);
  print(invocation, options.has(OPTIONS.all) ? views : newestOfEach(views));
  return EXIT_CODES.ok;
}

function newestOfEach(views: readonly ExecutionView[]): readonly ExecutionView[] {
  const newest = new Map<string, ExecutionView>();
  for (const view of views) {
    const key = `${view.rack} ${view.app}`;
    if (!newest.has(key)) newest.set(key, view);
  }
  return [...newest.values()];
}

function print({ shell, options, style }: Invocation, views: readonly ExecutionView[]): void {
  if (options.has(OPTIONS.json)) {
    shell.stdout.write(`${JSON.stringify(views.map(plainView))}\n`);
    return;
  }
  const now = clockOf(findSandbox({ shell, options })).now();
  const text = views.map((view) => statusText(view, now, style)).join('\n');
  shell.stdout.write(fit(text, shell.stdout.isTTY ? shell.stdout.columns() : undefined));
}

/** The view as JSON: its events are many and its results internal, so both stay out. */
function plainView(view: ExecutionView): Readonly<Record<string, unknown>> {
  const { id, rack, app, createdAt, updatedAt, direction, outcome, openGate, isPaused, holder, location } = view;
  const lastStep = view.events.findLast(({ type }) => type === 'step-finished');
  return {
    ...{ execution: id, rack, app, createdAt, updatedAt, direction, isPaused, location },
    outcome: outcome ?? null,
    openGate: openGate ?? null,
    holder: holder ?? null,
    lastStep: lastStep?.type === 'step-finished' ? lastStep.step : null,
  };
}

/** Shows what is added to a record until the execution is over. */
async function watch(invocation: Invocation, engine: Engine, filter: ExecutionFilter): Promise<void> {
  const { shell } = invocation;
  const view = chooseView(invocation, clockOf(findSandbox(invocation)));
  let shown = 0;
  try {
    for (;;) {
      const execution = await newestExecution(engine, filter);
      for (const event of execution.events.slice(shown)) view.show(event);
      shown = execution.events.length;
      if (execution.outcome !== undefined) return;
      await systemClock.sleep(LOOK_MS, shell.signal);
    }
  } catch (error) {
    if (!shell.signal.aborted) throw error; // to stop looking is no failure
  } finally {
    view.close();
  }
}
