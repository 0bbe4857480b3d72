import type { MigrationEvent } from '../../../src/orchestrator/events.ts';

export const START = Date.UTC(2026, 0, 5, 9, 0, 0);

/** Events of a step, `seconds` after the start. */
export function started(step: string, seconds: number, says = `do ${step}`): MigrationEvent {
  return { type: 'step-started', step, phase: 'prepare', title: `Title of ${step}`, says, at: START + seconds * 1000 };
}

export function finished(step: string, seconds: number, says = `did ${step}`): MigrationEvent {
  return { type: 'step-finished', step, phase: 'prepare', says, wasDone: false, at: START + seconds * 1000 };
}

export function waiting(
  step: string,
  seconds: number,
  saw: string,
  { elapsedMs = 1000, ...limit }: { readonly elapsedMs?: number; readonly timeoutMs?: number } = {},
): MigrationEvent {
  return { type: 'waiting', step, what: 'the stack', saw, elapsedMs, ...limit, at: START + seconds * 1000 };
}

export function at<T extends object>(seconds: number, event: T): T & { readonly at: number } {
  return { ...event, at: START + seconds * 1000 };
}
