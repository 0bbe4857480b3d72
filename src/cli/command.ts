import type { OptionName } from './options/options.ts';
import type { OptionValues } from './options/option-values.ts';
import type { Style } from './output/style.ts';
import type { SecretFilter } from './secret-filter.ts';
import type { Shell } from './shell.ts';

/** One call of a command, with everything it may touch. */
export interface Invocation {
  /** Its streams take secrets out of what is written. */
  readonly shell: Shell;
  readonly secrets: SecretFilter;
  readonly options: OptionValues;
  /** The positional arguments in order; undefined where an optional one was left out. */
  readonly args: readonly (string | undefined)[];
  /** For stdout. */
  readonly style: Style;
  /** For stderr. */
  readonly errorStyle: Style;
}

/** Runs a command to its end and gives the exit code; failures are thrown. */
export type RunCommand = (invocation: Invocation) => Promise<number>;

export interface CommandModule {
  readonly run: RunCommand;
}

/** What can be said of a command without loading it. */
export interface CommandSpec {
  /** One word, or two for a command of a group: `dns show`. */
  readonly name: string;
  /** As commander writes them: `<app> [file]`. */
  readonly args: string;
  readonly summary: string;
  /** Heading in the list of commands. */
  readonly section: 'Try it' | 'Migrate' | 'Look and answer' | 'One piece alone' | 'Set up';
  readonly options: readonly OptionName[];
  /** Command lines that work, with what they do. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  readonly load: () => Promise<CommandModule>;
}
