import { PassThrough } from 'node:stream';
import { runGen2 } from '../../../src/cli/program.ts';
import type { Output, Shell, StopSignal } from '../../../src/cli/shell.ts';

/** An output that keeps what is written. */
export class Written implements Output {
  text = '';
  readonly writes: string[] = [];
  readonly isTTY: boolean;
  width: number;

  constructor({ isTTY = false, width = 100 }: { isTTY?: boolean; width?: number } = {}) {
    this.isTTY = isTTY;
    this.width = width;
  }

  write(text: string): void {
    this.text += text;
    this.writes.push(text);
  }

  columns(): number {
    return this.width;
  }
}

export interface TestShell extends Shell {
  readonly stdout: Written;
  readonly stderr: Written;
  readonly keyboard: PassThrough;
}

export interface TestShellOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly home?: string;
  readonly isTTY?: boolean;
  readonly width?: number;
}

/** A shell around a command in this process: nothing of the real environment gets in, everything written is kept. */
export function testShell(options: TestShellOptions = {}): TestShell {
  const { env = {}, cwd = '/', home = '/nowhere', isTTY = false, width = 100 } = options;
  const stopping = new AbortController();
  let stoppedBy: StopSignal | undefined;
  const keyboard = new PassThrough();
  return {
    env,
    cwd,
    home,
    user: 'tester',
    pid: process.pid,
    processExists: (pid) => pid === process.pid,
    keyboard,
    stdin: () => Object.assign(keyboard, { isTTY }),
    stdout: new Written({ isTTY, width }),
    stderr: new Written({ isTTY, width }),
    signal: stopping.signal,
    stoppedBy: () => stoppedBy,
    interrupt: (signal) => {
      stoppedBy = signal;
      stopping.abort(new Error(`stopped by ${signal}`));
    },
  };
}

/** Runs one command line in this process. */
export async function gen2(
  argv: readonly string[],
  options: TestShellOptions = {},
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const shell = testShell(options);
  const exitCode = await runGen2(argv, shell);
  return { exitCode, stdout: shell.stdout.text, stderr: shell.stderr.text };
}
