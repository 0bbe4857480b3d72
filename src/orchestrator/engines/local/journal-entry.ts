import * as z from 'zod';

const direction = z.enum(['forward', 'rollback', 'abort']);
const failure = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() });

const entrySchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('execution-created'),
    version: z.number(),
    execution: z.string(),
    rack: z.string(),
    app: z.string(),
    settings: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal('run-started'), pid: z.number(), host: z.string(), direction }),
  z.object({ type: z.literal('step-started'), step: z.string() }),
  z.object({ type: z.literal('step-finished'), step: z.string(), result: z.unknown() }),
  z.object({ type: z.literal('step-failed'), step: z.string(), error: failure }),
  z.object({ type: z.literal('sleep-until'), step: z.string(), until: z.number() }),
  z.object({ type: z.literal('gate-opened'), gate: z.string(), title: z.string(), shows: z.array(z.string()) }),
  z.object({
    type: z.literal('gate-answered'),
    gate: z.string(),
    answer: z.object({ approved: z.boolean(), by: z.string(), comment: z.string().optional() }),
  }),
  z.object({ type: z.literal('direction'), direction, reason: z.string() }),
  z.object({ type: z.literal('event'), event: z.looseObject({ type: z.string() }) }),
  z.object({
    type: z.literal('execution-finished'),
    outcome: z.enum(['succeeded', 'kept', 'rolled-back', 'aborted', 'failed']),
  }),
]);

export type JournalEntry = z.infer<typeof entrySchema>;
export type JournalLine = JournalEntry & { readonly seq: number; readonly at: number };

export const lineSchema = z.intersection(entrySchema, z.object({ seq: z.number(), at: z.number() }));
