import type { Observation, Pace } from '../time/wait.ts';
import type { Steering } from './engine.ts';
import type { Phase } from './events.ts';
import type { Assessment, MigrationSettings } from './plan.ts';
import type { ExportPort, Ports, TrafficMinute } from './ports.ts';

/** What a step finds: whether there is anything to do, and one line a person can approve. */
export interface StepPlan {
  readonly state: 'todo' | 'done';
  readonly says: string;
}

/** What a plan of a step may look at. Its clients cannot write when it is a dry run. */
export interface PlanContext {
  readonly facts: Assessment;
  readonly settings: MigrationSettings;
  readonly ports: Ports;
}

export interface StepWait {
  /** What is awaited, for people: "stack convox-shop to be deleted". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Default 1500 ms. */
  readonly intervalMs?: number | Pace;
  /** A sign that it is worth looking: ends the pause in which it resolves. Must not reject. */
  readonly sign?: Promise<unknown>;
  /** True for an error of the probe that only means "ask again"; default: `retryable` MigrationErrors. */
  readonly isTransient?: (error: unknown) => boolean;
  readonly hint?: string;
}

/** What a step works with. `once` and `sleep` survive restarts; everything else is asked anew. */
export interface StepContext extends PlanContext {
  readonly execution: string;
  readonly exports: ExportPort;
  /** Runs an effect or reads what must not be read twice; records its result (JSON, no secrets) under this step. */
  once<T>(name: string, run: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** What `once` recorded under this step (in an undo: by the undo, else by the run), or under another one's run. */
  recorded(name: string, step?: string): unknown;
  /**
   * Sleeps until `ms` after it was first asked to. `what` is told to people: "no cache to hold the old TTL". `signal` may
   * end it earlier than the execution's own.
   */
  sleep(name: string, ms: number, what: string, signal?: AbortSignal): Promise<void>;
  wait<T>(probe: (signal: AbortSignal) => Promise<Observation<T>>, wait: StepWait, signal: AbortSignal): Promise<T>;
  say(message: string): void;
  warn(message: string): void;
  /** A line of a build's log. */
  log(line: string): void;
  /** Puts what was counted around a change on the record, for the report. */
  countTraffic(app: string, minutes: readonly TrafficMinute[]): void;
  /** What is asked of the execution from other terminals; for steps that look for it themselves (`pausesItself`). */
  steering(): Promise<Steering>;
  forgetStage(percent: number): Promise<void>;
  /** Somebody must act for this to go on: shown with emphasis, counted in the report. */
  askPerson(what: string): void;
}

/** One step of the procedure. */
export interface Step {
  readonly id: string;
  readonly phase: Exclude<Phase, 'plan'>;
  readonly title: string;
  /** Rough duration in ms, for the plan. */
  readonly expectedMs: number;
  /** It looks for a pause itself, since it must not stop watching while it holds. Default: it is held at any effect. */
  readonly pausesItself?: true;
  /** Reads only. */
  plan(context: PlanContext, signal: AbortSignal): Promise<StepPlan>;
  /** Safe to run again after a crash at any point inside it. Gives what it did, in one line. */
  run(context: StepContext, signal: AbortSignal): Promise<string>;
  /** Taken back by a rollback although it belongs to an earlier phase than cutover. */
  readonly isUndoneByRollback?: true;
  /** Takes back what `run` did, however far it came; safe to repeat. Absent: there is nothing to take back. */
  undo?(context: StepContext, signal: AbortSignal): Promise<void>;
  /** How long `undo` may take, ms; default 45 min. */
  readonly undoLimitMs?: number;
}

/** A person's agreement between two steps. */
export interface Gate {
  readonly id: string;
  readonly phase: Exclude<Phase, 'plan'>;
  readonly title: string;
  readonly isGate: true;
  /** Default: always. False passes it by without asking; it is not part of a plan then. */
  isNeeded?(context: StepContext): boolean;
  /** What the person agrees to, line by line; read from the world as it is now. */
  shows(context: StepContext, signal: AbortSignal): Promise<readonly string[]>;
}

export type Stage = Step | Gate;

export function isGate(stage: Stage): stage is Gate {
  return 'isGate' in stage;
}

/** A plan whose answer needs no look at the world. */
export function toDo(says: string): Promise<StepPlan> {
  return Promise.resolve({ state: 'todo', says });
}

export function alreadyDone(says: string): Promise<StepPlan> {
  return Promise.resolve({ state: 'done', says });
}
