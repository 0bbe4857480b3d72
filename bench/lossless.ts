/**
 * Both procedures, ours and the article's by hand, in the same sandbox under the same traffic: requests lost, simulated
 * time, waits for a person, API calls.
 *
 *     npm run bench:lossless                           3 rack versions x 5 seeds, over 1,000,000 requests of ours, half an hour
 *     npm run bench:lossless -- --seeds 1 --rate 200   a small one
 *     npm run bench:lossless -- --without all          each safeguard turned off, by name or all of them
 *     npm run bench:lossless -- --json                 the last line is one JSON object
 */
import { parseArgs } from 'node:util';
import { PROCEDURES, runOnce, type RunFigures } from './lossless/one-run.ts';
import { runWithout } from './lossless/without.ts';
import { calls, describeRun, failureTable, minutes, timeTable, totalsOf } from './lossless/totals.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    'first-seed': { type: 'string', default: '1' },
    racks: { type: 'string', default: '20171213132441,20180901000000,20260421192651' },
    procedures: { type: 'string', default: 'gen2,article' },
    rate: { type: 'string', default: '1150' },
    scale: { type: 'string', default: '18' },
    'article-rate': { type: 'string', default: '600' },
    'article-scale': { type: 'string', default: '45' },
    without: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
/** What is claimed; a small run is held to what a small run can show. */
const BOUNDS = { lessTime: 0.35, perSecond: 500, sent: 1_000_000 };

type ProcedureName = keyof typeof PROCEDURES;
const signal = new AbortController().signal;
const [rate, scale] = [Number(values.rate), Number(values.scale)];
/** The article waits mostly: its time may pass quicker. What the machine takes then makes it look longer by some seconds. */
const PACES = {
  gen2: { rate, scale },
  article: { rate: Number(values['article-rate']), scale: Number(values['article-scale']) },
};
const say = (text: string): void => void process.stdout.write(`${text}\n`);

if (values.without === undefined) await compare();
else process.exitCode = (await runWithout({ which: values.without, rate, scale, say }, signal)) ? 0 : 1;

async function compare(): Promise<void> {
  const names = values.procedures.split(',') as ProcedureName[];
  const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => Number(values['first-seed']) + index);
  const runs: Record<ProcedureName, RunFigures[]> = { gen2: [], article: [] };
  const all = values.racks.split(',').length * seeds.length * names.length;
  for (const name of names) {
    const pace = PACES[name];
    say(`${name}: ${pace.rate} requests asked for a second, time ${pace.scale} times as fast`);
  }
  const began = performance.now();
  for (const rackVersion of values.racks.split(',')) {
    for (const seed of seeds) {
      for (const name of names) {
        const run = await runOnce({ procedure: PROCEDURES[name], rackVersion, seed, ...PACES[name] }, signal);
        runs[name].push(run);
        const done = runs.gen2.length + runs.article.length;
        say(`[${done} of ${all}, after ${real(performance.now() - began)}] ${describeRun(name, run)}`);
      }
    }
  }
  const [gen2, article] = [totalsOf(runs.gen2), totalsOf(runs.article)];
  for (const name of names) {
    const all = totalsOf(runs[name]);
    say(`\n${name}: ${all.runs} runs, ${all.sent} requests at ${all.perSecond}/s or more, ${all.failed} failed`);
    say(failureTable(runs[name]));
    say(`  where the simulated time went, in the median:\n${timeTable(runs[name])}`);
    say(
      `  median: ${minutes(all.simulatedMs)} simulated (${minutes(all.personMs)} a person's), ${all.humanWaits} waits for a person, ${calls(all)}`,
    );
  }
  if (names.length === 2) {
    const ratio = (ours: number, theirs: number): string => (ours / theirs).toFixed(2);
    say(
      `\nours to the article's: time ${ratio(gen2.simulatedMs, article.simulatedMs)}, waits for a person ${ratio(gen2.humanWaits, article.humanWaits)}, API calls ${ratio(gen2.apiCalls, article.apiCalls)}, those to the rack ${ratio(gen2.rackCalls, article.rackCalls)}`,
    );
  }
  say(
    `real time: ours ${real(gen2.wallMs)}, the article's ${real(article.wallMs)}; a run lasts its simulated time / ${PACES.gen2.scale} and / ${PACES.article.scale}`,
  );
  process.exitCode = judge(runs, seeds.length * values.racks.split(',').length) ? 0 : 1;
  if (values.json) {
    const all = Object.entries(runs).flatMap(([procedure, list]) => list.map((run) => ({ procedure, ...run })));
    say(JSON.stringify({ gen2, article, runs: all }));
  }
}

function real(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}

/** Holds the runs to what is claimed; a small run to what a small run can show. */
function judge(runs: Readonly<Record<ProcedureName, readonly RunFigures[]>>, pairs: number): boolean {
  const [gen2, article] = [totalsOf(runs.gen2), totalsOf(runs.article)];
  const isWhole = pairs >= 15;
  const claims: (readonly [string, boolean])[] = [];
  if (gen2.runs > 0) {
    claims.push(['every run of ours succeeded', runs.gen2.every(({ outcome }) => outcome === 'succeeded')]);
    claims.push(['no request of ours failed', gen2.failed === 0]);
  }
  if (gen2.runs > 0 && isWhole) {
    const slowest = Math.min(gen2.perSecond, article.perSecond);
    claims.push([`every run at ${BOUNDS.perSecond} requests a second or more`, slowest >= BOUNDS.perSecond]);
    claims.push([`${BOUNDS.sent} requests of ours or more`, gen2.sent >= BOUNDS.sent]);
  }
  if (article.runs > 0) {
    claims.push(['every run of the article loses requests', runs.article.every(({ failed }) => failed > 0)]);
    const unexplained = runs.article.flatMap(({ failures }) => failures.filter(({ why }) => why === ''));
    claims.push(['each loss is explained', unexplained.length === 0]);
  }
  if (gen2.runs > 0 && article.runs > 0) {
    const isFaster = gen2.simulatedMs <= (1 - BOUNDS.lessTime) * article.simulatedMs;
    claims.push([`ours takes ${BOUNDS.lessTime * 100} % less time`, isFaster]);
    claims.push(['ours asks the rack less often', gen2.rackCalls < article.rackCalls]);
    claims.push(['ours waits less often for a person', gen2.humanWaits < article.humanWaits]);
  }
  for (const [claim, holds] of claims) say(`${holds ? 'yes' : 'NO '} ${claim}`);
  return claims.every(([, holds]) => holds);
}
