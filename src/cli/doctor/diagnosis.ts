import { EXIT_CODES, MigrationError } from '../../errors.ts';

/** What one check of `gen2 doctor` found. */
export interface Diagnosis {
  readonly what: string;
  readonly ok: boolean;
  readonly saw: string;
  readonly hint: string | undefined;
  /** Exit code if this is the first that fails. */
  readonly exitCode: number;
}

/** Runs a check and tells what it found; undefined when it failed. */
export type Diagnose = <T>(what: string, look: () => Promise<T>, say: (seen: T) => string) => Promise<T | undefined>;

/** A check's result; failures of the library are findings, anything else is thrown. */
export async function examine<T>(
  what: string,
  look: () => Promise<T>,
  say: (seen: T) => string,
): Promise<{ readonly seen: T | undefined; readonly diagnosis: Diagnosis }> {
  try {
    const seen = await look();
    return { seen, diagnosis: { what, ok: true, saw: say(seen), hint: undefined, exitCode: EXIT_CODES.ok } };
  } catch (error) {
    if (!MigrationError.is(error) || error.code === 'STOPPED') throw error;
    const saw = `[${error.code}] ${error.message}`;
    return { seen: undefined, diagnosis: { what, ok: false, saw, hint: error.hint, exitCode: error.exitCode } };
  }
}
