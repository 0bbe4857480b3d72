/** Moving records stage by stage: forward by the plan, and to wherever a person says meanwhile. */
import { formatDuration } from '../../time/wait.ts';
import type { MigrationSettings } from '../plan.ts';
import type { RecordBatch, SwitchPlan } from '../ports.ts';
import { applyBatches } from '../record-changes.ts';
import type { StepContext } from '../step.ts';
import type { Guard } from '../traffic/guard.ts';
import { waitForHealthyTargets } from '../verification.ts';

const MINUTE = 60_000;
export const DEFAULT_BAKE_MS = 5 * MINUTE;
/** A person may pause at a stage for as long as a change freeze lasts. */
const LONGEST_STAGE_MS = 30 * 24 * 60 * MINUTE;
const LOOK_INTERVAL_MS = 1_000;

/** Moves to 100 %, under watch; what it decides is on the record before it is done. */
export async function moveInStages(
  context: StepContext,
  plan: SwitchPlan,
  guard: Guard,
  signal: AbortSignal,
): Promise<void> {
  const percents = sharesOfStages(context.settings);
  let at = 0;
  let next = 1;
  for (let move = 0; at < plan.stages.length; move += 1) {
    const { to } = await context.once(`move-${move}`, () => Promise.resolve({ to: next }));
    // An order that was written down must not be carried out again at the next stage.
    await context.forgetStage(percents[to - 1] ?? 100);
    await waitForHealthyTargets(context, context.facts.temporaryApp, guard.signal);
    for (const [index, batches] of batchesBetween(plan, at, to).entries()) {
      guard.check();
      await applyBatches(context, `move-${move}-${index}`, batches, signal, guard.signal);
    }
    at = to;
    if (at === plan.stages.length) break;
    context.say(`stage ${at} of ${plan.stages.length}: the new app has ${percents[at - 1] ?? 0} % of the answers`);
    next = await bake(context, percents, { at, move }, guard);
  }
  await holdWhilePaused(context, guard.signal);
}

/** The share of DNS answers the new app has after each stage, in percent; the last is 100. */
export function sharesOfStages({ stagePercents = [] }: Pick<MigrationSettings, 'stagePercents'>): readonly number[] {
  return [...new Set([...stagePercents, 100])];
}

/** Each stage's batches from one place in the plan to another; backwards each is turned round. */
function batchesBetween(plan: SwitchPlan, from: number, to: number): readonly (readonly RecordBatch[])[] {
  if (to >= from) return plan.stages.slice(from, to);
  const back = ({ before, after, ...zone }: RecordBatch): RecordBatch => ({ ...zone, before: after, after: before });
  return plan.stages
    .slice(to, from)
    .toReversed()
    .map((batches) => batches.map(back));
}

/** Waits until the next stage is due, or a person asks for another one. Gives how many stages shall be done then. */
async function bake(
  context: StepContext,
  percents: readonly number[],
  { at, move }: { readonly at: number; readonly move: number },
  guard: Guard,
): Promise<number> {
  const { clock } = context.ports;
  const bakeMs = context.settings.bakeMs ?? DEFAULT_BAKE_MS;
  const since = await context.once(`bake-${move}`, () => Promise.resolve(clock.now()));
  // From here on by a clock that nobody sets.
  const until = clock.monotonic() + Math.min(bakeMs, since + bakeMs - clock.now());
  const percent = percents[at - 1] ?? 0;
  return context.wait<number>(
    async () => {
      const { isPaused, stagePercent } = await context.steering();
      const wanted = stagePercent === undefined ? -1 : percents.indexOf(stagePercent);
      if (wanted >= 0 && wanted + 1 !== at) return { state: 'ready', value: wanted + 1 };
      if (stagePercent !== undefined) await context.forgetStage(stagePercent);
      if (isPaused) return { state: 'pending', saw: `paused at ${percent} %` };
      const leftMs = until - clock.monotonic();
      if (leftMs <= 0) return { state: 'ready', value: at + 1 };
      return { state: 'pending', saw: `${formatDuration(leftMs)} to the next stage` };
    },
    { what: `traffic at ${percent} %`, timeoutMs: LONGEST_STAGE_MS, intervalMs: LOOK_INTERVAL_MS },
    guard.signal,
  );
}

/** For steps that pause themselves: held here, where somebody watches, and not at what follows. */
export async function holdWhilePaused(context: StepContext, signal: AbortSignal): Promise<void> {
  await context.wait(
    async () =>
      (await context.steering()).isPaused ? { state: 'pending', saw: 'paused' } : { state: 'ready', value: undefined },
    { what: 'the migration to be resumed', timeoutMs: LONGEST_STAGE_MS, intervalMs: LOOK_INTERVAL_MS },
    signal,
  );
}
