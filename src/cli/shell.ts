/** What surrounds the command line; handed in, so that tests can run commands in their own process. */

/** One of the two streams the command line writes to. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Width of the terminal in columns; asked again for each drawing, because windows change. */
  columns(): number;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface Shell {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The user's home folder. */
  readonly home: string;
  /** Name of the person at the terminal, recorded with approvals. */
  readonly user: string;
  readonly pid: number;
  processExists(pid: number): boolean;
  /** Opened when asked for. */
  stdin(): NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Results. */
  readonly stdout: Output;
  /** Progress, logs, errors. */
  readonly stderr: Output;
  /** Aborted when the person or the system asks to stop. */
  readonly signal: AbortSignal;
  /** What asked to stop; undefined as long as nothing did. */
  stoppedBy(): StopSignal | undefined;
  /** Does what the signal does; a prompt in raw mode gets Ctrl-C as a key. */
  interrupt(signal: StopSignal): void;
}
