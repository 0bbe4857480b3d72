import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface Ended {
  /** 128 + the number of the signal that killed it, as a shell says it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnedGen2 {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once what was written to stdout or stderr matches; rejects when it ends without. */
  says(pattern: RegExp): Promise<void>;
  /** What was written so far. */
  said(): Pick<Ended, 'stdout' | 'stderr'>;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Compiled code is shared by all tests: most of a start. */
const CACHE = `${root}node_modules/.cache`;

/** The built command where it is up to date (as `npm test` leaves it), else the sources. */
function command(): readonly string[] {
  const built = `${root}dist/.built`;
  const sources = readdirSync(`${root}src`, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const newest = Math.max(...sources.map(({ parentPath, name }) => statSync(`${parentPath}/${name}`).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs > newest) return [`${root}dist/cli/main.js`];
  return ['--import', `${root}node_modules/tsx/dist/esm/index.mjs`, `${root}src/cli/main.ts`];
}

let known: readonly string[] | undefined;

export interface SpawnGen2Options {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Starts `gen2` as a process of its own, with this environment alone; it ends with the test. */
export function spawnGen2(argv: readonly string[], options: SpawnGen2Options): SpawnedGen2 {
  const spawned = startGen2(argv, options);
  onTestFinished(() => void spawned.child.kill('SIGKILL'));
  return spawned;
}

/** The same; whoever starts it ends it. */
export function startGen2(argv: readonly string[], { env, cwd }: SpawnGen2Options): SpawnedGen2 {
  known ??= command();
  const child = spawn(process.execPath, [...known, ...argv], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, XDG_CACHE_HOME: CACHE, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const look = (): void => waiting.forEach((check) => check());
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    look();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ exitCode: code ?? 128 + (signal === 'SIGKILL' ? 9 : 15), stdout, stderr });
      look();
    });
  });
  return { child, ended, says, said: () => ({ stdout, stderr }) };

  function says(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (pattern.test(stdout) || pattern.test(stderr)) done(resolve);
        else if (child.exitCode !== null)
          done(() => reject(new Error(`ended before ${pattern}:\n${stdout}\n${stderr}`)));
      };
      const done = (then: () => void): void => {
        waiting.delete(check);
        then();
      };
      waiting.add(check);
      check();
    });
  }
}
