import { open, readFile, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MigrationError } from '../../../errors.ts';
import type { Clock } from '../../../time/clock.ts';
import type { JournalEntry, JournalLine } from './journal-entry.ts';
import { formatJournal, formatLine, JOURNAL_VERSION, readJournal, type ReadJournal } from './journal-format.ts';

/** An append-only journal; every line is on disk before `append` resolves. */
export class Journal {
  readonly path: string;
  readonly #clock: Clock;
  readonly #lines: JournalLine[];
  #file: FileHandle | undefined;
  #checksum: string;
  #wholeBytes: number;
  /** A line was not written for certain and as a whole (a full disk): it must go before the next one. */
  #isTorn = false;
  /** Appends one after the other: two steps at once must not mix their lines. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, file: FileHandle, { lines, checksum, wholeBytes }: ReadJournal, clock: Clock) {
    this.path = path;
    this.#file = file;
    this.#lines = [...lines];
    this.#checksum = checksum;
    this.#wholeBytes = wholeBytes;
    this.#clock = clock;
  }

  /**
   * Opens a journal for writing: makes it if there is none, cuts off a torn last line, and brings one in an older format
   * up to date, keeping the older file beside it. Its app's lock must be held.
   */
  static async open(path: string, clock: Clock): Promise<Journal> {
    await bringUpToDate(path);
    const file = await open(path, 'a+').catch((error: unknown) => {
      throw unwritable(path, error);
    });
    try {
      const read = readJournal(await file.readFile('utf8'), path);
      await file.truncate(read.wholeBytes);
      await file.sync();
      await syncFolder(dirname(path));
      await syncFolder(dirname(dirname(path)));
      return new Journal(path, file, read, clock);
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
      const { text, checksum } = formatLine(line, this.#checksum);
      try {
        if (this.#isTorn) await this.#file.truncate(this.#wholeBytes);
        this.#isTorn = true;
        await this.#file.appendFile(text); // unlike `write`, all of it or an error
        if (entry.type !== 'event') await this.#file.datasync();
        this.#isTorn = false;
      } catch (error) {
        throw unwritable(this.path, error);
      }
      this.#lines.push(line);
      this.#checksum = checksum;
      this.#wholeBytes += Buffer.byteLength(text);
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

/** Replaces a journal in an older format as a whole; killed anywhere, it leaves a journal of one format or the other. */
async function bringUpToDate(path: string): Promise<void> {
  const old = await readFile(path, 'utf8').catch(() => ''); // none yet, or unreadable: told when it is opened
  const { lines, version } = readJournal(old, path);
  if (lines.length === 0 || version === JOURNAL_VERSION) return;
  try {
    await writeFile(`${path}.v${version}`, old, { flush: true });
    await writeFile(`${path}.draft`, formatJournal(lines), { flush: true });
    await rename(`${path}.draft`, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** So that a file made or renamed in it is still there after a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
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
