import type { PGlite } from '@electric-sql/pglite';
import { createServer, type Socket } from 'node:net';

// Codes of first messages (PostgreSQL: Frontend/Backend Protocol, Message Formats).
const SSL_REQUEST = 80877103;
const CANCEL_REQUEST = 80877102;
/** Messages that end what is answered together: Query, Sync, Flush, and those of the authentication. */
const ENDS = new Set(['Q', 'S', 'H', 'p']);
const ROLLBACK = Buffer.concat([Buffer.from('Q'), Buffer.from([0, 0, 0, 13]), Buffer.from('ROLLBACK\0')]);

/**
 * Serves a PGlite, which is one session, to many connections: each in turn, for a whole exchange, or a whole transaction.
 * @electric-sql/pglite-socket@0.2.17 takes turns by the message, so the Parse of one connection meets the Bind of another.
 */
export async function servePglite(db: PGlite): Promise<{ readonly port: number; close(): Promise<void> }> {
  const turns = new Turns();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(db, turns, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function serve(db: PGlite, turns: Turns, socket: Socket): void {
  let received = Buffer.alloc(0);
  let exchange: Buffer[] = [];
  // Only the first message of a connection has no type before its length.
  const startUp = { isOver: false };
  const turn: { done: (() => void) | undefined } = { done: undefined };
  let last: Promise<void> = Promise.resolve();

  const send = async (request: Buffer): Promise<void> => {
    if (socket.destroyed) return;
    turn.done ??= await turns.take();
    const answer = Buffer.from(await db.execProtocolRaw(request));
    if (socket.writable) socket.write(answer);
    // ReadyForQuery is the last message; `I` means that no transaction is open.
    if (answer.at(-6) === 0x5a && answer.at(-1) === 0x49) giveWay();
  };
  const giveWay = (): void => {
    turn.done?.();
    turn.done = undefined;
  };
  const inTurn = (act: () => Promise<void>): void => {
    last = last.then(act).catch(() => {
      socket.destroy();
    });
  };

  socket.on('data', (data) => {
    received = Buffer.concat([received, data]);
    for (;;) {
      const header = startUp.isOver ? 1 : 0;
      if (received.length < header + 4) return;
      const length = header + received.readInt32BE(header);
      if (received.length < length) return;
      const message = received.subarray(0, length);
      received = received.subarray(length);
      const code = startUp.isOver ? undefined : message.readInt32BE(4);
      if (code === SSL_REQUEST) socket.write('N');
      else if (code === CANCEL_REQUEST || (startUp.isOver && message[0] === 0x58)) socket.end();
      else {
        exchange.push(message);
        if (startUp.isOver && !ENDS.has(String.fromCharCode(message[0] ?? 0))) continue;
        startUp.isOver = true;
        const request = Buffer.concat(exchange);
        exchange = [];
        inTurn(() => send(request));
      }
    }
  });
  socket.on('close', () => {
    inTurn(async () => {
      if (turn.done !== undefined) await db.execProtocolRaw(ROLLBACK);
      giveWay();
    });
  });
}

/** One at a time, in order. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  async take(): Promise<() => void> {
    const before = this.#last;
    let done = (): void => undefined;
    this.#last = new Promise((resolve) => (done = resolve));
    await before;
    return done;
  }
}
