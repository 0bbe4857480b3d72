import type { Direction, MigrationEvent, Outcome } from './events.ts';

/** A question that only a person answers. */
export interface GateRequest {
  readonly title: string;
  /** What the person agrees to, line by line. */
  readonly shows: readonly string[];
}

export interface GateAnswer {
  readonly approved: boolean;
  /** Who answered: a user name, or `rehearsal operator`. */
  readonly by: string;
  readonly comment?: string;
}

export interface StepOptions {
  /** What happens when the execution is paused: `hold` until it is resumed (default), or `go-on`. */
  readonly whilePaused?: 'hold' | 'go-on';
}

/** What a person asks of a running execution from another terminal. */
export interface Steering {
  readonly isPaused: boolean;
  /** Share of DNS answers the new app shall have, in percent; undefined: as planned. */
  readonly stagePercent: number | undefined;
}

/** What one run of the procedure for one app can rely on, whatever runs it (`engines/`). */
export interface Execution {
  readonly id: string;
  /** Aborted when the run is asked to stop. */
  readonly signal: AbortSignal;
  /**
   * Runs `run` at least once over all restarts and records its result; afterwards gives the recorded result. The
   * result must survive JSON and hold no secret: it is written down.
   */
  step<T>(id: string, run: (signal: AbortSignal) => Promise<T>, options?: StepOptions): Promise<T>;
  /** What is asked of it now. */
  steering(): Promise<Steering>;
  /** Forgets that this stage was asked for, once it is written down. */
  forgetStage(percent: number): Promise<void>;
  /** Sleeps until `ms` after it was first asked to, over restarts. `signal` may end it earlier than the execution's own. */
  sleep(id: string, ms: number, signal?: AbortSignal): Promise<void>;
  /** A person's answer, from this terminal or any other; asked once, then recorded. */
  gate(id: string, request: GateRequest): Promise<GateAnswer>;
  /** The recorded result of a step; undefined if it never finished. */
  recorded(id: string): unknown;
  /** True once a step was begun, finished or not. */
  wasStarted(id: string): boolean;
  /** Which way this execution goes. */
  readonly direction: Direction;
  /** Turns round, for good: written down before anything is undone. */
  turn(direction: Exclude<Direction, 'forward'>, reason: string): Promise<void>;
  /** Keeps an event for `status` and the report. */
  announce(event: MigrationEvent): Promise<void>;
  finish(outcome: Outcome): Promise<void>;
  /** Lets go of the execution, so that another process can go on with it. */
  release(): Promise<void>;
}

/** What an execution was asked to do; written down when it begins. Holds no secret. */
export type ExecutionSettings = Readonly<Record<string, unknown>>;

export interface BeginRequest {
  readonly rack: string;
  readonly app: string;
  readonly settings: ExecutionSettings;
}

/** What is known of an execution from its record alone, also while it runs elsewhere. */
export interface ExecutionView {
  readonly id: string;
  readonly rack: string;
  readonly app: string;
  readonly settings: ExecutionSettings;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly direction: Direction;
  /** Undefined while it is not over. */
  readonly outcome: Outcome | undefined;
  /** The gate that waits for an answer. */
  readonly openGate: { readonly gate: string; readonly title: string; readonly shows: readonly string[] } | undefined;
  readonly isPaused: boolean;
  readonly events: readonly MigrationEvent[];
  readonly results: ReadonlyMap<string, unknown>;
  /** Who works on it now, in words; undefined when nobody does. */
  readonly holder: string | undefined;
  /** Where its record and exports are, for people. */
  readonly location: string;
}

export interface ExecutionFilter {
  readonly rack?: string | undefined;
  readonly app?: string | undefined;
}

/** Runs executions durably: `engines/local` in a folder, `engines/dbos` in PostgreSQL. */
export interface Engine {
  /**
   * Begins a new execution and holds it.
   *
   * @throws {MigrationError} `EXECUTION_RUNNING` while another process works on the app, `EXECUTION_STATE` while an
   * earlier execution is not over.
   */
  begin(request: BeginRequest, signal: AbortSignal): Promise<Execution>;
  /** Takes up the newest execution of an app where it stopped. @throws `EXECUTION_NOT_FOUND`, `EXECUTION_RUNNING`. */
  resume(filter: ExecutionFilter, signal: AbortSignal): Promise<Execution>;
  /** All executions it knows, newest first. */
  list(filter: ExecutionFilter): Promise<readonly ExecutionView[]>;
  /** Answers the open gate of an app's newest execution, from anywhere. @throws `EXECUTION_STATE` if none is open. */
  answer(filter: ExecutionFilter, answer: GateAnswer): Promise<ExecutionView>;
  /** Asks the newest execution to hold before its next step, or to go on. */
  pause(filter: ExecutionFilter, isPaused: boolean): Promise<ExecutionView>;
  /** Asks the newest execution to move its records to this stage now. The last one asked for counts. */
  stage(filter: ExecutionFilter, percent: number): Promise<ExecutionView>;
}
