import { onAbort } from '../../time/on-abort.ts';

/** One line of an app's (or the rack's) log group. */
export interface LogLine {
  readonly sequence: number;
  readonly at: number;
  /** Between time and message, by era: `service/web:RELEASE/PID` or `service/web/PID`. */
  readonly service: string;
  readonly release: string;
  readonly process: string;
  readonly message: string;
}

const KEPT_LINES = 200_000;
const TRIM_AT = KEPT_LINES * 1.25;

/** One log group: the latest lines, and who waits for the next one. */
export class LogGroup {
  #lines: LogLine[] = [];
  #next = 0;
  readonly #waiting = new Set<() => void>();

  append(line: Omit<LogLine, 'sequence'>): void {
    this.#lines.push({ ...line, sequence: this.#next });
    this.#next += 1;
    if (this.#lines.length > TRIM_AT) this.#lines = this.#lines.slice(-KEPT_LINES);
    this.wake();
  }

  /** Lets readers look again: a line has come, or it has become clear that no more will. */
  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const look of waiting) look();
  }

  /** The sequence number of the first line that is not older than `at`. */
  firstSince(at: number): number {
    return this.#lines.find((line) => line.at >= at)?.sequence ?? this.#next;
  }

  /** Up to `limit` lines from sequence number `from` on. */
  read(from: number, limit: number): readonly LogLine[] {
    const offset = this.#lines[0]?.sequence ?? this.#next;
    const index = Math.max(0, from - offset);
    return this.#lines.slice(index, index + limit);
  }

  /** Resolves when the next line arrives, or the signal is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        forget();
        resolve();
      };
      if (signal.aborted) {
        resolve();
        return;
      }
      this.#waiting.add(wake);
      const forget = onAbort(signal, wake);
    });
  }
}

/** All log groups, by app name; the rack's own under the rack's name. */
export class LogStore {
  readonly #groups = new Map<string, LogGroup>();

  group(app: string): LogGroup {
    let group = this.#groups.get(app);
    if (group === undefined) {
      group = new LogGroup();
      this.#groups.set(app, group);
    }
    return group;
  }

  delete(app: string): void {
    this.#groups.delete(app);
  }
}
