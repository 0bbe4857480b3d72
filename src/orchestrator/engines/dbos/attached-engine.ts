import { MigrationError } from '../../../errors.ts';
import type { Engine, Execution, ExecutionFilter } from '../../engine.ts';

/** An engine as the procedure sees it in a worker: what it begins or resumes is in hand already. */
export function attachedEngine(
  engine: Engine,
  execution: Execution,
  { rack, app }: { readonly rack: string; readonly app: string },
): Engine {
  const inHand = (asked: ExecutionFilter): Promise<Execution> => {
    if ((asked.rack ?? rack) === rack && (asked.app ?? app) === app) return Promise.resolve(execution);
    return Promise.reject(
      new MigrationError(
        'EXECUTION_STATE',
        `the worker has ${app} on ${rack} in hand, not ${asked.app ?? app} on ${asked.rack ?? rack}`,
        { hint: 'Connect the worker with the rack that the executions in its database are for.' },
      ),
    );
  };
  return {
    begin: inHand,
    resume: inHand,
    list: (filter) => engine.list(filter),
    answer: (filter, answer) => engine.answer(filter, answer),
    pause: (filter, isPaused) => engine.pause(filter, isPaused),
    stage: (filter, percent) => engine.stage(filter, percent),
  };
}
