/** Longest manifest that is read, in characters. CloudFormation takes templates of at most 460,800 bytes from S3. */
const MAX_MANIFEST_CHARACTERS = 512 * 1024;

/** A replacement made in a text before it was parsed; offsets are those of the original. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** A text with replacements, which still knows where each character came from. */
export class EditedText {
  readonly original: string;
  readonly text: string;
  readonly #edits: readonly { readonly outStart: number; readonly outEnd: number; readonly edit: Edit }[];
  readonly #lineStarts: readonly number[];

  constructor(original: string, edits: readonly Edit[] = []) {
    this.original = original;
    const pieces: string[] = [];
    const mapped: { outStart: number; outEnd: number; edit: Edit }[] = [];
    let from = 0;
    let out = 0;
    for (const edit of edits) {
      pieces.push(original.slice(from, edit.start), edit.replacement);
      out += edit.start - from;
      mapped.push({ outStart: out, outEnd: out + edit.replacement.length, edit });
      out += edit.replacement.length;
      from = edit.end;
    }
    pieces.push(original.slice(from));
    this.text = pieces.join('');
    this.#edits = mapped;
    this.#lineStarts = lineStarts(original);
  }

  /** The offset in the original of a character of `text`; inside a replacement, where that replacement starts. */
  originalOffset(offset: number): number {
    const before = lastIndexWhere(this.#edits, ({ outStart }) => outStart < offset);
    const last = this.#edits[before];
    if (last === undefined) return offset;
    if (offset < last.outEnd) return last.edit.start;
    return last.edit.end + (offset - last.outEnd);
  }

  /** Line and column, both from 1, in the original, of an offset in `text`. */
  position(offset: number): { readonly line: number; readonly column: number } {
    return this.positionInOriginal(this.originalOffset(offset));
  }

  /** Line and column, both from 1, of an offset in the original. */
  positionInOriginal(offset: number): { readonly line: number; readonly column: number } {
    const line = lastIndexWhere(this.#lineStarts, (start) => start <= offset);
    return { line: line + 1, column: offset - (this.#lineStarts[line] ?? 0) + 1 };
  }

  /** What the author wrote where `text` has the range [start, end). */
  written(start: number, end: number): string {
    return this.original.slice(this.originalOffset(start), this.#originalEnd(end));
  }

  /** As `originalOffset`, for the end of a range: a replacement that ends or stands there belongs to the range. */
  #originalEnd(offset: number): number {
    const last = this.#edits[lastIndexWhere(this.#edits, ({ outStart }) => outStart <= offset)];
    if (last === undefined) return offset;
    return last.edit.end + Math.max(0, offset - last.outEnd);
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last item for which `test` holds, in a list where it holds for the first n items only; -1 for none. */
function lastIndexWhere<T>(items: readonly T[], test: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && test(item)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Removes a byte order mark, which racks ignore too. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

// Outside YAML's printable set, private-use characters that mark variables here, or a line end that YAML 1.1 (racks) sees and YAML 1.2 (this reader) does not.
const UNREADABLE = /(?![\t\n\r])\p{Cc}|[\u2028\u2029\uE000-\uE002\uFFFD\uFFFE\uFFFF]|\r(?!\n)/u;

export interface TextProblem {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

/** What makes a text unreadable before any YAML is looked at: too long, binary, or not UTF-8. */
export function findTextProblem(text: string): TextProblem | undefined {
  if (text.length > MAX_MANIFEST_CHARACTERS) {
    return {
      offset: 0,
      message: `The file has ${text.length} characters; a manifest of more than ${MAX_MANIFEST_CHARACTERS} cannot be deployed.`,
      hint: 'Check that this is the manifest and not another file.',
    };
  }
  const found = UNREADABLE.exec(text);
  if (found === null) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return {
    offset: found.index,
    message: `The file holds the character U+${code}, which a manifest cannot hold unescaped.`,
    hint: 'Save the file as UTF-8 text with Unix or Windows line ends; write control characters as escapes in double quotes.',
  };
}
