import { expect, test } from 'vitest';
import * as z from 'zod';
import { wwwWeights } from '../support/record-weights.ts';
import { playground, type Playground } from './support/sandbox.ts';

const LONG_MS = 240_000;

const statusSchema = z.tuple([
  z.object({
    outcome: z.string().nullable(),
    holder: z.string().nullable(),
    isPaused: z.boolean(),
    openGate: z.object({ gate: z.string() }).nullable(),
    lastStep: z.string().nullable(),
  }),
]);

async function status(world: Playground) {
  const { stdout } = await world.run('status', 'shop', '--json');
  return statusSchema.parse(JSON.parse(stdout))[0];
}

test(
  'a running migration is watched, approved, paused and let go on from other terminals',
  async () => {
    const world = await playground();
    const migration = world.start('migrate', 'shop', '--source', 'shop', '--finish', 'keep');
    await migration.says(/create-temporary-app/);
    const watching = world.start('status', 'shop', '--watch');
    await watching.says(/build-temporary-app/);
    expect(await status(world)).toMatchObject({
      outcome: null,
      holder: expect.stringContaining(`process ${migration.child.pid}`) as string,
      isPaused: false,
    });

    await watching.says(/Move the traffic to the new app/);
    const paused = await world.run('pause', 'shop');
    expect(paused).toMatchObject({
      exitCode: 0,
      stdout: 'shop: holds before its next step; `gen2 resume shop` lets it go on\n',
    });
    expect((await world.run('approve', 'shop', '--comment', 'Tuesday is fine')).exitCode).toBe(0);
    await expect.poll(async () => (await status(world)).openGate, { timeout: 60_000 }).toBeNull();
    const changes = world.mutations.length;
    for (let looks = 0; looks < 4; looks += 1) {
      expect(await status(world)).toMatchObject({ isPaused: true, openGate: null, outcome: null });
    }
    expect((await world.run('status', 'shop')).stdout).toContain(`paused in process ${migration.child.pid}`);
    expect(world.mutations.length).toBe(changes);

    const resumed = await world.run('resume', 'shop');
    expect(resumed.exitCode).toBe(0);
    expect(resumed.stdout).toContain(`shop: goes on in process ${migration.child.pid}`);

    expect(await migration.ended).toMatchObject({ exitCode: 0 });
    expect(world.mutations.length).toBeGreaterThan(changes);
    const watched = await watching.ended;
    expect(watched.exitCode).toBe(0);
    expect(watched.stdout).toContain('shop on rack convox: kept');
    const seen = ['create-temporary-app', 'build-temporary-app', 'switch-records', 'confirm-traffic'];
    const at = seen.map((step) => watched.stderr.indexOf(`✓ ${step}`));
    expect(at.every((position) => position >= 0)).toBe(true);
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    expect((await world.run('approve', 'shop')).stderr).toContain('error[EXECUTION_STATE]');
  },
  LONG_MS,
);

test(
  'watching ends with the terminal that watches, not with what is watched',
  async () => {
    const world = await playground();
    const migration = world.start('migrate', 'shop', '--source', 'shop');
    await migration.says(/create-temporary-app/);
    const watching = world.start('status', 'shop', '--watch');
    await watching.says(/create-temporary-app/);

    watching.child.kill('SIGINT');
    const watched = await watching.ended;

    expect(watched.stdout).toContain('shop on rack convox: running in process');
    expect(await status(world)).toMatchObject({ outcome: null, holder: expect.any(String) as string });
    migration.child.kill('SIGTERM');
    expect((await migration.ended).exitCode).toBe(143);
    expect((await status(world)).holder).toBeNull();
  },
  LONG_MS,
);

test(
  'a cutover in stages is steered from another terminal',
  async () => {
    const world = await playground();
    // 27 s of real time a stage: nothing here goes on by itself before it is told to.
    const bakeMs = 90 * 60_000;
    const stages = ['--stages', '5,25,50', '--bake', '90m'];
    const migration = world.start('migrate', 'shop', '--source', 'shop', '--finish', 'keep', ...stages);
    await migration.says(/Move the traffic to the new app/);
    expect((await world.run('approve', 'shop')).exitCode).toBe(0);
    await migration.says(/the new app has 5 % of the answers/);

    const refused = await world.run('stage', 'shop', '30');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('error[USAGE]');
    const onwards = await world.run('stage', 'shop', '50');
    expect(onwards).toMatchObject({ exitCode: 0, stdout: 'shop: goes to 50 % next\n' });
    await migration.says(/the new app has 50 % of the answers/);
    expect(migration.said().stderr).not.toContain('25 % of the answers');
    expect((await world.run('pause', 'shop')).exitCode).toBe(0);
    await world.sandbox.world.clock.sleep(1.1 * bakeMs, new AbortController().signal);
    expect(await status(world)).toMatchObject({ isPaused: true, outcome: null });
    expect(wwwWeights(world.sandbox)).toEqual([50, 50]);

    expect((await world.run('stage', 'shop', '5%')).exitCode).toBe(0);
    await migration.says(/50 % of the answers[^]*has 5 % of the answers/);
    expect(wwwWeights(world.sandbox)).toEqual([5, 95]);
    expect((await world.run('resume', 'shop')).stdout).toContain(`shop: goes on in process ${migration.child.pid}`);
    expect((await world.run('stage', 'shop', '100')).exitCode).toBe(0);

    expect(await migration.ended).toMatchObject({ exitCode: 0 });
    expect(wwwWeights(world.sandbox)).toEqual([undefined]);
    expect((await world.run('stage', 'shop', '50')).stderr).toContain('error[EXECUTION_STATE]');
  },
  LONG_MS,
);
