/** A value of the manifest that is being written. */
export type DraftValue = string | number | boolean | readonly string[] | DraftMap | readonly DraftMap[];

/** A map of the manifest that is being written: keys in the order they were set, a comment line above some. */
export class DraftMap {
  readonly #entries = new Map<string, { readonly value: DraftValue; readonly comment: string | undefined }>();

  set(key: string, value: DraftValue, comment?: string): this {
    this.#entries.set(key, { value, comment });
    return this;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  entries(): readonly { readonly key: string; readonly value: DraftValue; readonly comment: string | undefined }[] {
    return [...this.#entries].map(([key, entry]) => ({ key, ...entry }));
  }
}

// Private-use characters around the name of a variable that is meant to be interpolated from the app environment.
const OPEN = '\uE000';
const CLOSE = '\uE001';

/** Text that the writer turns into an interpolation of this app variable; any other `${` is kept literal. */
export function variableReference(name: string): string {
  return `${OPEN}${name}${CLOSE}`;
}

/** Replaces each variable reference in a text. */
export function replaceReferences(text: string, replace: (name: string) => string): string {
  return text.replaceAll(/\uE000([^\uE001]*)\uE001/g, (_, name: string) => replace(name));
}

export function hasReference(text: string): boolean {
  return text.includes(OPEN);
}
