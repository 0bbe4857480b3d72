import type { KillRunResult } from './kill-run.ts';
import { allPoints, choosePoints, pointName, type KillPoint } from './points.ts';

export interface Matrix {
  readonly name: string;
  /** `all`, or how many points at random. */
  readonly sample: string;
  /** Points by name, comma-separated, instead; empty for none. */
  readonly names: string;
  readonly atOnce: number;
  readonly run: (point: KillPoint) => Promise<KillRunResult>;
  /** What must be true of each run besides. */
  readonly judge?: (result: KillRunResult) => string | undefined;
  readonly print: (line: string) => void;
}

export interface MatrixResult {
  /** `after-3: requests failed: …`; empty when every point ended as it must. */
  readonly bad: readonly string[];
  readonly results: readonly KillRunResult[];
}

/** Runs a migration undisturbed, then again for each point, and compares. */
export async function runMatrix({ name, sample, names, atOnce, run, judge, print }: Matrix): Promise<MatrixResult> {
  const undisturbed = await run({ at: 'never' });
  if (undisturbed.problem !== undefined) throw new Error(`undisturbed: ${undisturbed.problem}`);
  const points = allPoints(undisturbed);
  const chosen = choosePoints(points, { names, sample });
  print(`${name}: ${chosen.length} of ${points.length} points: ${chosen.map(pointName).join(',')}`);
  const bad: string[] = [];
  const results: KillRunResult[] = [];
  await eachOf(chosen, atOnce, async (point) => {
    const result = await run(point).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      bad.push(`${pointName(point)}: the run itself failed: ${why}`);
    });
    if (result === undefined) return;
    results.push(result);
    const problem = problemOf(result, undisturbed) ?? judge?.(result);
    if (problem !== undefined) bad.push(`${pointName(point)}: ${problem}`);
    const took = result.takenOverMs === undefined ? '' : `, taken over after ${Math.round(result.takenOverMs)} ms`;
    const well = result.died ? `ok${took}` : 'ok, but over before it came to the point';
    if (sample === 'all' || names !== '' || problem !== undefined) {
      print(`${results.length}/${chosen.length} ${pointName(point)}: ${problem ?? well}`);
    }
  });
  const reached = results.filter(({ died }) => died).length;
  print(`${name}: killed at ${reached} points, ${chosen.length - bad.length} of ${chosen.length} ended as undisturbed`);
  return { bad, results };
}

function problemOf(result: KillRunResult, undisturbed: KillRunResult): string | undefined {
  if (result.problem !== undefined) return result.problem;
  // How many lines are written differs a little between runs (looks at what is awaited); requests do not.
  if (!result.died && result.point.at !== 'write') return 'the request never came';
  const [seen, wanted] = [result, undisturbed].map(({ effects }) => JSON.stringify(effects));
  if (seen !== wanted) return `ended otherwise: ${seen ?? ''} instead of ${wanted ?? ''}`;
  const failed = JSON.stringify(result.failedRequests);
  if (failed !== '{}') return `of ${result.sentRequests} requests failed: ${failed}`;
  return result.sentRequests === 0 ? 'nobody asked the app for anything' : undefined;
}

async function eachOf<T>(items: readonly T[], atOnce: number, run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
    }),
  );
}
