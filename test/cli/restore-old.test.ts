import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SHOP_CANARY, SHOP_URL_CANARY } from '../../src/sandbox/scenario/shop-environment.ts';
import { temporaryFolder } from './support/folders.ts';
import { filesBelow, playground } from './support/sandbox.ts';
import { spawnGen2 } from './support/spawn-gen2.ts';

const LONG_MS = 180_000;

test(
  'a key pair, a migration that exports for it, the old app back beside the new one, its records put back',
  async () => {
    const world = await playground();
    const keygen = await world.run('keygen', 'key.txt');
    expect(keygen.stdout).toMatch(/^age1[a-z0-9]+\n$/);
    expect((await stat(join(world.folder, 'key.txt'))).mode & 0o777).toBe(0o600);
    const identity = /AGE-SECRET-KEY-1\w+/.exec(await readFile(join(world.folder, 'key.txt'), 'utf8'))?.[0] ?? '';
    const withKey = { GEN2_EXPORT_KEY: keygen.stdout };
    const run = (...argv: readonly string[]) =>
      spawnGen2(argv, { env: { ...world.env, ...withKey }, cwd: world.folder }).ended;

    // Said plainly, before anything is begun.
    expect((await world.run('plan', 'shop', '--source', 'shop')).stdout.replaceAll(/\s+/g, ' ')).toContain(
      'values of its environment are NOT exported',
    );
    expect((await run('plan', 'shop', '--source', 'shop')).stdout.replaceAll(/\s+/g, ' ')).toContain(
      'its environment is encrypted for the given key',
    );
    expect((await world.run('restore-old', 'shop', '--yes')).stderr).toContain('error[EXPORT_NOT_FOUND]');
    expect((await world.run('migrate', 'shop', '--export-key', 'key.txt')).stderr).toContain('it holds a secret key');
    expect(world.mutations).toEqual([]);

    expect((await run('migrate', 'shop', '--source', 'shop', '--on-gate', 'exit')).exitCode).toBe(10);
    expect((await world.run('approve', 'shop')).exitCode).toBe(0);
    const atCommit = await world.run('resume', 'shop', '--on-gate', 'exit');
    expect(atCommit.stderr).toContain('its environment is encrypted for the given key');
    expect((await world.run('restore-old', 'shop', '--yes')).stderr).toContain('error[EXECUTION_STATE]');
    expect((await world.run('approve', 'shop')).exitCode).toBe(0);
    expect((await world.run('resume', 'shop')).exitCode).toBe(0);

    const key = ['--key-file', 'key.txt'];
    const begun = world.mutations.length;
    expect((await world.run('restore-old', 'shop', '--as', 'shop-old', '--yes')).stderr).toContain('--key-file');
    const taken = await world.run('restore-old', 'shop', '--yes', ...key);
    expect(taken).toMatchObject({ exitCode: 7 });
    expect(taken.stderr).toContain('--as shop-old');
    const unasked = await world.run('restore-old', 'shop', '--as', 'shop-old', ...key);
    expect(unasked).toMatchObject({ exitCode: 2 });
    expect(unasked.stderr).toContain('Create the app: create shop-old as generation 1');
    expect(world.mutations.slice(begun)).toEqual([]);

    const restored = await world.run('restore-old', 'shop', '--as', 'shop-old', '--yes', ...key);
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(restored.stdout).toContain('shop-old runs as generation 1');
    const file = /gen2 dns restore (\S+)/.exec(restored.stdout)?.[1] ?? '';
    const again = await world.run('restore-old', 'shop', '--as', 'shop-old', '--json', ...key);
    expect(JSON.parse(again.stdout)).toMatchObject({ app: 'shop-old', recordFile: expect.any(String) as string });
    expect((await world.run('dns', 'restore', file, '--yes')).stdout).toBe('put back\n');
    expect((await world.run('dns', 'show', 'shop-old')).stdout).toMatch(/^shop\.example\.com +A /m);

    const outputs = [keygen, atCommit, taken, unasked, restored, again].flatMap(({ stdout, stderr }) => [
      stdout,
      stderr,
    ]);
    const written = [...(await filesBelow(join(world.folder, '.gen2'))).values()];
    for (const secret of [SHOP_CANARY, SHOP_URL_CANARY, identity]) {
      expect([...outputs, ...written].filter((text) => text.includes(secret))).toEqual([]);
    }
    expect(outputs.filter((text) => text.includes('[hidden]'))).toEqual([]);
  },
  LONG_MS,
);

test('keygen never writes over a key, and refuses a place that cannot be written', async () => {
  const cwd = await temporaryFolder();
  const run = (file: string) => spawnGen2(['keygen', file], { env: {}, cwd }).ended;
  await run('key.txt');
  const first = await readFile(join(cwd, 'key.txt'), 'utf8');

  const again = await run('key.txt');
  const nowhere = await run('no/such/folder/key.txt');

  expect(again).toMatchObject({ exitCode: 7, stdout: '' });
  expect(again.stderr).toContain('error[FILE_EXISTS]');
  expect(nowhere.stderr).toContain('error[STATE_UNWRITABLE]');
  expect(await readFile(join(cwd, 'key.txt'), 'utf8')).toBe(first);
  expect(await readdir(cwd)).toEqual(['key.txt']);
});
