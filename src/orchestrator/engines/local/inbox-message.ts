import * as z from 'zod';

export const messageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('gate'),
    gate: z.string(),
    answer: z.object({ approved: z.boolean(), by: z.string(), comment: z.string().optional() }),
  }),
  z.object({ type: z.literal('pause') }),
  z.object({ type: z.literal('resume') }),
  z.object({ type: z.literal('stage'), percent: z.number() }),
]);

/** What another terminal tells a running execution. */
export type InboxMessage = z.infer<typeof messageSchema>;
