import { StringDecoder } from 'node:string_decoder';
import { WebSocket } from 'ws';
import { type MigrationError, stopped, throwIfStopped } from '../errors.ts';
import { onAbort } from '../time/on-abort.ts';
import type { RackContext } from './context.ts';
import { definedFields, type FormFields } from './form.ts';
import { failure, refusal, type RequestLabel } from './rack-error.ts';

export interface SocketRequest {
  readonly operation: string;
  readonly subject?: string;
  readonly path: string;
  /** Options of a websocket call travel as headers. */
  readonly headers?: FormFields;
  /** `write` for a socket that runs a command. */
  readonly effect: 'read' | 'write';
}

/**
 * How a stream ended: `ended` = the server said so (an empty binary frame, or a close frame), `cut` = the connection
 * closed without a word, which is how every stream of a classic rack ends, and a dropped one anywhere.
 */
export type SocketEnd = 'ended' | 'cut';

export interface RackSocket {
  readonly label: RequestLabel;
  /** Text as it comes; a piece is neither a line nor a frame. @throws {MigrationError} `STOPPED` */
  pieces(): AsyncGenerator<string, SocketEnd>;
  /** Sends input for the command. */
  send(text: string): void;
  /** Says that no more input comes: an empty binary frame. */
  endInput(): void;
  /** Closes at once. */
  close(): void;
}

const MOST_QUEUED_BYTES = 1024 * 1024;
const PING_MS = 5_000; // as the official client (convox/stdsdk websocket.go)
const LONGEST_REFUSAL = 65_536;
const LARGEST_FRAME_BYTES = 32 * 1024 * 1024;

/**
 * Opens a websocket of the rack; resolves once the handshake is done.
 *
 * Sends `Origin` with the API's own host: classic racks refuse a handshake without one, standard racks one from another
 * host. No subprotocol is asked for, since no rack names one in its answer.
 *
 * @throws {MigrationError} what an HTTP request would throw; refusals after the handshake arrive as text.
 */
export async function openSocket(
  { transport, secrets, logger }: RackContext,
  url: URL,
  request: SocketRequest,
  signal: AbortSignal,
): Promise<RackSocket> {
  const { operation, subject, path, effect } = request;
  const label = transport.label(url, {
    operation,
    method: 'GET',
    path,
    effect,
    ...(subject === undefined ? {} : { subject }),
  });
  throwIfStopped(signal, label.what);
  if (effect === 'write') transport.assertMayWrite(label.what);
  const startedAt = performance.now();
  const socket = new WebSocket(`${url.protocol === 'http:' ? 'ws' : 'wss'}://${url.host}${path}`, {
    agent: transport.agents(url).write,
    headers: { ...transport.commonHeaders(), ...Object.fromEntries(definedFields(request.headers ?? {})) },
    origin: url.origin,
    handshakeTimeout: transport.options.timeoutMs,
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: LARGEST_FRAME_BYTES,
    skipUTF8Validation: true, // racks cut frames anywhere, also inside a character
  });
  const finish = (status?: number): void => {
    const durationMs = performance.now() - startedAt;
    transport.options.onCall?.({
      method: 'GET',
      path,
      operation,
      durationMs,
      ...(status === undefined ? {} : { status }),
    });
    logger?.debug({ operation, path, rack: url.host, status, durationMs }, 'rack websocket');
  };
  const stream = new SocketStream(socket, label, signal);
  return await new Promise((resolve, reject) => {
    let isSettled = false;
    const settle = (status?: number): boolean => {
      if (isSettled) return false;
      isSettled = true;
      finish(status);
      return true;
    };
    const fail = (error: MigrationError): void => {
      stream.close();
      reject(signal.aborted ? stopped(signal, label.what) : error);
    };
    socket.once('open', () => {
      if (settle(101)) resolve(stream);
    });
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body = (body + text).slice(0, LONGEST_REFUSAL)));
      const { statusCode = 0 } = response;
      response.once('close', () => {
        if (settle(statusCode)) fail(refusal(label, statusCode, body, secrets));
      });
    });
    socket.once('error', (error) => {
      if (!settle()) return;
      fail(signal.aborted ? stopped(signal, label.what) : failure(label, coded(error), secrets, signal));
    });
  });
}

/** ws gives some failures (a reset in the handshake, its own time-out) without a code. */
function coded(error: unknown): unknown {
  return error instanceof Error && !('code' in error) ? Object.assign(error, { code: 'ERR_WEBSOCKET' }) : error;
}

class SocketStream implements RackSocket {
  readonly label: RequestLabel;
  readonly #socket: WebSocket;
  readonly #signal: AbortSignal;
  readonly #decoder = new StringDecoder('utf8');
  readonly #forgetStop: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #end: SocketEnd | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket, label: RequestLabel, signal: AbortSignal) {
    this.label = label;
    this.#socket = socket;
    this.#signal = signal;
    this.#forgetStop = onAbort(signal, () => this.close());
    this.#heartbeat = setInterval(() => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, PING_MS).unref();
    socket.on('message', (data: Buffer, isBinary) => this.#take(data, isBinary));
    socket.on('error', () => undefined); // 'close' always follows, and the end says `cut`
    socket.on('close', (code) => this.#finish(code === 1000 || code === 1005 ? 'ended' : 'cut'));
  }

  async *pieces(): AsyncGenerator<string, SocketEnd> {
    try {
      for (;;) {
        const batch = this.#queue;
        this.#queue = [];
        this.#queuedBytes = 0;
        if (this.#socket.isPaused) this.#socket.resume();
        for (const data of batch) {
          throwIfStopped(this.#signal, this.label.what);
          const text = this.#decoder.write(data);
          if (text !== '') yield text;
        }
        throwIfStopped(this.#signal, this.label.what);
        if (this.#queue.length > 0) continue;
        if (this.#end !== undefined) return this.#end;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.close();
    }
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  endInput(): void {
    this.#socket.send(Buffer.alloc(0), { binary: true });
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#forgetStop();
    this.#socket.terminate();
    this.#wake();
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (isBinary && data.length === 0) {
      // The end of a standard stream; the server leaves the connection open, so the client closes.
      this.#finish('ended');
      this.#socket.close();
      return;
    }
    this.#queue.push(data);
    this.#queuedBytes += data.length;
    if (this.#queuedBytes > MOST_QUEUED_BYTES) this.#socket.pause();
    this.#wake();
  }

  #finish(end: SocketEnd): void {
    this.#end ??= end;
    clearInterval(this.#heartbeat);
    this.#forgetStop();
    this.#wake();
  }
}
