/**
 * Cold start: `gen2 --help`, `gen2 status` (of a migration that waits at its first gate) and `gen2 balancers --internal`
 * (against a sandbox in this process) beside `node -e 0`, taken in turns so that all see the same machine.
 *
 *     npm run bench:startup                  21 rounds
 *     npm run bench:startup -- --rounds 51
 *     npm run bench:startup -- --json        the last line is one JSON object
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { startOperator } from '../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../src/sandbox/scenario/shop-source.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '21' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);
const main = path.join(path.dirname(import.meta.dirname), 'dist', 'cli', 'main.js');
const SCALE = 300;
const GATE_PENDING = 10;

/** What is started, and how many times as long as `node -e 0` it may take. */
const CASES = [
  { name: 'node -e 0', argv: ['-e', '0'], limit: Infinity },
  { name: 'gen2 --help', argv: [main, '--help'], limit: 1.7 },
  { name: 'gen2 status', argv: [main, 'status'], limit: 2 },
  { name: 'gen2 balancers --internal', argv: [main, 'balancers', '--internal'], limit: 5 },
] as const;

const folder = await mkdtemp(path.join(tmpdir(), 'bench-startup-'));
const sandbox = await startSandbox({ scale: SCALE, rackParameters: { Internal: 'Yes' } });
const sendOperatorHome = startOperator(sandbox.world, { approveAfterMs: 0 });
try {
  await mkdir(path.join(folder, 'shop'));
  await writeShopSource(path.join(folder, 'shop'));
  await run([main, 'migrate', 'shop', '--source', 'shop', '--on-gate', 'exit'], GATE_PENDING);
  const times = CASES.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { argv }] of CASES.entries()) {
      const tookMs = await run(argv, 0);
      if (round > 0) times[index]?.push(tookMs); // the first round only fills the disk cache
    }
  }
  const medians = times.map(median);
  const [bare = NaN] = medians;
  const results = CASES.map(({ name, limit }, index) => {
    const medianMs = medians[index] ?? NaN;
    return { name, medianMs, ratio: medianMs / bare, limit };
  });
  for (const { name, medianMs, ratio, limit } of results) {
    const beside = limit === Infinity ? '' : `${ratio.toFixed(2)}x (limit ${limit}x)`;
    console.log(`${name.padEnd(28)}${medianMs.toFixed(1).padStart(8)} ms  ${beside}`.trimEnd());
  }
  const isWithin = results.every(({ ratio, limit }) => ratio <= limit);
  if (values.json) console.log(JSON.stringify({ rounds, isWithin, results }));
  process.exitCode = isWithin ? 0 : 1;
} finally {
  sendOperatorHome();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
}

/** Starts a process and gives the ms until it is gone. */
async function run(argv: readonly string[], wanted: number): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, argv, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, ...sandbox.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  await once(child, 'close');
  const tookMs = performance.now() - startedAt;
  if (child.exitCode !== wanted) throw new Error(`${argv.join(' ')} ended with ${child.exitCode}:\n${stderr}`);
  return tookMs;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
