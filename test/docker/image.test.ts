import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readIgnoreRules } from '../../src/convox-api/ignore-rules.ts';
import { EXIT_CODES } from '../../src/errors.ts';
import { startOperator } from '../../src/sandbox/scenario/operator.ts';
import { writeShopSource } from '../../src/sandbox/scenario/shop-source.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const MINUTE_MS = 60_000;
/** Who has no rights here; tests run by root (CI) become somebody else, others are somebody else already. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

let folder: string;
let tree: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gen2-image-'));
  await chmod(folder, 0o755);
  tree = join(folder, 'app');
  const context = join(folder, 'context');
  await copyBuildContext(context);
  // As the Dockerfile does, but that the packages to build with are there already.
  await symlink(join(root, 'node_modules'), join(context, 'node_modules'));
  await promisify(execFile)(process.execPath, ['scripts/image-tree.mjs', tree], { cwd: context });
}, 5 * MINUTE_MS);
afterAll(async () => {
  // Its owner, too, may not write to the tree, nor take anything out of it.
  await promisify(execFile)('chmod', ['-R', 'u+w', folder]);
  await rm(folder, { recursive: true, force: true });
});

/** What `COPY . .` sees: the repository without what .dockerignore takes away. */
async function copyBuildContext(target: string): Promise<void> {
  const rules = readIgnoreRules(await readFile(join(root, '.dockerignore'), 'utf8'), 'standard');
  const top = (await readdir(root)).filter((name) => !['.git', 'node_modules', 'dist', 'coverage'].includes(name));
  for (const name of top) {
    const isFolder = (await lstat(join(root, name))).isDirectory();
    const below = isFolder ? await readdir(join(root, name), { recursive: true, withFileTypes: true }) : [];
    const files = isFolder
      ? below.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length))
      : [name];
    for (const file of files.filter((path) => !rules.ignores(path))) await cp(join(root, file), join(target, file));
  }
}

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Job {
  readonly ended: Promise<Ended>;
  /** Resolves once a line of its log matches. */
  logs(pattern: RegExp): Promise<void>;
  stop(): void;
}

/** A container's process, as far as a process can be one: the image's tree, its environment, a user without rights. */
function container(
  argv: readonly string[],
  { state, env = {} }: { state: string; env?: Readonly<Record<string, string>> },
): Job {
  const child = spawn(join(tree, 'dist/cli/main.js'), argv, {
    ...NOBODY,
    cwd: state,
    // Neither a home nor a place for temporary files: nothing but the state can be written.
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      TMPDIR: '/nonexistent',
      NODE_ENV: 'production',
      NO_COLOR: '1',
      GEN2_HEARTBEAT: join(state, 'heartbeat'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  const waiting: { pattern: RegExp; resolve: () => void }[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const { pattern, resolve } of waiting) if (pattern.test(stderr)) resolve();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return {
    ended,
    logs: (pattern) =>
      Promise.race([
        new Promise<void>((resolve) => waiting.push({ pattern, resolve })),
        ended.then(() => Promise.reject(new Error(`ended before ${pattern}: ${stderr}`))),
      ]),
    stop: () => void child.kill('SIGTERM'),
  };
}

async function stateFolder(): Promise<string> {
  const state = await mkdtemp(join(folder, 'state-'));
  if (NOBODY.uid !== undefined) await chown(state, NOBODY.uid, NOBODY.gid);
  return state;
}

/** Path → kind, mode and content of everything below a folder. */
async function fingerprintOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1))) {
    const file = join(entry.parentPath, entry.name);
    const { mode } = await lstat(file);
    hash.update(`${file} ${mode}\n`);
    if (entry.isSymbolicLink()) hash.update(await readlink(file));
    else if (entry.isFile()) hash.update(await readFile(file));
  }
  return hash.digest('hex');
}

describe('the file tree of the image', () => {
  test('holds what runs and nothing else: no sources, no development packages, nothing that can be written', async () => {
    const { devDependencies, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Readonly<Record<string, string>>
    >;
    const entries = await readdir(tree, { recursive: true, withFileTypes: true });
    const names = entries.map(({ parentPath, name }) => join(parentPath, name).slice(tree.length + 1));

    const writable: string[] = [];
    for (const name of names) {
      const { mode } = await lstat(join(tree, name));
      if ((mode & 0o170000) !== 0o120000 && (mode & 0o222) !== 0) writable.push(name);
    }

    expect(writable).toEqual([]);
    expect((await readdir(tree)).toSorted()).toEqual([
      ...['LICENSE', 'dist', 'healthcheck.mjs', 'node_modules', 'package-lock.json', 'package.json'],
    ]);
    expect(names.filter((name) => /^dist\/.*\.(ts|map)$/.test(name))).toEqual([]);
    expect(Object.keys(dependencies).filter((name) => !names.includes(`node_modules/${name}`))).toEqual([]);
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Readonly<Record<string, { dev?: boolean }>>;
    };
    const development = Object.entries(lock.packages)
      .filter(([, { dev }]) => dev === true)
      .map(([path]) => path);
    expect(development.length).toBeGreaterThan(Object.keys(devDependencies).length);
    expect(development.filter((path) => names.includes(path))).toEqual([]);
  });

  test('runs for a user without rights, and says its version and what is wrong', async () => {
    const state = await stateFolder();

    const version = await container(['--version'], { state }).ended;
    const nothing = await container(['balancers', '--internal', '--json'], { state }).ended;

    expect(version).toMatchObject({ exitCode: 0, stdout: '0.1.0\n', stderr: '' });
    expect(nothing.exitCode).toBe(EXIT_CODES.usage);
    expect(JSON.parse(nothing.stderr)).toMatchObject({ level: 50, error: { hint: expect.any(String) as string } });
  });
});

describe('the health check', () => {
  test('a job without heartbeat and a worker with a fresh one are healthy, a silent worker is not', async () => {
    const state = await stateFolder();
    const heartbeat = join(state, 'beat');
    const check = async (): Promise<number | null> => {
      const child = spawn(process.execPath, [join(tree, 'healthcheck.mjs')], {
        env: { GEN2_HEARTBEAT: heartbeat },
        stdio: 'ignore',
      });
      return new Promise((resolve) => child.on('close', resolve));
    };

    const without = await check();
    await writeFile(heartbeat, '');
    const fresh = await check();
    const longAgo = new Date(Date.now() - 5 * MINUTE_MS);
    await utimes(heartbeat, longAgo, longAgo);

    expect([without, fresh, await check()]).toEqual([0, 0, 1]);
  });
});

describe('a migration as a container job', () => {
  let sandbox: Sandbox;
  let sendHome: () => void;
  beforeAll(async () => {
    sandbox = await startSandbox({ scale: 200, rackParameters: { Internal: 'Yes' } });
    sendHome = startOperator(sandbox.world, { approveAfterMs: 10_000 });
  });
  afterAll(async () => {
    sendHome();
    await sandbox.close();
  });

  test(
    'logs JSON, ends with 10 at a gate and with 143 at SIGTERM, goes on in the next container, and writes nothing but its state',
    async () => {
      const before = await fingerprintOf(tree);
      const state = await stateFolder();
      const source = join(folder, 'source');
      await mkdir(source);
      await writeShopSource(source);
      const start = (...argv: readonly string[]): Job => container(argv, { state, env: sandbox.env });
      const jobs: Ended[] = [];

      const internal = await start('balancers', '--internal').ended;
      expect(internal).toMatchObject({ exitCode: 0, stderr: '' });
      expect(internal.stdout).toMatch(/^internal-convox-[\w.-]+\.elb\.amazonaws\.com\n$/);

      const first = start('migrate', 'shop', '--source', source, '--json', '--on-gate', 'exit');
      await first.logs(/"type":"step-started","step":"promote-temporary-app"/);
      first.stop();
      jobs.push(await first.ended);
      expect(jobs[0]).toMatchObject({ exitCode: 143 });
      expect(JSON.parse(lastLine(jobs[0]))).toMatchObject({ error: { code: 'STOPPED' } });

      for (const exitCode of [10, 10, 0]) {
        const next = await start('resume', 'shop', '--json', '--on-gate', 'exit').ended;
        jobs.push(next);
        expect(next, next.stderr.slice(-2000)).toMatchObject({ exitCode });
        if (exitCode === 10) expect(await start('approve', 'shop', '--json').ended).toMatchObject({ exitCode: 0 });
      }

      expect(JSON.parse(jobs.at(-1)?.stdout ?? '')).toMatchObject({ outcome: 'succeeded', app: 'shop' });
      const lines = jobs.flatMap(({ stderr }) => stderr.split('\n').filter((line) => line !== ''));
      const parsed = lines.map((line) => JSON.parse(line) as { readonly level?: unknown; readonly msg?: unknown });
      expect(lines.length).toBeGreaterThan(50);
      expect(parsed.filter(({ level, msg }) => typeof level !== 'number' || typeof msg !== 'string')).toEqual([]);
      expect(await readdir(state)).toEqual(['.gen2']);
      expect(await fingerprintOf(tree)).toBe(before);
    },
    4 * MINUTE_MS,
  );
});

function lastLine(job: Ended | undefined): string {
  return job?.stderr.trimEnd().split('\n').at(-1) ?? '';
}
