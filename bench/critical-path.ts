/**
 * Where the time of a migration goes: every wait that the world imposes on it, one by one, what the procedure waits
 * beyond that to be sure, and what is left: our own overhead.
 *
 *     npm run bench:critical-path -- [--scale 5] [--rate 30] [--rack-version 20171213132441] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { PROCEDURES } from './lossless/one-run.ts';
import { rehearse } from '../src/cli/rehearsal/rehearsal.ts';
import { buildReport } from '../src/cli/report/report.ts';
import { WaitRecorder, type Wait } from './critical-path/waits.ts';

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '5' },
    rate: { type: 'string', default: '30' },
    'rack-version': { type: 'string', default: '20171213132441' },
    seed: { type: 'string', default: '1' },
  },
});
/** Our overhead over the sum of the waits. */
const BOUNDS = { share: 0.02, ms: 30_000 };

const found: { recorder?: WaitRecorder } = {};
const result = await rehearse(
  {
    procedure: PROCEDURES.gen2,
    sandbox: { scale: Number(values.scale), seed: Number(values.seed), rackVersion: values['rack-version'] },
    ratePerSecond: Number(values.rate),
    process: { pid: process.pid, exists: (pid) => pid === process.pid },
    listener: (event) => found.recorder?.hear(event),
    onReady: ({ sandbox }) => (found.recorder = new WaitRecorder(sandbox)),
    onOperator: () => undefined,
  },
  new AbortController().signal,
);
if (result.view === undefined || found.recorder === undefined) throw new Error('the migration left no record');
const { startedAt, endedAt, steps, outcome } = buildReport(result.view);
const waits = found.recorder.end().toSorted((a, b) => a.from - b.from || b.to - a.to);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const seconds = (ms: number): string => (ms / 1000).toFixed(1).padStart(8);

say(
  `rack ${values['rack-version']}, seed ${values.seed}, time ${values.scale} times as fast: ${outcome ?? 'not over'}\n`,
);
if (result.failure instanceof Error) say(`ended with ${result.failure.message}\n`);
say('    from s  lasts s   adds s  wait');
const covered = { world: 0, rule: 0 };
const world = printWaits('world', []);
printWaits('rule', world);
const totalMs = endedAt - startedAt;
const overheadMs = totalMs - covered.world;
say(`\nimposed by the world      ${seconds(covered.world)} s`);
say(`added to be sure          ${seconds(covered.rule)} s`);
say(`looks late, calls, work   ${seconds(overheadMs - covered.rule)} s`);
say(`our overhead, both        ${seconds(overheadMs)} s, ${((100 * overheadMs) / covered.world).toFixed(1)} %`);
say(`together                  ${seconds(totalMs)} s`);
say('\noverhead by step');
for (const { id, startedAt: from, durationMs } of steps) {
  const left = durationMs - lengthOf(waits, from, from + durationMs);
  if (left > 500) say(`  ${seconds(left)} s of ${seconds(durationMs)} s  ${id}`);
}
const calls = found.recorder.calls();
say(`\nAPI calls  ${calls.reduce((sum, [, count]) => sum + count, 0)}`);
for (const [operation, count] of calls) say(`  ${String(count).padStart(6)}  ${operation}`);
const isWithin = overheadMs <= BOUNDS.ms && overheadMs <= BOUNDS.share * covered.world;
say(`\noverhead within ${BOUNDS.share * 100} % and ${BOUNDS.ms / 1000} s: ${isWithin ? 'yes' : 'NO'}`);
process.exitCode = isWithin && outcome === 'succeeded' ? 0 : 1;

/** Each wait with what it adds to those before it; gives all that were printed. */
function printWaits(kind: Wait['kind'], before: readonly Wait[]): readonly Wait[] {
  say(kind === 'world' ? '  the world' : '  to be sure');
  const seen: Wait[] = [...before];
  for (const wait of waits.filter((one) => one.kind === kind && one.to > startedAt && one.from < endedAt)) {
    const addsMs = lengthOf([...seen, wait], startedAt, endedAt) - lengthOf(seen, startedAt, endedAt);
    seen.push(wait);
    covered[kind] += addsMs;
    if (addsMs < 50) continue;
    say(`  ${seconds(wait.from - startedAt)} ${seconds(wait.to - wait.from)} ${seconds(addsMs)}  ${wait.what}`);
  }
  return seen;
}

/** How much of a stretch of time is covered by at least one wait. */
function lengthOf(list: readonly Wait[], from: number, to: number): number {
  let length = 0;
  let end = from;
  for (const wait of list.toSorted((a, b) => a.from - b.from)) {
    const begin = Math.max(end, wait.from);
    const finish = Math.min(to, wait.to);
    if (finish > begin) {
      length += finish - begin;
      end = finish;
    }
  }
  return length;
}
