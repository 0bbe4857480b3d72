import { MigrationError } from '../errors.ts';
import type { Engine, ExecutionFilter, ExecutionView } from './engine.ts';
import type { MigrationSettings } from './plan.ts';
import { sharesOfStages } from './steps/stage-moves.ts';

/**
 * Asks the newest execution of an app to give the new app this share of the DNS answers now, from any process; a stage
 * ordered before the cutover begins is taken up then.
 *
 * @throws {MigrationError} `EXECUTION_STATE` when the records do not move in stages, or have moved; `USAGE` for a share
 * that is no stage of this execution; `EXECUTION_NOT_FOUND`, `EXECUTION_FINISHED`.
 */
export async function orderStage(engine: Engine, filter: ExecutionFilter, percent: number): Promise<ExecutionView> {
  const [view] = await engine.list(filter);
  if (view === undefined) {
    throw new MigrationError('EXECUTION_NOT_FOUND', `no execution of ${filter.app ?? 'any app'} is known`, {
      hint: 'Begin one with `gen2 migrate <app> --stages 5,25,50,100`.',
    });
  }
  // Written by `begin` from MigrationSettings.
  const { stagePercents = [] } = view.settings as Partial<MigrationSettings>;
  if (stagePercents.length === 0) {
    throw new MigrationError('EXECUTION_STATE', `${view.app} moves at once: this execution has no stages`, {
      hint: 'Stages are given when a migration begins: `--stages 5,25,50,100`.',
    });
  }
  const stages = sharesOfStages({ stagePercents });
  if (!stages.includes(percent)) {
    throw new MigrationError('USAGE', `${percent} % is no stage of this execution`, {
      hint: `It has ${stages.join(', ')}; \`gen2 rollback ${view.app}\` goes back to 0.`,
    });
  }
  if (view.results.has('switch-records')) {
    throw new MigrationError('EXECUTION_STATE', `${view.app}: the new app has all answers already`, {
      hint: `\`gen2 rollback ${view.app}\` puts the records back, until the old app is deleted.`,
    });
  }
  return engine.stage(filter, percent);
}
