/**
 * Peak memory of a container-mode migration: `gen2 migrate --json` without a terminal, from the first step to the last,
 * against a sandbox in another process, with the gates approved from outside.
 *
 *     npm run bench:memory              one migration
 *     npm run bench:memory -- --json    the last line is one JSON object
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { startOperator } from '../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../src/sandbox/scenario/shop-source.ts';

const LIMIT_MB = 110;
const SCALE = 100;
/** Simulated ms from a certificate mail to the click on its link. */
const APPROVE_MAIL_AFTER_MS = 45_000;

const root = path.dirname(import.meta.dirname);
const main = path.join(root, 'dist', 'cli', 'main.js');
const reportPeak = path.join(import.meta.dirname, 'report-peak.cjs');

/** As the image sets them. */
const dockerfile = await readFile(path.join(root, 'docker', 'Dockerfile'), 'utf8');
const nodeOptions = /^ENV NODE_OPTIONS="([^"]*)"$/m.exec(dockerfile)?.[1] ?? '';

interface Ran {
  readonly exitCode: number;
  readonly peakMb: number;
  readonly stdout: string;
}

interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs `gen2` as a container does; its peak comes from the process itself, on file descriptor 3, when it exits. */
async function runGen2(argv: readonly string[], { cwd, env }: Place, onLine?: (line: string) => void): Promise<Ran> {
  const child = spawn(process.execPath, ['--require', reportPeak, main, ...argv], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, NODE_OPTIONS: nodeOptions, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const read = { stdout: '', stderr: '', peak: '' };
  child.stdout?.on('data', (text: Buffer) => (read.stdout += text.toString()));
  child.stdio[3]?.on('data', (text: Buffer) => (read.peak += text.toString()));
  const closed = once(child, 'close');
  for await (const line of linesOf(child)) {
    read.stderr += `${line}\n`;
    onLine?.(line);
  }
  await closed;
  if (child.exitCode !== 0) throw new Error(`gen2 ${argv.join(' ')} ended with ${child.exitCode}:\n${read.stderr}`);
  return { exitCode: child.exitCode, peakMb: Number(read.peak) / 1024, stdout: read.stdout };
}

function linesOf({ stderr }: ChildProcess): AsyncIterable<string> {
  if (stderr === null) throw new Error('stderr is no pipe');
  return createInterface({ input: stderr });
}

const folder = await mkdtemp(path.join(tmpdir(), 'bench-memory-'));
const sandbox = await startSandbox({ scale: SCALE });
const sendOperatorHome = startOperator(sandbox.world, { approveAfterMs: APPROVE_MAIL_AFTER_MS });
try {
  await mkdir(path.join(folder, 'shop'));
  await writeShopSource(path.join(folder, 'shop'));
  const place: Place = { cwd: folder, env: sandbox.env };
  const approvals: Promise<unknown>[] = [];
  const startedAt = performance.now();
  const { peakMb, stdout } = await runGen2(['migrate', 'shop', '--source', 'shop', '--json'], place, (line) => {
    if (line.includes('"gate-opened"')) approvals.push(runGen2(['approve', 'shop'], place));
  });
  await Promise.all(approvals);
  const { outcome } = JSON.parse(stdout) as { outcome: string }; // the report's own form
  const seconds = (performance.now() - startedAt) / 1000;
  const isWithin = outcome === 'succeeded' && approvals.length === 2 && peakMb <= LIMIT_MB;
  console.log(
    `migration ${outcome} in ${seconds.toFixed(0)} s, ${approvals.length} gates; peak RSS ${peakMb.toFixed(1)} MB ` +
      `(limit ${LIMIT_MB} MB)`,
  );
  if (process.argv.includes('--json')) console.log(JSON.stringify({ limitMb: LIMIT_MB, isWithin, peakMb, outcome }));
  process.exitCode = isWithin ? 0 : 1;
} finally {
  sendOperatorHome();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
}
