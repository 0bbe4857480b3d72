import { spawn, type ChildProcess } from 'node:child_process';

/** A process of ours that has been told what to do. */
export interface Child {
  readonly process: ChildProcess;
  /** What it wrote so far, to both streams. */
  output(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly killed: boolean }>;
}

/** A process that takes longer than this is ended; real ms. */
const LIMIT_MS = 150_000;

/** Starts a module of this folder, with its orders as JSON in GEN2_KILL_CHILD. */
export function startChild(module: string, orders: unknown, onLine?: (line: string, child: Child) => void): Child {
  const child = spawn(process.execPath, [new URL(module, import.meta.url).pathname], {
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
