import { open, readFile, type FileHandle } from 'node:fs/promises';
import { MigrationError } from '../../../errors.ts';
import type { Clock } from '../../../time/clock.ts';
import { formatLine, readJournal, type JournalEntry, type JournalLine } from './journal-format.ts';

/** An append-only journal; every line is on disk before `append` resolves. */
export class Journal {
  readonly path: string;
  readonly #clock: Clock;
  readonly #lines: JournalLine[];
  #file: FileHandle | undefined;
  /** Appends one after the other: two steps at once must not mix their lines. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle, lines: readonly JournalLine[], clock: Clock) {
    this.path = path;
    this.#file = file;
    this.#lines = [...lines];
    this.#clock = clock;
  }

  /** Opens a journal for writing, making it if there is none and cutting off a torn last line. */
  static async open(path: string, clock: Clock): Promise<Journal> {
    const file = await open(path, 'a+').catch((error: unknown) => {
      throw unwritable(path, error);
    });
    try {
      const { lines, wholeBytes } = readJournal(await file.readFile('utf8'), path);
      await file.truncate(wholeBytes);
      await file.sync();
      return new Journal(path, file, lines, clock);
    } catch (error) {
      await file.close();
      throw unwritable(path, error);
    }
  }

  get lines(): readonly JournalLine[] {
    return this.#lines;
  }

  /** Writes one line and waits until it is on disk (events, which decide nothing, only until it is written). */
  append(entry: JournalEntry): Promise<void> {
    const written = this.#last.then(async () => {
      if (this.#file === undefined) throw new MigrationError('STATE_UNWRITABLE', `${this.path}: the journal is closed`);
      const line: JournalLine = { ...entry, seq: this.#lines.length + 1, at: this.#clock.now() };
      try {
        await this.#file.write(formatLine(line));
        if (entry.type !== 'event') await this.#file.datasync();
      } catch (error) {
        throw unwritable(this.path, error);
      }
      this.#lines.push(line);
    });
    this.#last = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file?.close();
    this.#file = undefined;
  }
}

/** Reads a journal without a lock, also while another process writes it. */
export async function peekJournal(path: string): Promise<readonly JournalLine[]> {
  return readJournal(await readFile(path, 'utf8'), path).lines;
}

/** A file system's refusal as an error of ours; MigrationErrors pass. */
export function unwritable(path: string, error: unknown): MigrationError {
  if (MigrationError.is(error)) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new MigrationError('STATE_UNWRITABLE', `${path}: cannot be written (${code})`, {
    hint: 'Give a state directory that can be written, with --state or GEN2_STATE, and enough free space.',
    cause: error,
  });
}
