import type { Output } from './shell.ts';

const HIDDEN = '[hidden]';
/** A shorter secret would censor ordinary words. */
const SHORTEST = 6;

/** Names whose values are secrets wherever they come from. */
export const SECRET_NAME = /PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE|CREDENTIAL|API_?KEY|ACCESS_?KEY/i;

/**
 * The last line of defence: takes known secrets out of everything that is written. No message should hold one in the
 * first place.
 */
export class SecretFilter {
  readonly #forms = new Set<string>();
  #isOpen = false;

  /** Hides a secret in all forms it usually appears in: as it is, in a URL, in JSON, in base64. */
  add(secret: string | undefined): void {
    if (secret === undefined || secret.length < SHORTEST) return;
    for (const form of [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64'),
    ]) {
      this.#forms.add(form);
    }
  }

  /** Hides the values of secret-looking names of an environment, and passwords inside its URLs. */
  addEnvironment(env: Iterable<readonly [string, string | undefined]>): void {
    for (const [name, value] of env) {
      if (value === undefined) continue;
      // A variable like CONVOX_PASSWORD_FILE names a file, which people need to read in messages.
      if (SECRET_NAME.test(name) && !name.endsWith('_FILE')) this.add(value);
      if (URL.canParse(value)) this.add(decodeURIComponent(new URL(value).password));
    }
  }

  /** Lets `write` write secrets: for the one command whose result they are. */
  allowing(write: () => void): void {
    this.#isOpen = true;
    try {
      write();
    } finally {
      this.#isOpen = false;
    }
  }

  apply(text: string): string {
    if (this.#isOpen) return text;
    let clean = text;
    // The longest first: one secret may be a part of another.
    for (const form of [...this.#forms].toSorted((a, b) => b.length - a.length)) clean = clean.replaceAll(form, HIDDEN);
    return clean;
  }

  /** The same stream with secrets taken out; a secret must be whole in one `write`. */
  guard(output: Output): Output {
    return {
      write: (text) => output.write(this.apply(text)),
      get isTTY() {
        return output.isTTY;
      },
      columns: () => output.columns(),
    };
  }
}
