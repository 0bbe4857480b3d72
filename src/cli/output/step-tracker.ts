import type { MigrationEvent, Phase } from '../../orchestrator/events.ts';

/** A step that has begun and not ended. */
export interface RunningStep {
  readonly id: string;
  readonly title: string;
  readonly startedAt: number;
  /** What is awaited, what was seen last, since when and for how long at most (ms); undefined until it waits. */
  readonly waiting:
    | {
        readonly what: string;
        readonly saw: string;
        readonly startedAt: number;
        readonly timeoutMs: number | undefined;
      }
    | undefined;
  /** Last line of a build log. */
  readonly lastLog: string | undefined;
}

/** Follows events and knows which steps are running. */
export class StepTracker {
  readonly #running = new Map<string, RunningStep>();
  #phase: Phase | undefined;

  get running(): readonly RunningStep[] {
    return [...this.#running.values()];
  }

  /** Takes in an event; for one that ends a step gives how long it took, ms. */
  follow(event: MigrationEvent): number | undefined {
    switch (event.type) {
      case 'step-started':
      case 'undo-started':
        this.#running.set(event.step, {
          id: event.step,
          title: event.title,
          startedAt: event.at,
          waiting: undefined,
          lastLog: undefined,
        });
        return undefined;
      case 'waiting':
        this.#change(event.step, { waiting: waitOf(event) });
        return undefined;
      case 'log':
        this.#change(event.step, { lastLog: event.line });
        return undefined;
      case 'step-finished':
      case 'step-failed':
      case 'undo-finished':
      case 'undo-failed':
        return this.#end(event.step, event.at);
      case 'execution-started':
      case 'execution-finished':
        this.#running.clear();
        return undefined;
      default:
        return undefined;
    }
  }

  /** The phase that begins with this event; undefined when none does. */
  beginsPhase(event: MigrationEvent): Phase | undefined {
    if (event.type !== 'step-started' || event.phase === this.#phase) return undefined;
    this.#phase = event.phase;
    return event.phase;
  }

  #change(step: string, change: Partial<RunningStep>): void {
    const known = this.#running.get(step);
    if (known !== undefined) this.#running.set(step, { ...known, ...change });
  }

  #end(step: string, at: number): number | undefined {
    const known = this.#running.get(step);
    this.#running.delete(step);
    return known === undefined ? undefined : at - known.startedAt;
  }
}

function waitOf({ what, saw, at, elapsedMs, timeoutMs }: Extract<MigrationEvent, { type: 'waiting' }>) {
  return { what, saw, startedAt: at - elapsedMs, timeoutMs };
}
