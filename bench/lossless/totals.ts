import type { RunFigures } from './one-run.ts';

export interface Totals {
  readonly runs: number;
  readonly sent: number;
  readonly failed: number;
  /** Median of the runs. */
  readonly simulatedMs: number;
  readonly personMs: number;
  readonly humanWaits: number;
  readonly apiCalls: number;
  readonly rackCalls: number;
  /** Real ms, all runs together. */
  readonly wallMs: number;
  /** Slowest run. */
  readonly perSecond: number;
}

export function totalsOf(runs: readonly RunFigures[]): Totals {
  const sum = (of: (run: RunFigures) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const median = (of: (run: RunFigures) => number): number =>
    runs.map(of).toSorted((a, b) => a - b)[Math.floor(runs.length / 2)] ?? 0;
  return {
    runs: runs.length,
    sent: sum(({ sent }) => sent),
    failed: sum(({ failed }) => failed),
    simulatedMs: median(({ simulatedMs }) => simulatedMs),
    personMs: median(({ personMs }) => personMs),
    humanWaits: median(({ humanWaits }) => humanWaits),
    apiCalls: median(({ apiCalls }) => apiCalls),
    rackCalls: median(({ rackCalls }) => rackCalls),
    wallMs: sum(({ wallMs }) => wallMs),
    perSecond: Math.min(...runs.map(({ perSecond }) => perSecond)),
  };
}

const MINUTE_MS = 60_000;
/** Steps that take less are not worth a line. */
const SHOWN_STEP_MS = 10_000;

/** Where the simulated time went: the median of each step's, the longest first. */
export function timeTable(runs: readonly RunFigures[]): string {
  const ids = new Set(runs.flatMap(({ steps }) => Object.keys(steps)));
  const medians = [...ids].map((id) => {
    const all = runs.map(({ steps }) => steps[id] ?? 0).toSorted((a, b) => a - b);
    return { id, ms: all[Math.floor(all.length / 2)] ?? 0 };
  });
  return medians
    .filter(({ ms }) => ms >= SHOWN_STEP_MS)
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ id, ms }) => `  ${(ms / 1000).toFixed(0).padStart(7)} s  ${id}`)
    .join('\n');
}

export function minutes(ms: number): string {
  return `${(ms / MINUTE_MS).toFixed(1)} min`;
}

/** How much was asked, for people. */
export function calls({ apiCalls, rackCalls }: Pick<RunFigures, 'apiCalls' | 'rackCalls'>): string {
  return `${apiCalls} API calls (${rackCalls} to the rack)`;
}

/** One run, for people: what it took, and every way in which requests failed. */
export function describeRun(name: string, run: RunFigures): string {
  const { rackVersion, seed, outcome, sent, failed, simulatedMs, personMs, humanWaits, perSecond } = run;
  const head = [
    `${name.padEnd(8)} rack ${rackVersion} seed ${seed}: ${outcome}`,
    `${sent} requests (${perSecond}/s), ${failed} failed`,
    `${minutes(simulatedMs)} simulated (${minutes(personMs)} of it a person's)`,
    `${humanWaits} waits for a person, ${calls(run)}, ${(run.wallMs / 1000).toFixed(0)} s real`,
  ].join('; ');
  const failures = run.failures.flatMap(({ step, cause, count, fromMs, toMs, hosts, why }) => [
    `    ${step}: ${count} × ${cause}, ${minutes(fromMs)} to ${minutes(toMs)} after the start (${hosts.join(', ')})`,
    `      ${why}`,
  ]);
  const problem = run.problem === undefined ? [] : [`    ended with ${run.problem}`];
  return [head, ...failures, ...problem].join('\n');
}

/** Failed requests of all runs by step and cause, most first. */
export function failureTable(runs: readonly RunFigures[]): string {
  const kinds = new Map<string, { count: number; runs: number; why: string }>();
  for (const { failures } of runs) {
    for (const { step, cause, count, why } of failures) {
      const key = `${step}: ${cause}`;
      const known = kinds.get(key) ?? { count: 0, runs: 0, why };
      kinds.set(key, { why: known.why, count: known.count + count, runs: known.runs + 1 });
    }
  }
  return [...kinds]
    .toSorted(([, a], [, b]) => b.count - a.count)
    .map(([kind, found]) => `  ${String(found.count).padStart(7)} in ${found.runs} runs  ${kind}: ${found.why}`)
    .join('\n');
}
