import { articleProcedure } from '../../src/cli/rehearsal/article/article-procedure.ts';
import { failuresByStep } from '../../src/cli/rehearsal/failures.ts';
import { gen2Procedure } from '../../src/cli/rehearsal/gen2-procedure.ts';
import { rehearse, type TrafficShape } from '../../src/cli/rehearsal/rehearsal.ts';
import type { RehearsedProcedure } from '../../src/cli/rehearsal/stage.ts';
import { buildReport, countHumanWaits } from '../../src/cli/report/report.ts';
import type { FailuresOfStep } from '../../src/cli/report/report-text.ts';
import { MigrationError } from '../../src/errors.ts';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

export const PROCEDURES = { gen2: gen2Procedure, article: articleProcedure } as const;

export interface RunOptions {
  readonly procedure: RehearsedProcedure;
  readonly rackVersion: string;
  readonly seed: number;
  readonly scale: number;
  /** Requests a real second. */
  readonly rate: number;
  /** Changes the world before anything begins. */
  readonly arrange?: (sandbox: Sandbox) => void;
  /** Hears what the procedure tells, as it happens. */
  readonly onEvent?: (event: MigrationEvent, sandbox: Sandbox) => void;
  readonly traffic?: TrafficShape;
}

export interface RunFigures {
  readonly rackVersion: string;
  readonly seed: number;
  readonly outcome: string;
  readonly sent: number;
  readonly failed: number;
  readonly failures: readonly FailuresOfStep[];
  readonly simulatedMs: number;
  /** Of it, the time in which a person notices, reads and types; mails not counted. */
  readonly personMs: number;
  readonly humanWaits: number;
  readonly apiCalls: number;
  /** Those of them that the rack answers, which is the slowest to do so. */
  readonly rackCalls: number;
  /** Simulated ms of each step and gate. */
  readonly steps: Readonly<Record<string, number>>;
  readonly scale: number;
  readonly wallMs: number;
  readonly perSecond: number;
  /** Why it did not end well. */
  readonly problem: string | undefined;
}

/** One whole migration under traffic, in figures. */
export async function runOnce(options: RunOptions, signal: AbortSignal): Promise<RunFigures> {
  const { procedure, rackVersion, seed, scale, rate, arrange, onEvent, traffic: shape } = options;
  let startedAt = 0;
  let world: Sandbox | undefined;
  const result = await rehearse(
    {
      procedure,
      sandbox: { rackVersion, seed, scale },
      ratePerSecond: rate,
      ...(shape === undefined ? {} : { traffic: shape }),
      process: { pid: process.pid, exists: (pid) => pid === process.pid },
      listener: (event) => {
        if (world !== undefined) onEvent?.(event, world);
      },
      onReady: ({ sandbox }) => {
        world = sandbox;
        arrange?.(sandbox);
        startedAt = performance.now();
      },
      onOperator: () => undefined,
    },
    signal,
  );
  const trafficMs = performance.now() - startedAt;
  const { view, traffic, failure } = result;
  if (view === undefined) throw failure instanceof Error ? failure : new Error('the migration left no record');
  const report = buildReport(view);
  const people = view.events.filter((event) => event.type === 'human-wait' && !event.what.includes('mail'));
  const gatesMs = report.gates.reduce((sum, { waitedMs = 0 }) => sum + waitedMs, 0);
  return {
    ...{ rackVersion, seed, outcome: report.outcome ?? 'not over' },
    ...{ sent: traffic.sent, failed: traffic.failed, failures: failuresByStep(traffic, report.startedAt) },
    simulatedMs: Math.round(report.durationMs),
    personMs: Math.round(gatesMs + people.length * result.operatorMs),
    humanWaits: countHumanWaits(report),
    apiCalls: [...result.apiCalls.values()].reduce((sum, calls) => sum + calls, 0),
    rackCalls: result.apiCalls.get('rack') ?? 0,
    steps: Object.fromEntries([
      ...report.steps.map(({ id, durationMs }) => [id, Math.round(durationMs)] as const),
      ...report.gates.map(({ gate, waitedMs = 0 }) => [gate, Math.round(waitedMs)] as const),
    ]),
    scale,
    wallMs: Math.round(result.wallMs),
    perSecond: Math.round(traffic.sent / (trafficMs / 1000)),
    problem: MigrationError.is(failure) ? `${failure.code}: ${failure.message}` : undefined,
  };
}
