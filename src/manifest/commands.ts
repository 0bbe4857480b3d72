/** Quotes a word for `sh` in single quotes, unless it needs none. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_./:@%+=,-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Characters that the html/template of racks before 20180228170419 changes, and the backslash and control characters,
 * which can break its JSON (convox/rack@20171213132441 provider/aws/formation/app.tmpl).
 */
const MANGLED_IN_GEN2 = /[&<>"'+\\]|\p{Cc}/u;

/** Generation 1 undid the numeric entities of its template, so only these were changed. */
const MANGLED_IN_GEN1 = /[&<>]/;

export function isUnsafeCommand(command: string): boolean {
  return MANGLED_IN_GEN2.test(command);
}

/** True if generation 1 ran something else than what a cron label says. */
export function wasMangledCron(command: string): boolean {
  return MANGLED_IN_GEN1.test(command);
}

/** True if generation 1 ran something else than what a word of a command list says. */
export function wasMangledWord(word: string): boolean {
  return /[&<>"']/.test(word);
}
