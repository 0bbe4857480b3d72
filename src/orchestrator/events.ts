/** What an execution tells while it runs. The command line draws it, `--json` writes it as lines, tests collect it. */
import type { TrafficMinute } from './aws-port.ts';

/** `restore` is no part of a migration: it brings the old app back from its export. */
export type Phase = 'plan' | 'prepare' | 'cutover' | 'commit' | 'restore';
export type Direction = 'forward' | 'rollback' | 'abort';
export type Outcome = 'succeeded' | 'kept' | 'rolled-back' | 'aborted' | 'failed';

interface Timed {
  /** ms since 1970, of the execution's clock. */
  readonly at: number;
}

export type MigrationEvent = Timed &
  (
    | {
        readonly type: 'execution-started';
        readonly execution: string;
        readonly app: string;
        readonly resumed: boolean;
      }
    | { readonly type: 'direction'; readonly direction: Direction; readonly reason: string }
    | {
        readonly type: 'step-started';
        readonly step: string;
        readonly phase: Phase;
        readonly title: string;
        readonly says: string;
      }
    | {
        readonly type: 'waiting';
        readonly step: string;
        readonly what: string;
        readonly saw: string;
        readonly elapsedMs: number;
        /** How long this wait may take at most, ms; absent where nothing limits it. */
        readonly timeoutMs?: number;
      }
    | { readonly type: 'said'; readonly step: string; readonly message: string }
    | { readonly type: 'warning'; readonly step: string; readonly message: string }
    | { readonly type: 'log'; readonly step: string; readonly line: string }
    | {
        readonly type: 'step-finished';
        readonly step: string;
        readonly phase: Phase;
        readonly says: string;
        readonly wasDone: boolean;
      }
    | { readonly type: 'step-failed'; readonly step: string; readonly code: string; readonly message: string }
    | { readonly type: 'gate-opened'; readonly gate: string; readonly title: string; readonly shows: readonly string[] }
    | {
        readonly type: 'gate-answered';
        readonly gate: string;
        readonly approved: boolean;
        readonly by: string;
        readonly comment?: string;
      }
    | {
        /** What CloudWatch counted around a change, for the report. */
        readonly type: 'traffic';
        readonly step: string;
        /** The generation-2 app whose requests are the new ones. */
        readonly app: string;
        readonly minutes: readonly TrafficMinute[];
      }
    | { readonly type: 'human-wait'; readonly step: string; readonly what: string }
    | { readonly type: 'undo-started'; readonly step: string; readonly title: string }
    | { readonly type: 'undo-finished'; readonly step: string }
    | { readonly type: 'undo-failed'; readonly step: string; readonly code: string; readonly message: string }
    | { readonly type: 'execution-finished'; readonly outcome: Outcome }
  );

export type EventListener = (event: MigrationEvent) => void;
