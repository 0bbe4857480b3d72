import { MigrationError } from '../../../errors.ts';
import type { GateAnswer, Steering } from '../../engine.ts';
import type { Recorder } from '../recorded-execution.ts';
import { isPauseAsked, readMessages } from './inbox.ts';
import type { JournalEntry } from './journal-entry.ts';
import type { Journal } from './journal.ts';
import type { Lock } from './lock.ts';
import { replay, type ReplayedState } from './replay.ts';

export interface LocalRecorderOptions {
  readonly folder: string;
  readonly journal: Journal;
  readonly lock: Lock;
}

/** Keeps an execution in a folder: a journal, and an inbox for other terminals. */
export class LocalRecorder implements Recorder {
  readonly lookIntervalMs = 250;
  readonly #options: LocalRecorderOptions;
  /** Answers given in this process. */
  readonly #given = new Map<string, GateAnswer>();

  constructor(options: LocalRecorderOptions) {
    this.#options = options;
  }

  async write(_name: string, act: () => Promise<JournalEntry>): Promise<void> {
    await this.#options.journal.append(await act());
  }

  async takeAnswer(gate: string): Promise<GateAnswer | undefined> {
    for (const { message, done } of await readMessages(this.#options.folder)) {
      if (message.type !== 'gate' || message.gate !== gate) continue;
      const { approved, by, comment } = message.answer;
      const answer = { approved, by, ...(comment === undefined ? {} : { comment }) };
      await this.#options.journal.append({ type: 'gate-answered', gate, answer });
      await done();
      return answer;
    }
    const given = this.#given.get(gate);
    if (given !== undefined) await this.#options.journal.append({ type: 'gate-answered', gate, answer: given });
    return given;
  }

  giveAnswer(gate: string, answer: GateAnswer): Promise<void> {
    this.#given.set(gate, answer);
    return Promise.resolve();
  }

  async isPaused(): Promise<boolean> {
    const messages = await readMessages(this.#options.folder);
    if (isPauseAsked(messages)) return true;
    for (const { message, done } of messages) if (message.type === 'pause' || message.type === 'resume') await done();
    return false;
  }

  async steering(): Promise<Steering> {
    const messages = await readMessages(this.#options.folder);
    const percents = messages.flatMap(({ message }) => (message.type === 'stage' ? [message.percent] : []));
    return { isPaused: isPauseAsked(messages), stagePercent: percents.at(-1) };
  }

  async forgetStage(percent: number): Promise<void> {
    const orders = (await readMessages(this.#options.folder)).filter(({ message }) => message.type === 'stage');
    const last = orders.findLastIndex(({ message }) => message.type === 'stage' && message.percent === percent);
    for (const { done } of orders.slice(0, last + 1)) await done();
  }

  async release(): Promise<void> {
    await this.#options.journal.close();
    await this.#options.lock.release();
  }
}

/** The state a journal describes, which must have begun. */
export function replayed(journal: Journal): ReplayedState {
  const state = replay(journal.lines);
  if (state !== undefined) return state;
  throw new MigrationError('JOURNAL_DAMAGED', `${journal.path}: the journal has no beginning`, {
    hint: 'The execution never started; remove its folder and begin again.',
  });
}
