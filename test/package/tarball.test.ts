import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { installPackage, ROOT } from './installed-package.ts';

const run = promisify(execFile);
const LONG_MS = 180_000;
const INTERNAL = /^internal-[a-z0-9.-]+\.amazonaws\.com\n$/i;

let folder = '';
let sandbox: Sandbox;
let env: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gen2-tarball-'));
  sandbox = await startSandbox({ scale: 200, rackParameters: { Internal: 'Yes' } });
  env = { PATH: process.env['PATH'], HOME: folder, ...sandbox.env };
  await installPackage(folder);
}, LONG_MS);

afterAll(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

async function script(name: string, lines: readonly string[]): Promise<string> {
  await writeFile(join(folder, name), lines.join('\n'));
  const { stdout, stderr } = await run(process.execPath, [name], { cwd: folder, env });
  expect(stderr).toBe('');
  return stdout;
}

describe('the packed tarball in an empty folder', () => {
  test(
    'npx convox-gen2 balancers --internal prints the name of the internal balancer',
    async () => {
      const argv = ['--no-install', 'convox-gen2', 'balancers', '--internal'];

      const { stdout } = await run('npx', argv, { cwd: folder, env });

      expect(stdout).toMatch(INTERNAL);
    },
    LONG_MS,
  );

  test('has the command under its short name too', async () => {
    const { stdout } = await run(join(folder, 'node_modules', '.bin', 'gen2'), ['--version'], { cwd: folder, env });

    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('is a library for an ES module', async () => {
    const stdout = await script('use.mjs', [
      "import { createAwsClients, findRackBalancers, RackClient } from 'convox-gen2';",
      'const signal = AbortSignal.timeout(30_000);',
      'const { CONVOX_HOST: url, CONVOX_PASSWORD: password } = process.env;',
      'const rack = new RackClient({ url, password, readOnly: true });',
      'const facts = await rack.system.get(signal);',
      'const clients = createAwsClients({ region: facts.region, readOnly: true });',
      'const { internal } = await findRackBalancers({ rack: facts, clients }, signal);',
      'console.log(internal.balancer.dnsName);',
      'clients.destroy();',
      'rack.close();',
    ]);

    expect(stdout).toMatch(INTERNAL);
  });

  test('is a library for CommonJS, by the require() of ES modules that Node.js has from 20.19', async () => {
    const stdout = await script('use.cjs', [
      "const { compareVersions, MigrationError } = require('convox-gen2');",
      "console.log(compareVersions('20180901000000', '20171213132441') > 0, MigrationError.name);",
    ]);

    expect(stdout).toBe('true MigrationError\n');
  });

  test(
    'has types for both',
    async () => {
      const types = [
        "import { RackClient, type RackBalancers } from 'convox-gen2';",
        'export type Both = RackBalancers;',
      ];
      const use = "export const rack = new RackClient({ url: 'https://rack.example.com', password: 'x' });";
      await writeFile(join(folder, 'types.mts'), [...types, use].join('\n'));
      await writeFile(join(folder, 'types.cts'), [...types, use].join('\n'));
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--noEmit', '--skipLibCheck'];
      const roots = ['--typeRoots', join(ROOT, 'node_modules', '@types'), '--types', 'node'];

      const compiled = run(process.execPath, [tsc, ...options, ...roots, 'types.mts', 'types.cts'], { cwd: folder });

      await expect(compiled).resolves.toMatchObject({ stdout: '' });
    },
    LONG_MS,
  );
});
