import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { MigrationError } from '../../../errors.ts';
import type { Clock } from '../../../time/clock.ts';
import type { BeginRequest, Engine, Execution, ExecutionFilter, ExecutionView, GateAnswer } from '../../engine.ts';
import { RecordedExecution, type Approver, type GatePolicy } from '../recorded-execution.ts';
import {
  appFolder,
  ensureWritable,
  executionFolder,
  findExecutions,
  journalPath,
  newExecutionId,
  type FoundExecution,
} from './folders.ts';
import { isPauseAsked, readMessages, sendMessage } from './inbox.ts';
import type { InboxMessage } from './inbox-message.ts';
import { JOURNAL_VERSION } from './journal-format.ts';
import { Journal, peekJournal, unwritable } from './journal.ts';
import { LocalRecorder, replayed } from './local-recorder.ts';
import { lockHolder, takeLock, type Lock, type LockProcess } from './lock.ts';
import { replay } from './replay.ts';

export interface LocalEngineOptions {
  /** State directory; made when it is needed. */
  readonly state: string;
  readonly clock: Clock;
  readonly process: LockProcess;
  readonly approver?: Approver;
  /** Default `wait`. */
  readonly gatePolicy?: GatePolicy;
}

/** Runs executions from a state directory: one journal each, one lock an app, no server. */
export class LocalEngine implements Engine {
  readonly #options: LocalEngineOptions;

  constructor(options: LocalEngineOptions) {
    this.#options = options;
  }

  async begin({ rack, app, settings }: BeginRequest, signal: AbortSignal): Promise<Execution> {
    const { state, clock } = this.#options;
    const id = newExecutionId(clock.now());
    const folder = executionFolder(state, rack, app, id);
    await ensureWritable(appFolder(state, rack, app));
    const lock = await this.#lock(rack, app, id);
    try {
      const unfinished = (await this.list({ rack, app })).find(({ outcome }) => outcome === undefined);
      if (unfinished !== undefined) throw notOver(unfinished);
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        throw unwritable(folder, error);
      });
      const journal = await Journal.open(journalPath(folder), clock);
      await journal.append({
        ...{ type: 'execution-created', version: JOURNAL_VERSION, execution: id, rack, app },
        settings: { ...settings },
      });
      return await this.#run(folder, journal, lock, signal);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async resume(filter: ExecutionFilter, signal: AbortSignal): Promise<Execution> {
    const { rack, app, id, location: folder } = await this.#newest(filter);
    await ensureWritable(folder);
    const lock = await this.#lock(rack, app, id);
    try {
      return await this.#run(folder, await Journal.open(journalPath(folder), this.#options.clock), lock, signal);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async list(filter: ExecutionFilter): Promise<readonly ExecutionView[]> {
    const views: ExecutionView[] = [];
    for (const found of await findExecutions(this.#options.state, filter)) {
      const view = await this.#view(found);
      if (view !== undefined) views.push(view);
    }
    return views;
  }

  async answer(filter: ExecutionFilter, answer: GateAnswer): Promise<ExecutionView> {
    const view = await this.#newest(filter);
    if (view.openGate === undefined) {
      throw new MigrationError('EXECUTION_STATE', `${view.app}: no gate is waiting for an answer`, {
        hint: `See where it stands with \`gen2 status ${view.app}\`.`,
      });
    }
    await sendMessage(view.location, { type: 'gate', gate: view.openGate.gate, answer: { ...answer } });
    return view;
  }

  pause(filter: ExecutionFilter, isPaused: boolean): Promise<ExecutionView> {
    return this.#tell(filter, { type: isPaused ? 'pause' : 'resume' });
  }

  stage(filter: ExecutionFilter, percent: number): Promise<ExecutionView> {
    return this.#tell(filter, { type: 'stage', percent });
  }

  async #tell(filter: ExecutionFilter, message: InboxMessage): Promise<ExecutionView> {
    const view = await this.#newest(filter);
    if (view.outcome !== undefined) {
      throw new MigrationError('EXECUTION_FINISHED', `${view.app}: execution ${view.id} is over (${view.outcome})`);
    }
    await sendMessage(view.location, message);
    return view;
  }

  #lock(rack: string, app: string, execution: string): Promise<Lock> {
    const { state, process } = this.#options;
    return takeLock({ folder: appFolder(state, rack, app), app, execution, process });
  }

  async #run(folder: string, journal: Journal, lock: Lock, signal: AbortSignal): Promise<Execution> {
    const { clock, approver, gatePolicy = 'wait', process } = this.#options;
    const state = replayed(journal);
    await journal.append({ type: 'run-started', pid: process.pid, host: hostname(), direction: state.direction });
    const recorder = new LocalRecorder({ folder, journal, lock });
    return new RecordedExecution({ recorder, state, clock, approver, gatePolicy, signal });
  }

  async #newest(filter: ExecutionFilter): Promise<ExecutionView> {
    const found = await findExecutions(this.#options.state, filter);
    const racks = new Set(found.map(({ rack }) => rack));
    if (racks.size > 1) {
      throw new MigrationError(
        'USAGE',
        `${filter.app ?? 'the app'} has executions on several racks: ${[...racks].join(', ')}`,
        {
          hint: 'Name the rack with --rack.',
        },
      );
    }
    for (const candidate of found) {
      // One that died before its first line was on disk never began.
      const view = await this.#view(candidate);
      if (view !== undefined) return view;
    }
    throw new MigrationError(
      'EXECUTION_NOT_FOUND',
      `no execution of ${filter.app ?? 'any app'} in state directory ${this.#options.state}`,
      { hint: 'Begin one with `gen2 migrate`, or name another state directory with --state.' },
    );
  }

  async #view({ rack, app, execution }: FoundExecution): Promise<ExecutionView | undefined> {
    const { state: root, process } = this.#options;
    const location = executionFolder(root, rack, app, execution);
    const lines = await peekJournal(journalPath(location)).catch((error: unknown) => {
      if (MigrationError.is(error)) throw error;
      return []; // a folder whose journal was not yet made
    });
    const state = replay(lines);
    if (state === undefined) return undefined;
    const holder = await lockHolder(appFolder(root, rack, app), process);
    const messages = await readMessages(location);
    return {
      ...state,
      location,
      isPaused: isPauseAsked(messages),
      holder: holder?.execution === execution ? holder.says : undefined,
    };
  }
}

function notOver({ app, id }: ExecutionView): MigrationError {
  return new MigrationError('EXECUTION_STATE', `${app}: execution ${id} is not over`, {
    hint: `Go on with \`gen2 resume ${app}\`, or take it back with \`gen2 rollback ${app}\` or \`gen2 abort ${app}\`.`,
    details: { execution: id },
  });
}
