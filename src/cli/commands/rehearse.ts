import { errorJson, errorBlock, exitCodeOf } from '../output/error-block.ts';
import { EXIT_CODES } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import type { Invocation } from '../command.ts';
import { given } from '../given.ts';
import { OPTIONS } from '../options/options.ts';
import { chooseView } from '../output/choose-view.ts';
import { articleProcedure } from '../rehearsal/article/article-procedure.ts';
import { failuresByStep } from '../rehearsal/failures.ts';
import { gen2Procedure } from '../rehearsal/gen2-procedure.ts';
import { rehearse, type RehearsalResult } from '../rehearsal/rehearsal.ts';
import { reportHtml } from '../report/html/report-html.ts';
import { buildReport, countHumanWaits, type Report } from '../report/report.ts';
import { reportText, tableWidth, type RehearsalFigures } from '../report/report-text.ts';
import { writeOutput } from '../write-output.ts';

const DEFAULT_RATE = 100;
const DEFAULT_SCALE = 60;
const PROCEDURES = { gen2: gen2Procedure, article: articleProcedure } as const;

type ProcedureName = keyof typeof PROCEDURES;

/**
 * A whole migration in the sandbox, under traffic. Exit code 0 only if it succeeded (under chaos also: was taken back
 * without a trace) and no request failed.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const scale = options.get(OPTIONS.scale) ?? DEFAULT_SCALE;
  const sandboxOptions = {
    scale,
    seed: options.get(OPTIONS.seed) ?? 1,
    ...given('rackVersion', options.get(OPTIONS.rackVersion)),
    ...given('chaos', options.get(OPTIONS.chaos)),
  };
  const name = options.get(OPTIONS.procedure) ?? 'gen2';
  const now: { clock?: Clock } = {};
  const view = chooseView(invocation, { now: () => now.clock?.now() ?? Date.now() });
  const say = (text: string): void => {
    if (options.has(OPTIONS.quiet) || options.has(OPTIONS.json)) return;
    view.hold();
    shell.stderr.write(`${text}\n`);
    view.release();
  };
  let result: RehearsalResult;
  try {
    result = await rehearse(
      {
        procedure: PROCEDURES[name],
        sandbox: sandboxOptions,
        ratePerSecond: options.get(OPTIONS.rate) ?? DEFAULT_RATE,
        process: { pid: shell.pid, exists: (pid) => shell.processExists(pid) },
        listener: (event) => view.show(event),
        onReady: ({ clock, sandbox }) => {
          now.clock = clock;
          say(
            `sandbox: rack version ${sandbox.world.settings.rackVersion}, 1 real second = ${scale} simulated; traffic flows`,
          );
        },
        onOperator: (what) => say(`operator: ${what}`),
      },
      shell.signal,
    );
  } finally {
    view.close();
  }
  return print(invocation, result, { name, scale });
}

interface Rehearsed {
  readonly name: ProcedureName;
  readonly scale: number;
}

/** What visitors met counts more than what balancers counted: it is what the migration promises. */
function reportOf({ view, traffic, rackVersion }: RehearsalResult): Report | undefined {
  if (view === undefined) return undefined;
  const visitors = traffic.buckets.map(({ atMs, sent, failed }) => ({ at: atMs, sent, failed }));
  // The record is gone with the sandbox.
  return { ...buildReport(view, visitors), rackVersion, location: '' };
}

async function print(invocation: Invocation, result: RehearsalResult, rehearsed: Rehearsed): Promise<number> {
  const { shell, options, style, errorStyle } = invocation;
  const { failure, traffic } = result;
  const report = reportOf(result);
  const figures = figuresOf(result, rehearsed, report);
  if (failure !== undefined) {
    const verbose = options.has(OPTIONS.verbose);
    shell.stderr.write(errorBlock(failure, { style: errorStyle, verbose, output: shell.stderr }));
  }
  if (report !== undefined && options.get(OPTIONS.output) !== undefined)
    await writeOutput(invocation, reportHtml(report));
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify(toJson(result, rehearsed.name, report))}\n`);
  else if (report !== undefined)
    shell.stdout.write(reportText(report, { style, figures, ...tableWidth(shell.stdout) }));
  if (failure !== undefined) return exitCodeOf(failure, shell.stoppedBy());
  const isDisturbed = options.get(OPTIONS.chaos) !== undefined;
  const endedWell = report?.outcome === 'succeeded' || (isDisturbed && result.leftNoTrace);
  return endedWell && traffic.failed === 0 ? EXIT_CODES.ok : EXIT_CODES.failed;
}

function figuresOf(
  { traffic, apiCalls, wallMs }: RehearsalResult,
  { name, scale }: Rehearsed,
  report: Report | undefined,
): RehearsalFigures {
  const failures = failuresByStep(traffic, report?.startedAt ?? 0);
  return {
    ...{ procedure: name, scale, wallMs },
    requests: { sent: traffic.sent, failed: traffic.failed, failures },
    apiCalls: [...apiCalls],
  };
}

/** The one object of `--json`; its shape is a promise to programs (docs/cli.md). */
function toJson(
  result: RehearsalResult,
  procedure: ProcedureName,
  report: Report | undefined,
): Readonly<Record<string, unknown>> {
  const { traffic, apiCalls, rackVersion, wallMs, failure } = result;
  const rack = apiCalls.get('rack') ?? 0;
  const all = [...apiCalls.values()].reduce((sum, count) => sum + count, 0);
  return {
    outcome: report?.outcome ?? 'failed',
    procedure,
    rackVersion,
    simulatedMs: Math.round(report?.durationMs ?? 0),
    wallMs: Math.round(wallMs),
    requests: {
      sent: traffic.sent,
      failed: traffic.failed,
      failures: failuresByStep(traffic, report?.startedAt ?? 0),
    },
    apiCalls: { rack, aws: all - rack },
    humanWaits: report === undefined ? 0 : countHumanWaits(report),
    steps: (report?.steps ?? []).map(({ id, phase, durationMs }) => ({
      id,
      phase,
      simulatedMs: Math.round(durationMs),
    })),
    ...(failure === undefined ? {} : errorJson(failure)),
  };
}
