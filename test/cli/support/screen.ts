/** What a terminal shows after a program wrote to it: enough of one for cursor up, erase, and line breaks. */
export class Screen {
  readonly #lines: string[] = [''];
  readonly #width: number;
  #row = 0;
  #column = 0;

  constructor(width: number) {
    this.#width = width;
  }

  write(text: string): void {
    // eslint-disable-next-line no-control-regex -- escape sequences are what a terminal reads
    for (const [piece] of text.matchAll(/\u001b\[(\d*)([A-Za-z])|[\s\S]/gu)) this.#take(piece);
  }

  /** The lines with text on them, marks left out. */
  get text(): readonly string[] {
    return this.#lines
      .map((line) => line.trimEnd())
      .filter((line, index, all) => line !== '' || index < all.length - 1);
  }

  #take(piece: string): void {
    // eslint-disable-next-line no-control-regex -- escape sequences are what a terminal reads
    const [, amount = '', command] = /^\u001b\[(\d*)([A-Za-z])$/.exec(piece) ?? [];
    if (command === 'A') this.#row = Math.max(0, this.#row - Number(amount || '1'));
    else if (command === 'K') this.#set(this.#line().slice(0, this.#column));
    else if (command === 'J') {
      this.#set(this.#line().slice(0, this.#column));
      this.#lines.length = this.#row + 1;
    } else if (command !== undefined) return;
    else if (piece === '\n') {
      this.#row += 1;
      this.#column = 0;
      this.#lines[this.#row] ??= '';
    } else if (piece === '\r') this.#column = 0;
    else this.#put(piece);
  }

  #put(character: string): void {
    if (this.#column === this.#width) this.#take('\n');
    const line = this.#line().padEnd(this.#column);
    this.#set(line.slice(0, this.#column) + character + line.slice(this.#column + 1));
    this.#column += 1;
  }

  #line(): string {
    return this.#lines[this.#row] ?? '';
  }

  #set(line: string): void {
    this.#lines[this.#row] = line;
  }
}
