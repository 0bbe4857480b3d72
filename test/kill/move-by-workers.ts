import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DbosEngine } from '../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { startChild, type Child } from './children.ts';
import type { KillPlace, Moved, Mover } from './kill-run.ts';

/** A run that is not over by then is given up; real ms. */
const LIMIT_MS = 140_000;

interface Event {
  readonly type: string;
  readonly message?: string;
}

/** Moves `shop` with the DBOS engine: two workers, of which the one that works is killed. */
export function moveByWorkers(engine: DbosEngine, databaseUrl: string): Mover {
  return async (place) => {
    const pair = new Pair(place, databaseUrl);
    try {
      await pair.ready();
      const { rackName: rack } = place.sandbox.world.settings;
      const settings = { app: 'shop', sourceFolder: place.sourceFolder };
      await engine.submit({ rack, app: 'shop', settings, job: { kind: 'start' } });
      const end = await pair.end;
      const [view] = await engine.list({ rack, app: 'shop' });
      const problem = end ?? (view?.outcome === 'succeeded' ? undefined : `outcome ${view?.outcome ?? 'none'}`);
      const { writes, problems } = await pair.dismiss();
      return { ...pair.death(), writes, problem: [problem, ...problems].find((one) => one !== undefined) };
    } finally {
      pair.kill();
    }
  };
}

/** Two workers of one rack; whoever has the execution in hand is the killer's victim. */
class Pair {
  /** Resolves when the execution is over: to a problem, or undefined. */
  readonly end: Promise<string | undefined>;
  readonly #workers: readonly Child[];
  readonly #dead: string;
  #resolve: (problem: string | undefined) => void = () => undefined;
  readonly #readiness: Promise<unknown>;
  #diedAt: number | undefined;
  #takenOverMs: number | undefined;

  constructor({ access, folder, killer, point, sandbox }: KillPlace, databaseUrl: string) {
    this.#dead = join(folder, 'dead');
    this.end = new Promise((resolve) => (this.#resolve = resolve));
    const killAtWrite = point.at === 'write' ? point.number : undefined;
    const { rackName: rack } = sandbox.world.settings;
    const orders = { ...access, rack, databaseUrl, state: join(folder, 'state'), killAtWrite, dead: this.#dead };
    const ready: Promise<unknown>[] = [];
    this.#workers = ['one', 'two'].map((name) => {
      const isReady = new AbortController();
      ready.push(once(isReady.signal, 'abort'));
      const worker = startChild('worker', { ...orders, name }, (line, child) => {
        if (line === 'ready') isReady.abort();
        else if (line.startsWith('{')) this.#hear(JSON.parse(line) as Event, child, killer);
      });
      void worker.ended.then(({ killed, code }) => {
        isReady.abort();
        if (killed) this.#diedAt = performance.now();
        else if (code !== 0)
          this.#resolve(`a worker ended with ${code ?? 'a signal'}: ${worker.output().slice(-2000)}`);
      });
      return worker;
    });
    this.#readiness = Promise.all(ready);
    setTimeout(() => this.#resolve(`not over in time: ${this.#said()}`), LIMIT_MS).unref();
  }

  async ready(): Promise<void> {
    await this.#readiness;
  }

  #hear({ type, message }: Event, child: Child, killer: KillPlace['killer']): void {
    if (type === 'taken') {
      killer.victim = child.process;
      if (this.#diedAt !== undefined) this.#takenOverMs ??= performance.now() - this.#diedAt;
    }
    if (type === 'finished') this.#resolve(undefined);
    if (type === 'parked') this.#resolve(`parked: ${message ?? ''}`);
  }

  death(): Pick<Moved, 'died' | 'takenOverMs'> {
    return { died: this.#diedAt !== undefined, takenOverMs: this.#takenOverMs };
  }

  /** Tells the living to stop, which must end well. */
  async dismiss(): Promise<{ readonly writes: number; readonly problems: readonly string[] }> {
    for (const worker of this.#workers) worker.process.kill('SIGTERM');
    const ends = await Promise.all(this.#workers.map((worker) => worker.ended));
    const problems = ends.flatMap(({ killed, code }, index) =>
      killed || code === 0 ? [] : [`ended with ${code ?? 'a signal'}: ${this.#workers[index]?.output() ?? ''}`],
    );
    if (ends.filter(({ killed }) => killed).length > 1) problems.push('both workers died');
    const writes = this.#workers.map((worker) => Number(/"writes":(\d+)/.exec(worker.output())?.[1] ?? 0));
    return { writes: Math.max(...writes), problems };
  }

  kill(): void {
    for (const worker of this.#workers) worker.process.kill('SIGKILL');
  }

  #said(): string {
    const marks = existsSync(this.#dead) ? 'one died at a write; ' : '';
    return marks + this.#workers.map((worker) => worker.output().slice(-1000)).join('\n---\n');
  }
}
