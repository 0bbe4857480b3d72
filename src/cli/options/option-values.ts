import type { Option } from './option.ts';

/** What the command line's parser found: the text of an option, or true for a flag. */
export type GivenOptions = Readonly<Record<string, string | boolean | undefined>>;

/** The options of one call: the command line before the environment before the default. */
export class OptionValues {
  readonly #given: GivenOptions;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(given: GivenOptions, env: Readonly<Record<string, string | undefined>>) {
    this.#given = given;
    this.#env = env;
  }

  /** @throws {MigrationError} `USAGE` when the text cannot be read. */
  get<T>(option: Option<T>): T | undefined {
    const text = this.#text(option);
    return text === undefined ? undefined : option.parse(text);
  }

  /** True for a flag that was given. */
  has(option: Option<boolean>): boolean {
    return this.get(option) === true;
  }

  /** True when the person wrote it on the command line. */
  isGiven(option: Option<unknown>): boolean {
    return this.#given[option.key] !== undefined;
  }

  #text(option: Option<unknown>): string | undefined {
    const given = this.#given[option.key];
    if (given !== undefined) return String(given);
    const fromEnvironment = option.env === undefined ? undefined : this.#env[option.env];
    return fromEnvironment === undefined || fromEnvironment === '' ? option.fallback : fromEnvironment;
  }
}
