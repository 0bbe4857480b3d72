import { afterAll, expect, test } from 'vitest';
import type { ChildProcess } from 'node:child_process';
import { Random } from '../../src/sandbox/random.ts';
import { startGen2, type SpawnedGen2 } from '../cli/support/spawn-gen2.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';

const MOMENTS = 20;
/** What issue and users ask for, in real ms. */
const SAFE_POINT_MS = 10_000;
/** A whole migration sends some 700 requests: so many at most lie between two signals. */
const LONGEST_RUN = 60;
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
/** `GEN2_SIGNAL_SEED=n` repeats a run. */
const seed = Number(process.env['GEN2_SIGNAL_SEED'] ?? Date.now() % 100_000);
const children = new Set<ChildProcess>();

afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

function gen2(shop: ShopMigration, verb: 'migrate' | 'resume'): SpawnedGen2 {
  const { settings, sandbox, state } = shop;
  const source = verb === 'migrate' ? ['--source', settings.sourceFolder] : [];
  const spawned = startGen2([verb, 'shop', ...source, '--state', state], {
    env: sandbox.env,
    cwd: settings.sourceFolder,
  });
  children.add(spawned.child);
  return spawned;
}

/** Approves every gate as soon as it is open; returns how to end that. */
function approveGates({ engine }: ShopMigration): () => void {
  const looking = setInterval(() => {
    void engine.answer({ app: 'shop' }, { approved: true, by: 'signal test' }).catch(() => undefined); // mostly none is open
  }, 50);
  return () => clearInterval(looking);
}

/** Resolves when the sandbox has the `count`-th request from now on in hand, after the migration was begun. */
function requests({ sandbox, engine }: ShopMigration, count: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    let isBegun = false;
    const remove = sandbox.world.faults.add(() => {
      // Before it has begun there is nothing to resume.
      if (!isBegun)
        void engine.list({ app: 'shop' }).then(([view]) => (isBegun = view?.results.has('assess') === true));
      else if ((seen += 1) === count) {
        remove();
        resolve();
      }
      return undefined;
    });
  });
}

test(`a migration that is stopped ${MOMENTS} times is at a safe point within 10 s each time, and ends as if nothing had happened (seed ${seed})`, async () => {
  process.stdout.write(`stop signals: seed ${seed} (GEN2_SIGNAL_SEED)\n`);
  const random = new Random(seed);
  const shop = await startShopMigration({ scale: 300 });
  const endApproving = approveGates(shop);
  const stops: string[] = [];
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const signal = random.next() < 0.5 ? 'SIGINT' : 'SIGTERM';
    const count = 1 + Math.floor(random.next() * LONGEST_RUN);
    const { child, ended } = gen2(shop, moment === 0 ? 'migrate' : 'resume');
    const isReached = await Promise.race([requests(shop, count).then(() => true), ended.then(() => false)]);
    if (!isReached) {
      expect((await ended).exitCode).toBe(0); // the rest of the migration was shorter than that
      break;
    }

    const at = performance.now();
    child.kill(signal);
    const { exitCode, stderr } = await ended;
    const tookMs = performance.now() - at;

    const [view] = await shop.engine.list({ app: 'shop' });
    stops.push(`${signal} after ${count} requests: ${Math.round(tookMs)} ms`);
    const isOver = view?.outcome !== undefined;
    expect([exitCode, view?.holder], stderr).toEqual([isOver ? 0 : EXIT_CODES[signal], undefined]);
    expect(tookMs, stderr).toBeLessThan(SAFE_POINT_MS);
    if (isOver) break;
    expect(stderr).toContain('`gen2 resume shop`');
  }

  const last = await gen2(shop, 'resume').ended;
  endApproving();
  process.stdout.write(`${stops.join('\n')}\n`);
  expect(last.exitCode === 0 || last.stderr.includes('EXECUTION_FINISHED'), last.stderr).toBe(true);
  expect((await shop.engine.list({ app: 'shop' }))[0]?.outcome).toBe('succeeded');
  expect(await shop.connection.rack.apps.get('shop', new AbortController().signal)).toMatchObject({ generation: '2' });
  await shop.close();
}, 400_000);

test('a second signal stops at once, and the migration can still be resumed', async () => {
  const shop = await startShopMigration({ scale: 300 });
  const endApproving = approveGates(shop);
  const exitCodes: (number | null)[] = [];
  // The first one alone ends as 130: where it is at a safe point already, the second comes too late.
  for (let tries = 0; tries < 5 && !exitCodes.includes(143); tries += 1) {
    const { child, ended } = gen2(shop, tries === 0 ? 'migrate' : 'resume');
    await requests(shop, 30);

    child.kill('SIGINT');
    child.kill('SIGTERM');

    exitCodes.push((await ended).exitCode);
  }

  expect(exitCodes.at(-1)).toBe(143);
  expect(exitCodes.slice(0, -1).filter((code) => code !== 130)).toEqual([]);
  expect((await shop.engine.list({ app: 'shop' }))[0]).toMatchObject({ outcome: undefined, holder: undefined });
  const { exitCode, stderr } = await gen2(shop, 'resume').ended;
  endApproving();
  expect(exitCode, stderr).toBe(0);
  await shop.close();
}, 200_000);
