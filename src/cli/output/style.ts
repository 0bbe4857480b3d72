import type { Output, Shell } from '../shell.ts';

type Mark = (text: string) => string;

/** How text is marked; plain on anything that is not a terminal. */
export interface Style {
  readonly bold: Mark;
  readonly dim: Mark;
  readonly red: Mark;
  readonly green: Mark;
  readonly yellow: Mark;
  readonly cyan: Mark;
}

const plain = (text: string): string => text;
/** Marks nothing. */
export const UNSTYLED: Style = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };

// Only the sixteen colours of the terminal's own palette: it knows whether it is dark or light.
const marked =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[${off}m`;
const COLOURED: Style = {
  bold: marked(1, 22),
  dim: marked(2, 22),
  red: marked(31, 39),
  green: marked(32, 39),
  yellow: marked(33, 39),
  cyan: marked(36, 39),
};

/** Colours on a terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is `dumb`; always with FORCE_COLOR. */
export function styleFor(output: Output, env: Shell['env']): Style {
  if ((env['NO_COLOR'] ?? '') !== '') return UNSTYLED;
  if ((env['FORCE_COLOR'] ?? '') !== '') return COLOURED;
  return output.isTTY && env['TERM'] !== 'dumb' ? COLOURED : UNSTYLED;
}

// eslint-disable-next-line no-control-regex -- the escape character is what is looked for
const ESCAPES = /\u001b\[[0-9;]*m/g;

/** How many columns a text takes, marks not counted. */
export function widthOf(text: string): number {
  return charactersOf(text.replace(ESCAPES, '')).length;
}

/** Latin letters, punctuation, arrows, boxes and marks: each is a character by itself. */
const SIMPLE = /^[\u0020-\u02ff\u2010-\u2027\u2030-\u205e\u2070-\u20cf\u2100-\u23e8\u2400-\u25fc\u2700-\u27ff]*$/;

/** What a person sees as one character each. */
function charactersOf(text: string): readonly string[] {
  if (SIMPLE.test(text)) return Array.from(text); // to read the tables of Unicode takes longer than all of a plain text
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

/** Cuts a line without marks to a width, with `…` where something is missing. */
export function clip(text: string, width: number): string {
  const characters = charactersOf(text.replace(/\s+/g, ' '));
  if (characters.length <= width) return characters.join('');
  return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`;
}

/** Breaks a text at spaces into lines of at most `width`; a longer word stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of wordsOf(paragraph)) {
      if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/**
 * Breaks lines longer than `width` at spaces, what follows set in by two more than the line: a terminal would break words.
 * Gaps of more than one space stay. Without a width nothing is changed.
 */
export function fit(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) => (widthOf(line) <= width ? [line] : broken(line, width)))
    .join('\n');
}

// eslint-disable-next-line no-control-regex -- the escape character is what is looked for
const MARKED_START = /^ *(?:(?:\u001b\[\d+m)*[-+!?=·…✓✗↩→](?:\u001b\[\d+m)* )?/; // a mark stays with what it marks

function broken(line: string, width: number): readonly string[] {
  const start = MARKED_START.exec(line)?.[0] ?? '';
  const indent = ' '.repeat(Math.min(Math.floor(width / 4), /^ */.exec(line)?.[0].length ?? 0) + 2);
  const lines: string[] = [];
  let current = start;
  let isEmpty = true;
  for (const word of wordsOf(line.slice(start.length))) {
    if (isEmpty || widthOf(current) + 1 + widthOf(word) <= width) current += isEmpty ? word : ` ${word}`;
    else {
      lines.push(current);
      // A name of a balancer rather stands further left than in two parts.
      current = `${indent.slice(0, Math.max(0, width - widthOf(word)))}${word}`;
    }
    isEmpty = false;
  }
  return [...lines, current];
}

/** Parts of a text between which it may be broken: not between a number and its unit, nor in a gap. */
function wordsOf(text: string): readonly string[] {
  return text.split(/(?<=\S) (?=\S)(?!(?<=\d )(?:ms|s|min|h|%)(?!\w))/);
}

/** Rows as aligned columns, two spaces between; the last column is not padded. */
export function columns(rows: readonly (readonly string[])[], alignRight: ReadonlySet<number> = new Set()): string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => widthOf(row[index] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const gap = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)));
        if (alignRight.has(index)) return gap + cell;
        return index === row.length - 1 ? cell : cell + gap;
      })
      .join('  ')
      .trimEnd(),
  );
}
