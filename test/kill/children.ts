import { spawn, type ChildProcess } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** A process of ours that has been told what to do. */
export interface Child {
  readonly process: ChildProcess;
  /** What it wrote so far, to both streams. */
  output(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly killed: boolean }>;
}

/** A process that takes longer than this is ended; real ms. */
const LIMIT_MS = 150_000;

const BUNDLES = fileURLToPath(new URL('../../node_modules/.cache/kill/', import.meta.url));
const bundled = new Map<string, string>();

/** Starts a module of this folder, with its orders as JSON in GEN2_KILL_CHILD. */
export function startChild(module: string, orders: unknown, onLine?: (line: string, child: Child) => void): Child {
  const child = spawn(process.execPath, [bundleOf(module)], {
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

/** The module in one file, as the command line is: hundreds of processes begin, and a start is half of their work. */
function bundleOf(module: string): string {
  const known = bundled.get(module);
  if (known !== undefined) return known;
  const outfile = join(BUNDLES, module);
  const unfinished = `${outfile}.${process.pid}`;
  buildSync({
    entryPoints: [fileURLToPath(new URL(module, import.meta.url))],
    outfile: unfinished,
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    external: ['@dbos-inc/dbos-sdk', 'pg'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  // Engines' suites may run side by side.
  renameSync(unfinished, outfile);
  bundled.set(module, outfile);
  return outfile;
}
