import { Runtime, type RuntimeOptions } from './runtime.ts';

/** DBOS in this process for as long as somebody uses it: what runs for nothing keeps a process from ending. */
export class SharedRuntime {
  readonly #options: () => Promise<RuntimeOptions>;
  #runtime: Runtime | undefined;
  #users = 0;
  /** Launches and shutdowns one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: () => Promise<RuntimeOptions>) {
    this.#options = options;
  }

  /** Every `enter` that resolves is followed by one `leave`. */
  enter(): Promise<Runtime> {
    return this.#inTurn(async () => {
      this.#runtime ??= await Runtime.launch(await this.#options());
      this.#users += 1;
      return this.#runtime;
    });
  }

  leave(): Promise<void> {
    return this.#inTurn(async () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      const runtime = this.#runtime;
      this.#runtime = undefined;
      await runtime?.close();
    });
  }

  /** Ends it, whoever still uses it. */
  close(): Promise<void> {
    this.#users = 1;
    return this.leave();
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
