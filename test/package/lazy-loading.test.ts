import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { temporaryFolder } from '../cli/support/folders.ts';
import { ROOT } from './installed-package.ts';

const run = promisify(execFile);
const bundleSchema = z.record(z.string(), z.array(z.string()));
const coverageSchema = z.object({ result: z.array(z.object({ url: z.string() })) });

beforeAll(async () => {
  await run(process.execPath, [join(ROOT, 'scripts', 'build.mjs')]);
}, 180_000);

/** The packages whose code Node.js really read for a command line, by its own coverage, and how many files it read. */
async function loadedBy(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const folder = await temporaryFolder();
  const coverage = join(folder, 'coverage');
  await mkdir(coverage);
  await run(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), ...argv], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, NODE_V8_COVERAGE: coverage, ...env },
  }).catch(() => undefined); // an exit code is no matter here
  const bundle = bundleSchema.parse(JSON.parse(await readFile(join(ROOT, 'dist', '.bundle.json'), 'utf8')));
  const files = new Set<string>();
  for (const report of await readdir(coverage)) {
    const { result } = coverageSchema.parse(JSON.parse(await readFile(join(coverage, report), 'utf8')));
    for (const { url } of result) if (url.startsWith('file:')) files.add(url);
  }
  await rm(coverage, { recursive: true });
  const inputs = [...files].flatMap((url) => bundle[basename(url)] ?? [url]);
  const packages = inputs.map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? 'ours');
  return { files: files.size, packages: [...new Set(packages)].toSorted() };
}

test('--help reads the command line alone', async () => {
  const { files, packages } = await loadedBy(['--help']);

  expect(packages).toEqual(['commander', 'ours']);
  expect(files).toBeLessThanOrEqual(4);
});

test('status reads nothing of AWS, HTTP or schemas', async () => {
  const { files, packages } = await loadedBy(['status']);

  expect(packages).toEqual(['commander', 'ours']);
  expect(files).toBeLessThanOrEqual(10);
});

test('balancers read the four clients they ask, and not those for certificates, records and traffic', async () => {
  const { packages } = await loadedBy(['balancers', '--internal'], {
    CONVOX_HOST: 'http://127.0.0.1:9',
    CONVOX_PASSWORD: 'none',
  });

  const clients = packages.filter((name) => name.startsWith('@aws-sdk/client-'));
  expect(clients).toEqual([
    '@aws-sdk/client-cloudformation',
    '@aws-sdk/client-elastic-load-balancing',
    '@aws-sdk/client-elastic-load-balancing-v2',
    '@aws-sdk/client-sts',
  ]);
});
