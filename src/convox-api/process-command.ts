import type { RackContext } from './context.ts';
import type { FormFields } from './form.ts';
import { socketRefusal } from './rack-error.ts';

/** What goes in and out of a command. */
export interface CommandIo {
  /** Size of the terminal; without it the rack's default. */
  readonly terminal?: { readonly rows: number; readonly columns: number };
  /** Whether the command sees a terminal; standard racks only, default `terminal`. */
  readonly attach?: 'terminal' | 'pipe';
  /** Sent to the command, then its input ends. */
  readonly input?: string;
  /** Called with output as it comes. The whole of it is not kept when this is given. */
  readonly onOutput?: (text: string) => void;
}

export interface CommandResult {
  /** Absent when the rack did not say: the connection was lost before the end. */
  readonly exitCode: number | undefined;
  /** Everything the command wrote; empty when `onOutput` was given. */
  readonly output: string;
}

// convox/rack@20171213132441 api/controllers/processes.go; the server writes it into the stream, with the code after it.
const EXIT_MARK = 'F1E49A85-0AD7-4AEF-A618-C249C6E6568D:';

/** Runs a command over a websocket, to its end. Never repeated: a command may not be harmless. */
export async function runCommand(
  context: RackContext,
  request: {
    readonly operation: string;
    readonly subject: string;
    readonly path: string;
    readonly headers: FormFields;
  },
  { terminal, attach, input, onOutput }: CommandIo,
  signal: AbortSignal,
): Promise<CommandResult> {
  const headers = {
    ...request.headers,
    Height: terminal?.rows,
    Width: terminal?.columns,
    Tty: attach === 'pipe' ? false : undefined,
  };
  const { openSocket } = await import('./rack-socket.ts'); // a websocket client nobody needs before
  const socket = await openSocket(context, context.session.url, { ...request, headers, effect: 'write' }, signal);
  const marked = new ExitMarkFilter();
  let output = '';
  const emit = (text: string): void => {
    if (text === '') return;
    if (onOutput === undefined) output += text;
    else onOutput(text);
  };
  try {
    if (input !== undefined) {
      socket.send(input);
      // A classic rack knows no end of input but the end of the connection.
      if ((await context.session.dialect(signal)).era === 'standard') socket.endInput();
    }
    // An error of the API is the only piece of its stream, so what may be one waits for a second piece.
    let suspect = '';
    let isFirst = true;
    for await (const piece of socket.pieces()) {
      if (isFirst && /^(ERROR: |Unable to authenticate\.)/.test(piece)) suspect = piece;
      else emit(marked.take(suspect + piece));
      if (!isFirst) suspect = '';
      isFirst = false;
      if (marked.exitCode !== undefined) break;
    }
    if (suspect !== '') throw socketRefusal(socket.label, suspect, context.secrets);
  } finally {
    socket.close();
  }
  emit(marked.rest());
  return { exitCode: marked.exitCode, output };
}

/** Takes the exit mark out of the output, also when it is spread over several pieces. */
export class ExitMarkFilter {
  exitCode: number | undefined;
  #held = '';

  /** Adds a piece and gives what is certainly output. */
  take(piece: string): string {
    const text = this.#held + piece;
    const at = text.indexOf(EXIT_MARK);
    const found = at < 0 ? null : /^(\d+)\n/.exec(text.slice(at + EXIT_MARK.length));
    if (found !== null) {
      this.exitCode = Number(found[1]);
      this.#held = '';
      return text.slice(0, at);
    }
    const keep = at < 0 ? overlap(text) : text.length - at;
    this.#held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }

  /** What was held back and has turned out to be output. */
  rest(): string {
    const text = this.#held;
    this.#held = '';
    const code = text.startsWith(EXIT_MARK) ? /^\d+$/.exec(text.slice(EXIT_MARK.length)) : null;
    if (code === null) return text;
    this.exitCode = Number(code[0]);
    return '';
  }
}

/** The length of the longest end of `text` that is a beginning of the mark. */
function overlap(text: string): number {
  for (let length = Math.min(text.length, EXIT_MARK.length); length > 0; length--) {
    if (EXIT_MARK.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
