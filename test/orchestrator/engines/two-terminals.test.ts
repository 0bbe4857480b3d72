import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { EXIT_CODES } from '../../../src/errors.ts';
import { DbosEngine } from '../../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { LocalEngine } from '../../../src/orchestrator/engines/local/local-engine.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { playground, type Playground } from '../../cli/support/sandbox.ts';
import { spawnGen2 } from '../../cli/support/spawn-gen2.ts';
import { createDatabase, findServer, startPglite, type TestDatabase } from './dbos-database.ts';

const TIMES = 50;
/** So many of them also as whole commands, which take longer to come to the race than to run it. */
const COMMANDS = 5;
const LIMIT_MS = 300_000;
const server = await findServer();

function startDatabase(): Promise<TestDatabase> {
  return server === undefined ? startPglite() : createDatabase(server);
}

type Said = { readonly runs: string } | { readonly code: string; readonly message: string };

/** Two processes that live over all the rounds, so that each round is a race and not a start-up. */
class Terminals {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  static async open(orders: { readonly state?: string; readonly databaseUrl?: string }): Promise<Terminals> {
    const module = new URL('terminal.mjs', import.meta.url).pathname;
    const env = { ...process.env, GEN2_TERMINAL: JSON.stringify(orders) };
    const children = [0, 1].map(() => fork(module, { env }));
    onTestFinished(() => children.forEach((child) => child.kill('SIGKILL')));
    await Promise.all(children.map((child) => once(child, 'message')));
    return new Terminals(children);
  }

  /** Has both start at once; says what each said, with its process. */
  startBoth(app: string): Promise<readonly { readonly pid: number | undefined; readonly said: Said }[]> {
    return Promise.all(
      this.#children.map(async (child) => {
        const heard = once(child, 'message') as Promise<[Said]>;
        child.send({ start: app });
        return { pid: child.pid, said: (await heard)[0] };
      }),
    );
  }

  async release(): Promise<void> {
    await Promise.all(
      this.#children.map((child) => {
        const heard = once(child, 'message');
        child.send({ release: true });
        return heard;
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#children.map((child) => {
        const ended = once(child, 'exit');
        child.disconnect();
        return ended;
      }),
    );
  }
}

/** One runs; the other was told by whom, where and since when. */
function expectOne(both: Awaited<ReturnType<Terminals['startBoth']>>): void {
  const winner = both.find(({ said }) => 'runs' in said);
  const loser = both.find(({ said }) => 'code' in said);
  expect(both.map(({ said }) => ('runs' in said ? 'runs' : said.code)).toSorted()).toEqual([
    'EXECUTION_RUNNING',
    'runs',
  ]);
  expect(loser?.said).toMatchObject({
    message: expect.stringMatching(new RegExp(`process ${winner?.pid ?? 0} on ${hostname()} .*\\d m?s`)) as string,
  });
}

describe('two terminals that start the same migration at once', () => {
  test(
    `on the local engine: ${TIMES} times exactly one runs, and the other says who has it`,
    async () => {
      const state = await mkdtemp(join(tmpdir(), 'gen2-terminals-'));
      const terminals = await Terminals.open({ state });

      for (let round = 1; round <= TIMES; round += 1) {
        expectOne(await terminals.startBoth(`shop-${round}`));
        await terminals.release();
      }

      const engine = new LocalEngine({ state, clock: systemClock, process: { pid: process.pid, exists: () => true } });
      expect(await engine.list({})).toHaveLength(TIMES);
      await terminals.close();
      await rm(state, { recursive: true });
    },
    LIMIT_MS,
  );

  test(
    `on the DBOS engine: ${TIMES} times exactly one runs, and the other says who has it`,
    async () => {
      const database = await startDatabase();
      const terminals = await Terminals.open({ databaseUrl: database.url });

      for (let round = 1; round <= TIMES; round += 1) expectOne(await terminals.startBoth(`shop-${round}`));

      const engine = new DbosEngine({ databaseUrl: database.url, clock: systemClock, pid: process.pid });
      expect(await engine.list({})).toHaveLength(TIMES);
      await engine.close();
      await terminals.close();
      await database.close();
    },
    LIMIT_MS,
  );
});

describe('two `gen2 migrate` of the same app at once', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await startDatabase();
  });
  afterAll(() => database.close());

  /** Starts both; says which of them was refused, in which words, and which was not. */
  async function startBoth(world: Playground, env: Readonly<Record<string, string>>) {
    const argv = ['migrate', 'shop', '--source', 'shop'];
    const both = [0, 1].map(() => spawnGen2(argv, { env: { ...world.env, ...env }, cwd: world.folder }));
    const refusals = both.map(async (one) => {
      const ended = await one.ended;
      if (ended.exitCode === EXIT_CODES.conflict) return { one, ended };
      throw new Error(`ended with ${ended.exitCode}: ${ended.stdout}${ended.stderr}`);
    });
    const { one, ended } = await Promise.any(refusals);
    for (const refusal of refusals) refusal.catch(() => undefined);
    const winner = both.find((other) => other !== one);
    if (winner === undefined) throw new TypeError('there are two');
    return { winner, refused: ended.stderr };
  }

  test(
    `with a state directory: ${COMMANDS} times one runs, and the other ends and says who has it`,
    async () => {
      for (let round = 1; round <= COMMANDS; round += 1) {
        const { winner, refused } = await startBoth(await playground(), {});

        expect(refused).toContain(`another gen2 works on shop: process ${winner.child.pid ?? 0} on ${hostname()} for `);
        winner.child.kill('SIGTERM');
        expect((await winner.ended).exitCode).toBe(EXIT_CODES.terminated);
      }
    },
    LIMIT_MS,
  );

  test(
    `with a database: ${COMMANDS} times one is queued, and the other ends and says who has it`,
    async () => {
      for (let round = 1; round <= COMMANDS; round += 1) {
        const world = await playground({ rackName: `rack-${round}` });
        const { winner, refused } = await startBoth(world, { GEN2_STATE: database.url });

        expect(refused).toMatch(new RegExp(`process ${winner.child.pid ?? 0} on ${hostname()} `));
        const { exitCode, stdout } = await winner.ended;
        expect({ exitCode, stdout }).toMatchObject({
          exitCode: EXIT_CODES.ok,
          stdout: expect.stringContaining(`waits for a worker of rack rack-${round}`) as string,
        });
      }
    },
    LIMIT_MS,
  );
});
