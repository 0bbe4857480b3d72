import type * as z from 'zod';
import type { Clock } from '../time/clock.ts';
import type { RackLogger } from './options.ts';
import { expectSuccess, parseReply } from './reply.ts';
import type { Secrets } from './secrets.ts';
import type { Session } from './session.ts';
import type { RackRequest } from './request.ts';
import type { Transport } from './transport.ts';

/** What the operations of one client share. */
export interface RackContext {
  readonly session: Session;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: RackLogger | undefined;
  readonly secrets: Secrets;
}

/** Sends a request and reads its JSON answer. */
export async function ask<Schema extends z.ZodType>(
  { session }: RackContext,
  schema: Schema,
  request: RackRequest,
  signal: AbortSignal,
): Promise<z.output<Schema>> {
  return parseReply(await session.text(request, signal), schema);
}

/** Sends a request whose answer only says that it worked. */
export async function tell({ session }: RackContext, request: RackRequest, signal: AbortSignal): Promise<void> {
  expectSuccess(await session.text(request, signal));
}
