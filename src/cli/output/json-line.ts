import { MigrationError } from '../../errors.ts';
import type { MigrationEvent } from '../../orchestrator/events.ts';
import { errorJson } from './error-block.ts';
import { eventText } from './event-text.ts';
import { UNSTYLED } from './style.ts';

/** Levels as pino numbers them (pino docs/api.md#levels). */
const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;

const LEVEL_OF: Partial<Readonly<Record<MigrationEvent['type'], number>>> = {
  log: LEVELS.debug,
  waiting: LEVELS.debug,
  direction: LEVELS.warn,
  warning: LEVELS.warn,
  'gate-opened': LEVELS.warn,
  'human-wait': LEVELS.warn,
  'step-failed': LEVELS.error,
  'undo-failed': LEVELS.error,
};

/**
 * An event as a line of JSON in pino's form, `level`, `time` and `msg` before the event's own fields, so that log
 * collectors know what to do with it.
 */
export function jsonLine(event: MigrationEvent, about: Readonly<Record<string, string>> = {}): string {
  const level = LEVEL_OF[event.type] ?? LEVELS.info;
  return `${JSON.stringify({ level, time: event.at, msg: messageOf(event), ...about, ...event })}\n`;
}

/** What ended the process, as the last line of the same log; to wait or to be stopped is no error. `time` in ms. */
export function errorLine(error: unknown, time: number): string {
  const level = MigrationError.is(error, 'GATE_PENDING', 'STOPPED') ? LEVELS.warn : LEVELS.error;
  const msg = error instanceof Error ? error.message : String(error);
  return `${JSON.stringify({ level, time, msg, ...errorJson(error) })}\n`;
}

function messageOf(event: MigrationEvent): string {
  if (event.type === 'waiting') return `${event.step} waits for ${event.what}: ${event.saw}`;
  return (eventText(event, undefined, { style: UNSTYLED, verbosity: 'verbose' }) ?? event.type).trim();
}
