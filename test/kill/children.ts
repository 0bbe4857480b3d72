import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

/** A process of ours that has been told what to do. */
export interface Child {
  readonly process: ChildProcess;
  /** What it wrote so far, to both streams. */
  output(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly killed: boolean }>;
}

/** A process that takes longer than this is ended; real ms. */
const LIMIT_MS = 150_000;

type Module = 'child' | 'worker';

/** One file for each, as the command's are few: hundreds of processes begin, and a start is half of their work. */
const bundles = fileURLToPath(new URL('../../node_modules/.cache/kill/', import.meta.url));
await mkdir(bundles, { recursive: true });
for (const module of ['child', 'worker']) {
  const { output } = await build({
    input: fileURLToPath(new URL(`${module}.mjs`, import.meta.url)),
    output: { format: 'esm', codeSplitting: false },
    external: [/^@dbos-inc\//, 'pg'],
    platform: 'node',
    resolve: { mainFields: ['module', 'main'] },
    logLevel: 'silent', // of packages' own oddities; what fails is thrown
    write: false,
  });
  // Both engines' suites may come here at once.
  const unfinished = join(bundles, `${module}-${process.pid}`);
  await writeFile(unfinished, output[0].code);
  await rename(unfinished, join(bundles, `${module}.mjs`));
}

/** Starts a module of this folder, with its orders as JSON in GEN2_KILL_CHILD. */
export function startChild(module: Module, orders: unknown, onLine?: (line: string, child: Child) => void): Child {
  const child = spawn(process.execPath, [join(bundles, `${module}.mjs`)], {
    env: {
      ...process.env,
      GEN2_KILL_CHILD: JSON.stringify(orders),
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let line = '';
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const started: Child = {
    process: child,
    output: () => output,
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => {
        clearTimeout(limit);
        resolve({ code, killed: signal === 'SIGKILL' });
      });
    }),
  };
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
    const lines = (line + data.toString()).split('\n');
    line = lines.pop() ?? '';
    for (const whole of lines) onLine?.(whole, started);
  });
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  return started;
}
