/** Shorter values are left alone: masking `1` or `yes` would make every message unreadable and hide nothing. */
const SHORTEST_SECRET = 4;
const MASK = '[hidden]';
const LONGEST_QUOTE = 400;

/**
 * What must never appear in a message of this client: the password, and every environment value it has handled.
 *
 * The rack quotes what it was sent (a manifest error can hold an interpolated value), so its words are passed through
 * here before they go into an error.
 */
export class Secrets {
  readonly #values = new Set<string>();

  /** Remembers values to hide, in the forms in which a server may repeat them. */
  add(...values: readonly string[]): void {
    for (const value of values) {
      if (value.trim().length < SHORTEST_SECRET) continue;
      this.#values.add(value);
      this.#values.add(encodeURIComponent(Buffer.from(value).toString())); // well-formed, whatever came in
      this.#values.add(JSON.stringify(value).slice(1, -1));
    }
  }

  /** `text` with every known secret replaced. */
  hide(text: string): string {
    let hidden = text;
    for (const value of [...this.#values].toSorted((a, b) => b.length - a.length)) {
      if (hidden.includes(value)) hidden = hidden.replaceAll(value, MASK);
    }
    return hidden;
  }

  /** A server's words, fit for a message: secrets hidden, one line, no control characters, at most 400 characters. */
  quote(text: string): string {
    const line = this.hide(text)
      // eslint-disable-next-line no-control-regex -- the very characters that must not reach a terminal
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
      .trim();
    return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
  }
}
