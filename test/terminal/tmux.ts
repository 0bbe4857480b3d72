import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

const LOOK_MS = 200;
/** For machines that are slow and do much else. */
const LIMIT_MS = 180_000;
/** Holds everything: nothing scrolls away. */
const ROWS = '400';

export interface TerminalOptions {
  readonly columns: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** False where tmux is not installed. */
export function hasTmux(): boolean {
  return spawnSync('tmux', ['-V']).status === 0;
}

/** A real terminal of a size, which runs one command line and keeps what it shows. */
export class Terminal {
  readonly columns: number;
  readonly #socket = `gen2-${randomUUID().slice(0, 8)}`;

  constructor(command: string, { columns, cwd, env }: TerminalOptions) {
    this.columns = columns;
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const size = ['-x', String(columns), '-y', ROWS];
    const line = `${command}; printf '\\nended with %s' $?; exec sleep 600`;
    this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, '-c', cwd, ...variables, 'bash', '--norc', '-c', line);
    onTestFinished(() => void spawnSync('tmux', ['-L', this.#socket, 'kill-server']));
  }

  /** The rows as a person sees them. */
  screen(): string {
    return this.#capture();
  }

  /** The same with colours, as escape sequences. */
  coloured(): string {
    return this.#capture('-e');
  }

  /** The lines as they were written: rows that the terminal broke are one again. */
  lines(): readonly string[] {
    return this.#capture('-J')
      .split('\n')
      .map((line) => line.trimEnd());
  }

  type(text: string): void {
    this.#tmux('send-keys', text, 'Enter');
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#tmux('send-keys', 'C-c');
  }

  /** The screen once it matches, wherever its lines are broken. @throws {Error} with the screen after three minutes. */
  async until(pattern: RegExp): Promise<string> {
    for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += LOOK_MS) {
      const screen = this.screen();
      if (pattern.test(screen) || pattern.test(screen.replaceAll(/\s+/g, ' '))) return screen;
      await sleep(LOOK_MS);
    }
    throw new Error(`the terminal never showed ${pattern}:\n${this.screen()}`);
  }

  #capture(...how: readonly string[]): string {
    return this.#tmux('capture-pane', '-p', ...how).replace(/\s+$/, '');
  }

  #tmux(...argv: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...argv], { encoding: 'utf8' });
  }
}
