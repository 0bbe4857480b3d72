import { homedir, userInfo } from 'node:os';
import { runGen2 } from './program.ts';
import type { Output, Shell, StopSignal } from './shell.ts';

// The SDK's notice about the age of Node.js is for developers, not for those who run the tool.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const stopping = new AbortController();
let stoppedBy: StopSignal | undefined;

/** The first request to stop waits for a safe point; the second ends the process, which can still be resumed. */
function stop(signal: StopSignal): void {
  if (stoppedBy !== undefined) process.exit(signal === 'SIGINT' ? 130 : 143);
  stoppedBy = signal;
  stopping.abort(new Error(`stopped by ${signal}`));
}

/** Opened when first used: each of the three streams takes longer to open than `gen2 --help` to print. */
function output(open: () => NodeJS.WriteStream): Output & { drained(): Promise<void> } {
  let opened: NodeJS.WriteStream | undefined;
  const stream = (): NodeJS.WriteStream => {
    if (opened !== undefined) return opened;
    opened = open();
    // A reader that went away (`gen2 … | head`) is no failure of ours.
    opened.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
    return opened;
  };
  return {
    write: (text) => void stream().write(text),
    get isTTY() {
      return stream().isTTY;
    },
    columns: () => widthOf(stream()),
    drained: () => new Promise((resolve) => (opened === undefined ? resolve() : opened.write('', () => resolve()))),
  };
}

/** Node.js says columns only of a terminal. */
function widthOf(stream: { readonly columns?: number }): number {
  return stream.columns ?? 100;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] ?? 'unknown'; // a container's user need not have a name
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(signal));

const stdout = output(() => process.stdout);
const stderr = output(() => process.stderr);
const shell: Shell = {
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  user: userName(),
  pid: process.pid,
  processExists,
  stdin: () => process.stdin,
  stdout,
  stderr,
  signal: stopping.signal,
  stoppedBy: () => stoppedBy,
  interrupt: stop,
};

void runGen2(process.argv.slice(2), shell).then(async (exitCode) => {
  await Promise.all([stdout.drained(), stderr.drained()]);
  // Kept-alive connections would hold the process for as long as their servers like.
  process.exit(exitCode);
});
