import * as z from 'zod';
import { stopped } from '../../../errors.ts';
import type { Clock } from '../../../time/clock.ts';
import { onAbort } from '../../../time/on-abort.ts';
import type { GateAnswer, Steering } from '../../engine.ts';
import type { JournalEntry } from '../local/journal-entry.ts';
import type { Recorder } from '../recorded-execution.ts';
import type { Database } from './database.ts';
import type { Message } from './history.ts';
import type { Desk } from './runtime.ts';

const NOT_LOOKED = { at: Number.NEGATIVE_INFINITY, seen: { isPaused: false, stagePercent: undefined } } as const;

export interface DbosRecorderOptions {
  readonly desk: Desk;
  readonly database: Database;
  readonly clock: Clock;
  /** Aborted when another process may work on it: nothing can be recorded any more. */
  readonly lost: AbortSignal;
  readonly onRelease: () => Promise<void>;
}

/** Keeps an execution as the steps of a DBOS workflow, and hears others by DBOS's messages. */
export class DbosRecorder implements Recorder {
  readonly lookIntervalMs = 500;
  readonly #options: DbosRecorderOptions;
  #steered: { readonly at: number; readonly seen: Steering } = NOT_LOOKED;

  constructor(options: DbosRecorderOptions) {
    this.#options = options;
  }

  write(name: string, act: () => Promise<JournalEntry>): Promise<void> {
    return this.#unlessLost(this.#options.desk.record(name, act));
  }

  async takeAnswer(gate: string): Promise<GateAnswer | undefined> {
    const { database, desk } = this.#options;
    const topic = gateTopic(gate);
    if (!(await hasMessage(database, desk.workflow, topic))) return undefined;
    const message = await this.#unlessLost(desk.receive(topic));
    return message?.type === 'gate' ? plainAnswer(message.answer) : undefined;
  }

  /** An answer given here goes the way of all others: the first message decides. */
  async giveAnswer(gate: string, answer: GateAnswer): Promise<void> {
    const { database, desk, clock } = this.#options;
    await sendAnswer(database, desk.workflow, { gate, answer, at: clock.now() });
  }

  isPaused(): Promise<boolean> {
    const { database, desk } = this.#options;
    return isPaused(database, desk.workflow);
  }

  /** Looks at most every half second of real time, however fast the clock runs. */
  async steering(): Promise<Steering> {
    const { database, desk } = this.#options;
    if (performance.now() - this.#steered.at < this.lookIntervalMs) return this.#steered.seen;
    const at = performance.now();
    const isHeld = await isPaused(database, desk.workflow);
    const [order] = await database.rows(
      z.object({ percent: z.number() }),
      'select percent from convox_gen2.stage where execution = $1',
      [desk.workflow],
    );
    this.#steered = { at, seen: { isPaused: isHeld, stagePercent: order?.percent } };
    return this.#steered.seen;
  }

  async forgetStage(percent: number): Promise<void> {
    const { database, desk } = this.#options;
    const values = [desk.workflow, percent];
    await database.rows(z.unknown(), 'delete from convox_gen2.stage where execution = $1 and percent = $2', values);
    this.#steered = NOT_LOOKED;
  }

  release(): Promise<void> {
    return this.#options.onRelease();
  }

  /** DBOS tries a write on a database that is away until it is back; by then the execution may be another process's. */
  #unlessLost<T>(written: Promise<T>): Promise<T> {
    const { lost } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(stopped(lost, this.#options.desk.workflow));
      if (lost.aborted) {
        written.catch(() => undefined); // told by `fail`
        fail();
        return;
      }
      const forget = onAbort(lost, fail);
      written.then(resolve, reject).finally(forget);
    });
  }
}

export function gateTopic(gate: string): string {
  return `gate/${gate}`;
}

/** Sends an answer to an execution's workflow, whether it runs or not. */
export async function sendAnswer(
  database: Database,
  workflow: string,
  answer: Omit<Message & { type: 'gate' }, 'type'>,
): Promise<void> {
  const message: Message = { type: 'gate', ...answer };
  await database.ask((client) => client.send(workflow, message, gateTopic(answer.gate)));
}

/** Whether a message waits: looked up in DBOS's table, since a receipt that waits could not be stopped. */
export async function hasMessage(database: Database, workflow: string, topic: string): Promise<boolean> {
  const rows = await database.rows(
    z.unknown(),
    'select 1 from dbos.notifications where destination_uuid = $1 and topic = $2 and consumed = false limit 1',
    [workflow, topic],
  );
  return rows.length > 0;
}

export async function isPaused(database: Database, workflow: string): Promise<boolean> {
  const rows = await database.rows(z.unknown(), 'select 1 from convox_gen2.pause where execution = $1', [workflow]);
  return rows.length > 0;
}

function plainAnswer({ approved, by, comment }: (Message & { type: 'gate' })['answer']): GateAnswer {
  return { approved, by, ...(comment === undefined ? {} : { comment }) };
}
