import type { Connection } from '../../connect/connect.ts';
import type { ExecutionView } from '../../orchestrator/engine.ts';
import type { EventListener } from '../../orchestrator/events.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import type { Clock } from '../../time/clock.ts';

/** What a procedure finds when it is rehearsed: the sandbox with its app, clients on it, and an operator's habits. */
export interface RehearsalStage {
  readonly sandbox: Sandbox;
  readonly connection: Connection;
  /** Simulated time. */
  readonly clock: Clock;
  /** Folder with the source of the app. */
  readonly sourceFolder: string;
  /** Folder for what the procedure keeps. */
  readonly state: string;
  /** Simulated ms a person takes for whatever waits for them: a gate, a mail, a command that has ended. */
  readonly operatorMs: number;
  /** Things go wrong on purpose: the operator takes up again what stopped. */
  readonly isDisturbed: boolean;
  readonly process: { readonly pid: number; readonly exists: (pid: number) => boolean };
  readonly listener: EventListener;
  /** Tells what the operator did. */
  readonly onOperator: (what: string) => void;
  /** Calls back whenever a certificate mail was answered. */
  readonly onMail: (listener: (domain: string) => void) => void;
}

export interface ProcedureEnd {
  readonly view: ExecutionView | undefined;
  /** Why it did not end well. */
  readonly failure: unknown;
}

/** One way to migrate the app; tells its steps as events. */
export type RehearsedProcedure = (stage: RehearsalStage, signal: AbortSignal) => Promise<ProcedureEnd>;
