import { createServer, type Server, type Socket } from 'node:net';

/** The listening sockets of one balancer: one per address and port. Closing one closes its connections too. */
export class Doors {
  readonly #open = new Map<string, { readonly server: Server; readonly sockets: Set<Socket> }>();
  readonly #opening = new Set<Promise<void>>();
  readonly #failed: (error: Error) => void;

  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
  }

  /** Opens what is missing and closes what is not wanted any more. */
  keepOnly(wanted: ReadonlyMap<string, { address: string; port: number; welcome: (socket: Socket) => void }>): void {
    for (const key of [...this.#open.keys()]) if (!wanted.has(key)) this.#close(key);
    for (const [key, { address, port, welcome }] of wanted) {
      if (!this.#open.has(key)) this.#opening.add(this.#listen(key, address, port, welcome));
    }
  }

  /** Resolves when everything asked for until now listens. */
  async settled(): Promise<void> {
    await Promise.all(this.#opening);
  }

  closeAll(): void {
    for (const key of [...this.#open.keys()]) this.#close(key);
  }

  #listen(key: string, address: string, port: number, welcome: (socket: Socket) => void): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // A visitor who leaves in the middle is no event.
      socket.on('error', () => socket.destroy());
      welcome(socket);
    });
    this.#open.set(key, { server, sockets });
    return new Promise((resolve) => {
      server.on('error', (error) => {
        this.#failed(error);
        resolve();
      });
      server.on('close', resolve);
      server.listen({ host: address, port, exclusive: true }, resolve);
    });
  }

  #close(key: string): void {
    const door = this.#open.get(key);
    if (door === undefined) return;
    this.#open.delete(key);
    door.server.close();
    for (const socket of door.sockets) socket.destroy();
  }
}
