import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MigrationError } from '../errors.ts';
import { ANSWERS_FILE, readAnswers, writeAnswers } from '../manifest/answers.ts';
import type { Decision } from '../manifest/decisions.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { writeManifestFile } from './write-manifest.ts';

export type Answers = Readonly<Record<string, string>>;

/**
 * The file named by --answers, or the one beside the source; without a text if the latter is not there.
 *
 * @throws {MigrationError} `ANSWERS_INVALID` if it cannot be read.
 */
export async function readAnswersFile(
  { shell, options }: Pick<Invocation, 'shell' | 'options'>,
  folder: string,
): Promise<{ readonly path: string; readonly text: string | undefined }> {
  const named = options.get(OPTIONS.answers);
  const path = named === undefined ? join(folder, ANSWERS_FILE) : resolve(shell.cwd, named);
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (named === undefined && code === 'ENOENT') return { path, text: undefined };
    throw new MigrationError('ANSWERS_INVALID', `${path}: the answers file cannot be read (${code})`, {
      hint: '`gen2 convert` tells which questions there are; the file has one line a question.',
    });
  }
}

/** The answers of a conversion and the file they are recorded in. */
export class AnswersFile {
  readonly path: string;
  #text: string | undefined;
  #answers: Answers;

  private constructor(path: string, text: string | undefined) {
    this.path = path;
    this.#text = text;
    this.#answers = text === undefined ? {} : readAnswers(text, path);
  }

  /** @throws {MigrationError} `ANSWERS_INVALID`. */
  static async open(invocation: Pick<Invocation, 'shell' | 'options'>, folder: string): Promise<AnswersFile> {
    const { path, text } = await readAnswersFile(invocation, folder);
    return new AnswersFile(path, text);
  }

  get exists(): boolean {
    return this.#text !== undefined;
  }

  get answers(): Answers {
    return this.#answers;
  }

  /** True if somebody wrote comments into it, which recording another answer would lose. */
  hasForeignComments(decisions: readonly Decision[]): boolean {
    const ours = new Set(writeAnswers(this.#answers, decisions).split('\n'));
    return (this.#text ?? '').split(/\r?\n/).some((line) => line.includes('#') && !ours.has(line));
  }

  /**
   * Records one answer, at once, so that nothing that was typed is lost by what comes later.
   *
   * @throws {MigrationError} `FILE_EXISTS` if somebody else changed the file meanwhile, `STATE_UNWRITABLE`.
   */
  async record(answers: Answers, decisions: readonly Decision[]): Promise<void> {
    const text = writeAnswers(answers, decisions);
    const now = await readFile(this.path, 'utf8').catch(() => undefined);
    if (now !== this.#text) {
      throw new MigrationError('FILE_EXISTS', `${this.path} was changed by somebody else while questions were asked`, {
        hint: 'Repeat the command: it goes on from what the file says now.',
      });
    }
    await writeManifestFile({ path: this.path, text, mayReplace: true });
    this.#text = text;
    this.#answers = answers;
  }
}
