import type { Option } from './option.ts';

/** What the command line's parser found: the text of an option, or true for a flag. */
export type GivenOptions = Readonly<Record<string, string | boolean | undefined>>;

export interface OptionSources {
  readonly given: GivenOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of gen2.yaml, by the option's key, in the form the command line has. */
  readonly file?: ReadonlyMap<string, string>;
}

/** The options of one call: the command line before the environment before gen2.yaml before the default. */
export class OptionValues {
  readonly #sources: OptionSources;

  constructor(sources: OptionSources) {
    this.#sources = sources;
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
    return this.#sources.given[option.key] !== undefined;
  }

  #text({ key, env: variable, fallback }: Option<unknown>): string | undefined {
    const { given, env, file } = this.#sources;
    if (given[key] !== undefined) return String(given[key]);
    const fromEnvironment = variable === undefined ? undefined : env[variable];
    // An empty variable is one that was unset the only way some tools can.
    if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
    return file?.get(key) ?? fallback;
  }
}
