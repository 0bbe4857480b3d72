import type { Edit } from './source-text.ts';

/** A `$NAME` or `${NAME}` in a generation 1 manifest; offsets are those of the original text. */
interface Gen1Variable {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface Gen1Interpolation {
  readonly variables: readonly Gen1Variable[];
  /** Where `$$NAME` stands for a literal `$NAME`. */
  readonly escapes: readonly Edit[];
  /** Offset of a "$" on which the rack's own code hangs or crashes. */
  readonly fatal: number | undefined;
}

const WORD = /[0-9A-Za-z_]/;
const ESCAPED = /[0-9A-Za-z_{}]/;

/**
 * Finds what a generation 1 rack replaces in the text before it parses it, comments included, character by character
 * as its parser does: `${NAME:-x}` and an unclosed `${x` stay as they are (convox/rack@20260421192651
 * pkg/manifest1/interpolate.go; the rack reads line by line, so nothing spans lines).
 */
export function scanGen1Interpolation(text: string): Gen1Interpolation {
  const variables: Gen1Variable[] = [];
  const escapes: Edit[] = [];
  let at = text.indexOf('$');
  while (at !== -1) {
    const next = text[at + 1];
    if (next === undefined) return { variables, escapes, fatal: at };
    if (next === '$') {
      const end = endOf(text, at + 2, ESCAPED);
      if (end === at + 2) return { variables, escapes, fatal: at };
      escapes.push({ start: at, end, replacement: text.slice(at + 1, end) });
      at = text.indexOf('$', end);
    } else if (next === '{') {
      const end = endOf(text, at + 2, WORD);
      if (text[end] === '}') {
        variables.push({ name: text.slice(at + 2, end), start: at, end: end + 1 });
        at = text.indexOf('$', end + 1);
      } else {
        // The first character that is no word character is copied unread, even a "$"; a line never ends inside.
        at = text.indexOf('$', text[end] === '\n' ? end : end + 1);
      }
    } else if (WORD.test(next)) {
      const end = endOf(text, at + 1, WORD);
      variables.push({ name: text.slice(at + 1, end), start: at, end });
      at = text.indexOf('$', end);
    } else {
      at = text.indexOf('$', at + 1);
    }
  }
  return { variables, escapes, fatal: undefined };
}

function endOf(text: string, from: number, set: RegExp): number {
  let end = from;
  while (end < text.length && set.test(text.charAt(end))) end += 1;
  return end;
}
