import { ERROR_CODES, MigrationError, type ErrorCode } from '../errors.ts';
import type { MigrationEvent } from './events.ts';

/** The failure at which an execution stopped going forward, from its record; undefined if it was turned round at will. */
export function firstFailure(events: readonly MigrationEvent[]): Error | undefined {
  const last = events.findLast(({ type }) => type === 'step-started' || type === 'step-failed');
  if (last?.type !== 'step-failed' || last.code === 'STOPPED') return undefined;
  const { code, message, step } = last;
  return isCode(code) ? new MigrationError(code, message, { details: { step } }) : new Error(message);
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
