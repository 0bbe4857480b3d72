import { z } from 'zod';
import type { ExecutionView } from '../../orchestrator/engine.ts';
import type { MigrationEvent, Outcome, Phase } from '../../orchestrator/events.ts';

export type StepState = 'done' | 'was done' | 'failed' | 'running';

export interface StepReport {
  readonly id: string;
  readonly phase: Phase;
  readonly title: string;
  readonly state: StepState;
  /** What it did, or why it failed. */
  readonly says: string;
  /** ms since 1970, of the execution's clock. */
  readonly startedAt: number;
  /** ms; over all its tries. */
  readonly durationMs: number;
}

export interface UndoReport {
  readonly id: string;
  readonly title: string;
  readonly isDone: boolean;
  readonly problem: string | undefined;
}

export interface GateReport {
  readonly gate: string;
  readonly title: string;
  readonly shows: readonly string[];
  readonly approved: boolean | undefined;
  readonly by: string | undefined;
  /** How long it was open, ms. */
  readonly waitedMs: number | undefined;
}

/** What came of an execution; plain data without secrets. */
export interface Report {
  readonly execution: string;
  readonly rack: string;
  readonly rackVersion: string | undefined;
  readonly app: string;
  /** Undefined while it is not over. */
  readonly outcome: Outcome | undefined;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly durationMs: number;
  readonly steps: readonly StepReport[];
  readonly undone: readonly UndoReport[];
  readonly gates: readonly GateReport[];
  /** What people were asked to do beside the gates. */
  readonly humanWaits: readonly { readonly step: string; readonly what: string }[];
  readonly warnings: readonly string[];
  readonly dns: readonly {
    readonly name: string;
    readonly type: string;
    readonly before: string;
    readonly after: string;
  }[];
  /** What commit destroyed, or would have. */
  readonly destroyed: readonly string[];
  readonly cost: { readonly before: number; readonly after: number; readonly pricesOf: string } | undefined;
  /** Folder of the journal and the exports. */
  readonly location: string;
}

const changesSchema = z.object({
  changes: z.array(z.object({ name: z.string(), type: z.string(), before: z.string(), after: z.string() })),
});

/** The parts of the recorded assessment that a report shows; other fields pass. */
const assessmentSchema = z.object({
  rack: z.object({ version: z.string() }),
  dns: changesSchema,
  destroys: z.array(z.string()),
  cost: z.object({ before: z.number(), after: z.number(), pricesOf: z.string() }),
});

/** Makes the report of an execution from its record alone, also of one that failed or still runs. */
export function buildReport(view: ExecutionView): Report {
  const parsed = assessmentSchema.safeParse(view.results.get('assess'));
  const facts = parsed.success ? parsed.data : undefined;
  // What was switched in the end knows balancers that were not there yet when it was planned.
  const switched = changesSchema.safeParse(view.results.get('switch-records/plan'));
  const { events } = view;
  const endedAt = events.at(-1)?.at ?? view.updatedAt;
  return {
    execution: view.id,
    rack: view.rack,
    rackVersion: facts?.rack.version,
    app: view.app,
    outcome: view.outcome,
    startedAt: view.createdAt,
    endedAt,
    durationMs: endedAt - view.createdAt,
    steps: stepReports(events, endedAt),
    undone: undoReports(events),
    gates: gateReports(events),
    humanWaits: events.flatMap((event) =>
      event.type === 'human-wait' ? [{ step: event.step, what: event.what }] : [],
    ),
    warnings: [...new Set(events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])))],
    dns: switched.success ? switched.data.changes : (facts?.dns.changes ?? []),
    destroyed: facts?.destroys ?? [],
    cost: facts?.cost,
    location: view.location,
  };
}

/** How often a person was needed: each gate, and each thing somebody had to do. */
export function countHumanWaits(report: Report): number {
  return report.gates.length + report.humanWaits.length;
}

function stepReports(events: readonly MigrationEvent[], endedAt: number): readonly StepReport[] {
  const steps = new Map<string, StepReport>();
  for (const event of events) {
    if (event.type === 'step-started') {
      const { step: id, phase, title, says, at } = event;
      const earlier = steps.get(id);
      const startedAt = earlier?.startedAt ?? at;
      // A step begun again after a crash goes on; its time runs from its first beginning.
      steps.set(id, { id, phase, title, says, startedAt, state: 'running', durationMs: endedAt - startedAt });
    } else if (event.type === 'step-finished' || event.type === 'step-failed') {
      const begun = steps.get(event.step);
      if (begun === undefined) continue;
      const isFinished = event.type === 'step-finished';
      steps.set(event.step, {
        ...begun,
        state: isFinished ? (event.wasDone ? 'was done' : 'done') : 'failed',
        says: isFinished ? event.says : `[${event.code}] ${event.message}`,
        durationMs: event.at - begun.startedAt,
      });
    }
  }
  return [...steps.values()];
}

function undoReports(events: readonly MigrationEvent[]): readonly UndoReport[] {
  const undone = new Map<string, UndoReport>();
  for (const event of events) {
    if (event.type === 'undo-started') {
      undone.set(event.step, { id: event.step, title: event.title, isDone: false, problem: undefined });
    } else if (event.type === 'undo-finished' || event.type === 'undo-failed') {
      const title = undone.get(event.step)?.title ?? event.step;
      const problem = event.type === 'undo-failed' ? `[${event.code}] ${event.message}` : undefined;
      undone.set(event.step, { id: event.step, title, isDone: problem === undefined, problem });
    }
  }
  return [...undone.values()];
}

function gateReports(events: readonly MigrationEvent[]): readonly GateReport[] {
  const gates = new Map<string, GateReport & { readonly openedAt: number }>();
  for (const event of events) {
    if (event.type === 'gate-opened') {
      const { gate, title, shows, at } = event;
      const openedAt = gates.get(gate)?.openedAt ?? at;
      gates.set(gate, { gate, title, shows, openedAt, approved: undefined, by: undefined, waitedMs: undefined });
    } else if (event.type === 'gate-answered') {
      const opened = gates.get(event.gate);
      if (opened === undefined) continue;
      const { approved, by, at } = event;
      gates.set(event.gate, { ...opened, approved, by, waitedMs: at - opened.openedAt });
    }
  }
  return [...gates.values()].map(({ gate, title, shows, approved, by, waitedMs }) => ({
    ...{ gate, title, shows, approved, by, waitedMs },
  }));
}
