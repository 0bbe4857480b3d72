import { stopped } from '../errors.ts';
import { waitFor } from '../time/wait.ts';
import type { RackContext } from './context.ts';
import { goDuration, type FormFields } from './form.ts';
import { ReplayResume, SinceResume, type Resume } from './log-resume.ts';
import { socketRefusal } from './rack-error.ts';
import type { RackSocket, SocketEnd } from './rack-socket.ts';

/** How a stream goes on after its connection has ended. */
type LogContinuation =
  /** A connection begins with the first line again; over when `isOver` says so. Build logs. */
  | { readonly from: 'start'; readonly isOver: () => Promise<boolean> }
  /** A connection begins at a moment; one that is followed never ends by itself. App and rack logs. */
  | { readonly from: 'since'; readonly mode: 'follow' | 'once' };

export interface LogStreamRequest {
  readonly operation: string;
  readonly subject?: string;
  readonly path: string;
  readonly headers?: FormFields;
  readonly resume: LogContinuation;
}

/** For so long a dropped stream is opened again before it is given up; a rack update takes up to 15 minutes. */
const REOPEN_LIMIT_MS = 20 * 60_000;
const REOPEN_PAUSE_MS = 1_000;
const LONGEST_LINE = 1024 * 1024;

/**
 * The lines of a log over a websocket, going on over dropped connections without losing or repeating any.
 *
 * @throws {MigrationError} as an HTTP request would; `STOPPED` at once, with the socket closed, when aborted.
 */
export async function* streamLines(
  context: RackContext,
  request: LogStreamRequest,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { resume } = request;
  const lines: Resume = resume.from === 'start' ? new ReplayResume() : new SinceResume();
  const { era } = await context.session.dialect(signal);
  for (let connections = 0; ; connections++) {
    const wasOver = resume.from === 'start' && (await resume.isOver());
    if (connections > 0) lines.reconnected();
    const socket = await open(context, request, lines, signal, connections === 0 ? 'first' : 'again');
    const isLast = wasOver || (resume.from === 'since' && resume.mode === 'once');
    const end = yield* readLines(context, socket, lines, { ...request, isLast });
    // Classic streams end as a dropped connection looks, so there a cut is an end wherever an end is expected.
    if (isLast && (end === 'ended' || era === 'classic')) return;
    if (end === 'cut') context.logger?.debug({ operation: request.operation, connections }, 'log stream dropped');
    await pause(context, request, signal);
  }
}

async function open(
  context: RackContext,
  request: LogStreamRequest,
  lines: Resume,
  signal: AbortSignal,
  attempt: 'first' | 'again',
): Promise<RackSocket> {
  const sinceMs = lines instanceof SinceResume ? lines.sinceMs(context.clock.now()) : undefined;
  const since = sinceMs === undefined ? {} : { Since: goDuration(sinceMs) };
  const { operation, subject, path, headers } = request;
  const { openSocket } = await import('./rack-socket.ts'); // a websocket client nobody needs before
  const connect = async (): Promise<RackSocket> =>
    context.session.repeatRead(
      operation,
      async (url) =>
        openSocket(
          context,
          url,
          {
            operation,
            path,
            headers: { ...headers, ...since },
            effect: 'read',
            ...(subject === undefined ? {} : { subject }),
          },
          signal,
        ),
      signal,
    );
  if (attempt === 'first') return await connect();
  return await waitFor(
    async () => ({ state: 'ready', value: await connect() }),
    { what: `${operation}: connection`, timeoutMs: REOPEN_LIMIT_MS, clock: context.clock },
    signal,
  );
}

async function* readLines(
  context: RackContext,
  socket: RackSocket,
  lines: Resume,
  request: LogStreamRequest & { readonly isLast: boolean },
): AsyncGenerator<string, SocketEnd> {
  let partial = '';
  // What may be an error can be told from a line only by what follows: an error is alone.
  let suspect: string | undefined;
  let isFirst = true;
  const pieces = socket.pieces();
  try {
    for (;;) {
      const next = await pieces.next();
      if (next.done === true) {
        if (suspect !== undefined && isRefusal(suspect, request)) {
          throw socketRefusal(socket.label, suspect, context.secrets);
        }
        const rest = ((suspect ?? '') + partial).split('\n');
        // A line without its end is whole only where nothing follows; otherwise it comes again with the next connection.
        if (!request.isLast) rest.pop();
        for (const line of rest) if (line !== '') yield* lines.accept(line);
        return next.value;
      }
      if (isFirst && looksLikeRefusal(next.value)) {
        suspect = next.value;
        isFirst = false;
        continue;
      }
      isFirst = false;
      partial += (suspect ?? '') + next.value;
      suspect = undefined;
      const whole = partial.split('\n');
      partial = whole.pop() ?? '';
      for (const line of whole) yield* lines.accept(line);
      if (partial.length > LONGEST_LINE) {
        yield* lines.accept(partial);
        partial = '';
      }
    }
  } finally {
    socket.close();
  }
}

function looksLikeRefusal(piece: string): boolean {
  return /^(ERROR: |Unable to authenticate\.)/.test(piece);
}

// The log of a failed build may consist of its `ERROR:` line alone; only what the API itself says counts there.
function isRefusal(piece: string, { resume }: LogStreamRequest): boolean {
  if (resume.from === 'since') return true; // there every line begins with its time
  return /^(ERROR: (no such build|build not found|app not found|no such app|invalid authentication|ValidationError)|Unable to authenticate\.)/.test(
    piece,
  );
}

async function pause(context: RackContext, request: LogStreamRequest, signal: AbortSignal): Promise<void> {
  try {
    await context.clock.sleep(REOPEN_PAUSE_MS, signal);
  } catch {
    throw stopped(signal, request.operation);
  }
}
