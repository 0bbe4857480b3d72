import * as z from 'zod';
import { describeChanges } from '../../aws/dns/describe-changes.ts';
import { recordBatchesSchema } from '../../aws/dns/record-batch.ts';
import type { ExecutionView } from '../../orchestrator/engine.ts';
import type { MigrationEvent, Outcome, Phase } from '../../orchestrator/events.ts';
import { trafficReport, type TrafficReport, type VisitorMinute } from './traffic.ts';

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
  readonly startedAt: number;
  readonly durationMs: number;
}

export interface GateReport {
  readonly gate: string;
  readonly title: string;
  readonly shows: readonly string[];
  readonly approved: boolean | undefined;
  readonly by: string | undefined;
  readonly comment: string | undefined;
  readonly openedAt: number;
  /** How long it was open, ms; undefined while it is. */
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
  /** The saved plan it was to follow; undefined when it was begun without one. */
  readonly plan: { readonly fingerprint: string; readonly madeAt: number } | undefined;
  readonly traffic: TrafficReport;
  /** Long times in which nothing was told: at a gate, or nobody worked on it. */
  readonly pauses: readonly Pause[];
  readonly dns: readonly {
    readonly name: string;
    readonly type: string;
    readonly before: string;
    readonly after: string;
  }[];
  /** What commit destroyed, or would have. */
  readonly destroyed: readonly string[];
  readonly cost: { readonly before: number; readonly after: number; readonly pricesOf: string } | undefined;
  /** Where the journal and the exports are, for people. */
  readonly location: string;
}

const changesSchema = z.object({
  changes: z.array(z.object({ name: z.string(), type: z.string(), before: z.string(), after: z.string() })),
});

/** A time in which nothing was told, ms since 1970. */
export interface Pause {
  readonly from: number;
  readonly to: number;
}

/** A shorter silence is a part of the work: waits tell what they see every 15 s. */
const SHORTEST_PAUSE_MS = 10 * 60_000;

const planSchema = z.object({ fingerprint: z.string(), madeAt: z.number() });

/** The parts of the recorded assessment that a report shows; other fields pass. */
const assessmentSchema = z.object({
  rack: z.object({ version: z.string() }),
  temporaryApp: z.string(),
  dns: changesSchema,
  destroys: z.array(z.string()),
  cost: z.object({ before: z.number(), after: z.number(), pricesOf: z.string() }),
});

/**
 * Makes the report of an execution from its record alone, also of one that failed or still runs. What `visitors` met is
 * known of a rehearsal only.
 */
export function buildReport(view: ExecutionView, visitors: readonly VisitorMinute[] = []): Report {
  const parsed = assessmentSchema.safeParse(view.results.get('assess'));
  const facts = parsed.success ? parsed.data : undefined;
  // What was switched knows balancers that were not there yet when it was planned.
  const switched = changesSchema.safeParse(view.results.get('switch-records/plan'));
  const { events } = view;
  const endedAt = events.at(-1)?.at ?? view.updatedAt;
  const steps = stepReports(events, endedAt);
  const isTtlBack = steps.some(({ id, state }) => id === 'restore-ttl' && state !== 'failed' && state !== 'running');
  const restored = recordBatchesSchema.safeParse(isTtlBack ? view.results.get('restore-ttl/batches') : []);
  return {
    execution: view.id,
    rack: view.rack,
    rackVersion: facts?.rack.version,
    app: view.app,
    outcome: view.outcome,
    startedAt: view.createdAt,
    endedAt,
    durationMs: endedAt - view.createdAt,
    steps,
    undone: undoReports(events, endedAt),
    gates: gateReports(events),
    humanWaits: events.flatMap((event) =>
      event.type === 'human-wait' ? [{ step: event.step, what: event.what }] : [],
    ),
    warnings: [...new Set(events.flatMap((event) => (event.type === 'warning' ? [event.message] : [])))],
    plan: planSchema.safeParse(view.settings['approvedPlan']).data,
    traffic: trafficReport(events, { app: view.app, temporaryApp: facts?.temporaryApp, visitors }),
    pauses: pausesOf([view.createdAt, ...events.map(({ at }) => at)]),
    dns: changesOf(
      facts?.dns.changes ?? [],
      switched.success ? switched.data.changes : [],
      (restored.data ?? []).flatMap((batch) => describeChanges([batch])),
    ),
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

function undoReports(events: readonly MigrationEvent[], endedAt: number): readonly UndoReport[] {
  const undone = new Map<string, UndoReport>();
  for (const event of events) {
    if (event.type === 'undo-started') {
      const startedAt = undone.get(event.step)?.startedAt ?? event.at;
      undone.set(event.step, {
        ...{ id: event.step, title: event.title, isDone: false, problem: undefined, startedAt },
        durationMs: endedAt - startedAt,
      });
    } else if (event.type === 'undo-finished' || event.type === 'undo-failed') {
      const { title = event.step, startedAt = event.at } = undone.get(event.step) ?? {};
      const problem = event.type === 'undo-failed' ? `[${event.code}] ${event.message}` : undefined;
      const isDone = problem === undefined;
      undone.set(event.step, { id: event.step, title, isDone, problem, startedAt, durationMs: event.at - startedAt });
    }
  }
  return [...undone.values()];
}

function gateReports(events: readonly MigrationEvent[]): readonly GateReport[] {
  const gates = new Map<string, GateReport>();
  for (const event of events) {
    if (event.type === 'gate-opened') {
      const { gate, title, shows, at } = event;
      const openedAt = gates.get(gate)?.openedAt ?? at;
      const open = { approved: undefined, by: undefined, comment: undefined, waitedMs: undefined };
      gates.set(gate, { gate, title, shows, openedAt, ...open });
    } else if (event.type === 'gate-answered') {
      const opened = gates.get(event.gate);
      if (opened === undefined) continue;
      const { approved, by, comment, at } = event;
      gates.set(event.gate, { ...opened, approved, by, comment, waitedMs: at - opened.openedAt });
    }
  }
  return [...gates.values()];
}

type RecordChange = Report['dns'][number];

/**
 * What was planned; when it was switched, with what was written then. The TTL had been lowered by that time, and was put
 * back later where `restored` says so.
 */
function changesOf(
  planned: readonly RecordChange[],
  switched: readonly RecordChange[],
  restored: readonly RecordChange[],
): readonly RecordChange[] {
  if (switched.length === 0) return planned;
  const [takePlanned, takeRestored] = [takerOf(planned), takerOf(restored)];
  return switched.map((change) => ({
    ...change,
    before: takePlanned(change)?.before ?? change.before,
    after: takeRestored(change)?.after ?? change.after,
  }));
}

/** A name can stand in several zones, in the same order each time: each is taken once. */
function takerOf(changes: readonly RecordChange[]): (of: RecordChange) => RecordChange | undefined {
  const left = [...changes];
  return ({ name, type }) => {
    const at = left.findIndex((change) => change.name === name && change.type === type);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
}

function pausesOf(times: readonly number[]): readonly Pause[] {
  // A clock that was set back tells times out of order.
  return times
    .toSorted((a, b) => a - b)
    .flatMap((to, index, sorted) => {
      const from = sorted[index - 1] ?? to;
      return to - from > SHORTEST_PAUSE_MS ? [{ from, to }] : [];
    });
}
