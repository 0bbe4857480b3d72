import * as z from 'zod';
import { MigrationError } from '../../../errors.ts';
import { lineSchema, type JournalEntry, type JournalLine } from '../local/journal-entry.ts';
import { replay, type ReplayedState } from '../local/replay.ts';
import { parseWorkflowId } from './workflow-id.ts';

/** Version of what is written into DBOS; a newer one is refused. */
export const FORMAT = 1;

/** Name DBOS gives to the receipt of a message (@dbos-inc/dbos-sdk@5.3.0 src/system_database.ts). */
export const RECEIVED = 'DBOS.recv';
/** Takes the place of an operation that was under way when its process died. */
export const LOST = 'lost';

const jobSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), until: z.enum(['prepare', 'cutover', 'commit']).optional() }),
  z.object({ kind: z.literal('resume'), until: z.enum(['prepare', 'cutover', 'commit']).optional() }),
  z.object({ kind: z.literal('undo'), direction: z.enum(['rollback', 'abort']) }),
]);

/** What a worker is asked to do with an execution. */
export type Job = z.infer<typeof jobSchema>;

const inputSchema = z.object({
  version: z.number(),
  rack: z.string(),
  app: z.string(),
  settings: z.record(z.string(), z.unknown()),
  /** ms since 1970, of the engine's clock. */
  at: z.number(),
  job: jobSchema,
  /** Who asked for it, for people: "process 12 on host". */
  by: z.string().optional(),
});

/** What an execution's workflow is started with. */
export type ExecutionInput = z.infer<typeof inputSchema>;

const messageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('gate'),
    gate: z.string(),
    answer: z.object({ approved: z.boolean(), by: z.string(), comment: z.string().optional() }),
    at: z.number(),
  }),
  z.object({ type: z.literal('job'), job: jobSchema, at: z.number() }),
]);

/** What is sent to an execution's workflow. */
export type Message = z.infer<typeof messageSchema>;

/** An operation of a workflow, as DBOS lists it. */
export interface Operation {
  readonly functionID: number;
  readonly name: string;
  readonly output: unknown;
}

export interface History {
  readonly state: ReplayedState;
  /** What a worker was asked to do last. */
  readonly job: Job;
}

/** @throws {MigrationError} `JOURNAL_DAMAGED`, `JOURNAL_VERSION` for one of a newer program. */
export function parseInput(workflow: string, input: unknown): ExecutionInput {
  const version = z.looseObject({ version: z.number() }).safeParse(input);
  if (version.success && version.data.version > FORMAT) {
    throw new MigrationError(
      'JOURNAL_VERSION',
      `${workflow}: format ${version.data.version} is newer than this program's (${FORMAT})`,
      { hint: 'Go on with the version of gen2 that began this execution, or a newer one.' },
    );
  }
  const parsed = inputSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw damaged(workflow, 'its input', z.prettifyError(parsed.error));
}

export function parseMessage(workflow: string, message: unknown): Message {
  const parsed = messageSchema.safeParse(message);
  if (parsed.success) return parsed.data;
  throw damaged(workflow, 'a message to it', z.prettifyError(parsed.error));
}

/** What the operations of a workflow say, as the local engine reads its journal. */
export function readHistory(workflow: string, input: ExecutionInput, operations: readonly Operation[]): History {
  const { rack, app, settings, version, at } = input;
  const { id: execution } = parseWorkflowId(workflow);
  const created = { type: 'execution-created', version, execution, rack, app, settings } as const;
  const lines: JournalLine[] = [{ ...created, seq: 0, at }];
  let job = input.job;
  for (const { functionID, name, output } of operations) {
    if (name === LOST || output === null || output === undefined) continue;
    if (name === RECEIVED) {
      const message = parseMessage(workflow, output);
      if (message.type === 'job') job = message.job;
      else lines.push({ ...answered(message), seq: functionID + 1, at: message.at });
      continue;
    }
    const parsed = lineSchema.safeParse({ ...z.looseObject({}).parse(output), seq: functionID + 1 });
    if (!parsed.success) throw damaged(workflow, `operation ${functionID}`, z.prettifyError(parsed.error));
    lines.push(parsed.data);
  }
  const state = replay(lines);
  if (state === undefined) throw damaged(workflow, 'its beginning', 'nothing is there');
  return { state, job };
}

function answered({ gate, answer }: Message & { type: 'gate' }): JournalEntry {
  return { type: 'gate-answered', gate, answer };
}

function damaged(workflow: string, where: string, why: string): MigrationError {
  return new MigrationError('JOURNAL_DAMAGED', `execution ${workflow}: ${where} cannot be read: ${why}`, {
    hint: 'Restore the database from a backup, or go on by hand from the export of the execution.',
    details: { execution: workflow },
  });
}
