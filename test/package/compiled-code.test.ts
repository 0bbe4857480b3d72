import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../cli/support/folders.ts';
import { ROOT } from './installed-package.ts';

const run = promisify(execFile);
const ENGINE = `${process.version}-${process.arch}`;

beforeAll(async () => {
  await run(process.execPath, [join(ROOT, 'scripts', 'build.mjs')]);
}, 180_000);

/** `gen2 --version` with a cache directory of its own. */
async function version(base: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), '--version'], {
    cwd: base,
    env: { PATH: process.env['PATH'], HOME: base, XDG_CACHE_HOME: base, ...env },
  });
  expect(stderr).toBe('');
  return stdout.trim();
}

async function kept(base: string): Promise<readonly string[]> {
  return (await readdir(join(base, 'convox-gen2'), { recursive: true }).catch(() => [])).toSorted();
}

// Later versions of Node.js keep it themselves, in a form of their own.
describe.skipIf('enableCompileCache' in process.getBuiltinModule('node:module'))('compiled code', () => {
  test('is kept by the first start and taken by the second, for this user alone', async () => {
    const base = await temporaryFolder();

    const first = await version(base);
    const files = await kept(base);
    const folder = join(base, 'convox-gen2', ENGINE);
    const written = await Promise.all(files.map((file) => stat(join(base, 'convox-gen2', file))));
    const second = await version(base);
    const after = await Promise.all(files.map((file) => stat(join(base, 'convox-gen2', file))));

    expect(second).toBe(first);
    expect(files.filter((file) => file.endsWith('.bin')).length).toBeGreaterThan(0);
    expect((await stat(folder)).mode & 0o077).toBe(0);
    expect(after.map(({ mtimeMs }) => mtimeMs)).toEqual(written.map(({ mtimeMs }) => mtimeMs));
  });

  test('that is damaged, of other code, or cannot be written costs nothing but time', async () => {
    const base = await temporaryFolder();
    const expected = await version(base);
    const folder = join(base, 'convox-gen2', ENGINE);
    const [name = ''] = (await readdir(folder)).toSorted();
    const whole = await readFile(join(folder, name));

    for (const damaged of [Buffer.alloc(0), whole.subarray(0, 1000), Buffer.alloc(whole.length)]) {
      await writeFile(join(folder, name), damaged);
      expect(await version(base)).toBe(expected);
      const madeAnew = await readFile(join(folder, name));
      expect(madeAnew.equals(damaged)).toBe(false);
      expect(await version(base)).toBe(expected);
      expect((await readFile(join(folder, name))).equals(madeAnew)).toBe(true); // and taken
    }
    const file = join(await temporaryFolder(), 'no-folder');
    await writeFile(file, '');
    expect(await version(base, { XDG_CACHE_HOME: file })).toBe(expected);
  });

  test('is neither taken from a directory that others may write to, nor kept when it is turned off', async () => {
    const shared = await temporaryFolder();
    const folder = join(shared, 'convox-gen2', ENGINE);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o777);
    const off = await temporaryFolder();

    await version(shared);
    await version(off, { NODE_DISABLE_COMPILE_CACHE: '1' });

    expect(await readdir(folder)).toEqual([]);
    expect(await kept(off)).toEqual([]);
  });
});
