import type { Direction, MigrationEvent, Outcome } from '../../events.ts';
import type { ExecutionSettings, GateAnswer } from '../../engine.ts';
import type { JournalLine } from './journal-entry.ts';

/** What a journal says so far. */
export interface ReplayedState {
  readonly id: string;
  readonly rack: string;
  readonly app: string;
  readonly settings: ExecutionSettings;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly direction: Direction;
  readonly outcome: Outcome | undefined;
  readonly started: ReadonlySet<string>;
  readonly results: ReadonlyMap<string, unknown>;
  readonly wakeTimes: ReadonlyMap<string, number>;
  readonly answers: ReadonlyMap<string, GateAnswer>;
  readonly openGate: { readonly gate: string; readonly title: string; readonly shows: readonly string[] } | undefined;
  readonly events: readonly MigrationEvent[];
}

/** Folds the lines of a journal into a state; undefined for an empty one. Pure: any prefix gives a state. */
export function replay(lines: readonly JournalLine[]): ReplayedState | undefined {
  const created = lines[0];
  if (created?.type !== 'execution-created') return undefined;
  const started = new Set<string>();
  const results = new Map<string, unknown>();
  const wakeTimes = new Map<string, number>();
  const answers = new Map<string, GateAnswer>();
  const events: MigrationEvent[] = [];
  let direction: Direction = 'forward';
  let outcome: Outcome | undefined;
  let openGate: ReplayedState['openGate'];
  for (const line of lines) {
    switch (line.type) {
      case 'step-started':
        started.add(line.step);
        break;
      case 'step-finished':
        results.set(line.step, line.result);
        break;
      case 'sleep-until':
        wakeTimes.set(line.step, line.until);
        break;
      case 'gate-opened':
        openGate = { gate: line.gate, title: line.title, shows: line.shows };
        break;
      case 'gate-answered': {
        const { comment } = line.answer;
        answers.set(line.gate, {
          approved: line.answer.approved,
          by: line.answer.by,
          ...(comment === undefined ? {} : { comment }),
        });
        openGate = undefined;
        break;
      }
      case 'direction':
        direction = line.direction;
        outcome = undefined;
        openGate = undefined;
        break;
      case 'execution-finished':
        outcome = line.outcome;
        openGate = undefined;
        break;
      case 'event':
        // Written by this program as a MigrationEvent; kinds of other versions only pass through to renderers.
        events.push(line.event as unknown as MigrationEvent);
        break;
      case 'execution-created':
      case 'run-started':
      case 'step-failed':
        break;
    }
  }
  const { execution: id, rack, app, settings, at: createdAt } = created;
  const updatedAt = lines.at(-1)?.at ?? createdAt;
  return {
    ...{ id, rack, app, settings, createdAt, updatedAt, direction, outcome },
    ...{ started, results, wakeTimes, answers, openGate, events },
  };
}
