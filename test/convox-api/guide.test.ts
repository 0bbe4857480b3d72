import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CLASSIC, json, PASSWORD, startLocalRack, STANDARD, text, type Handler, type LocalRack } from './local-rack.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const GUIDE = readFileSync(path.join(ROOT, 'docs', 'rack-client.md'), 'utf8');
/** Where the names that the scripts import come from. */
const MODULES = ['convox-api/rack-client', 'convox-api/environment-text', 'errors', 'time/clock', 'time/wait'];

/** The scripts of the guide, by name. */
const scripts = new Map(
  [...GUIDE.matchAll(/```ts script=([\w-]+)\n([\s\S]*?)```/g)].map((match) => [match[1] ?? '', match[2] ?? '']),
);

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a script as it stands in the guide, against a rack of this process. */
function runScript(name: string, rack: LocalRack, ...args: readonly string[]): Promise<Run> {
  const cache = path.join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, 'guide-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const entry = MODULES.map((module) => `export * from '${path.join(ROOT, 'src', `${module}.ts`)}';`).join('\n');
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(path.join(folder, 'entry.ts'), entry);
  writeFileSync(path.join(folder, 'script.ts'), (scripts.get(name) ?? '').replaceAll("'convox-gen2'", "'./entry.ts'"));
  const child = spawn(process.execPath, ['--import', 'tsx', path.join(folder, 'script.ts'), ...args], {
    env: { ...process.env, CONVOX_HOST: rack.url, CONVOX_PASSWORD: PASSWORD },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

const app = (name: string, status: string, release: string): object => ({ name, status, release, generation: '2' });
const release = (id: string, env: string): object => ({ id, app: 'shop', build: '', env, manifest: '' });

test('the guide has five scripts', () => {
  expect([...scripts.keys()]).toEqual(['inventory', 'copy-environment', 'deploy', 'follow', 'run']);
});

test('inventory: what is on a rack, without changing it', async () => {
  const rack = await startLocalRack(
    {
      'GET /apps': ({ response }) => json(response, [app('shop', 'running', 'R1')]),
      'GET /apps/shop/formation': ({ response }) =>
        json(response, [{ name: 'web', balancer: 'elb', count: 2, ports: [80] }]),
    },
    CLASSIC,
  );

  const { code, out } = await runScript('inventory', rack);

  expect(code).toBe(0);
  expect(out).toContain('generation 2: true, health checks accept 200\n');
  expect(out).toContain('shop: generation 2, running, release R1\n  web x2 elb\n');
});

test('copy-environment: byte for byte', async () => {
  let copy = '';
  const routes: Record<string, Handler> = {
    'GET /apps/shop/releases': ({ response }) => json(response, [release('R1', '')]),
    'GET /apps/shop/releases/R1': ({ response }) => json(response, release('R1', 'A= x \nB=a=b==')),
    'POST /apps/shop-g2/releases': ({ body, response }) => {
      copy = new URLSearchParams(body).get('env') ?? '';
      json(response, release('R2', copy));
    },
    'GET /apps/shop-g2/releases': ({ response }) => json(response, [release('R2', '')]),
    'GET /apps/shop-g2/releases/R2': ({ response }) => json(response, release('R2', copy)),
  };
  const rack = await startLocalRack(routes);

  const { code, out } = await runScript('copy-environment', rack);

  expect(code).toBe(0);
  expect(out).toBe('2 variables copied as release R2\ndifferences: 0\nfingerprints equal: true\n');
});

test('deploy: upload, build with its log, promote, wait for the release itself', async () => {
  let state = app('shop-g2', 'running', 'R0');
  let asked = 0;
  const build = { id: 'B1', app: 'shop-g2', status: 'complete', release: 'R1' };
  const routes: Record<string, Handler> = {
    'GET /apps/shop-g2/builds': ({ response }) => json(response, []),
    'POST /apps/shop-g2/builds': ({ response }) => json(response, { ...build, status: 'created', release: '' }),
    'GET /apps/shop-g2/builds/B1': ({ response }) => json(response, build),
    'POST /apps/shop-g2/releases/R1/promote': ({ response }) => {
      state = app('shop-g2', 'updating', 'R0');
      text(response, 'ok\n');
    },
    'GET /apps/shop-g2': ({ response }) => {
      if (++asked > 1) state = app('shop-g2', 'running', 'R1');
      json(response, state);
    },
  };
  const rack = await startLocalRack(routes, STANDARD);
  const store: Handler = ({ response }) => json(response, { Url: 'object://shop-g2/tmp/x.tgz' });
  rack.routes['POST /apps/shop-g2/objects'] = store;
  rack.onSocket = (socket) => {
    socket.send('Step 1/1 : FROM httpd\n');
    socket.send(Buffer.alloc(0), { binary: true });
  };

  const { code, out, err } = await runScript('deploy', rack, 'shop-g2', path.join(ROOT, 'bench'));

  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toBe('Step 1/1 : FROM httpd\nshop-g2 runs R1\n');
});

test('follow: until something happens, over a dropped connection', async () => {
  const rack = await startLocalRack();
  let connections = 0;
  rack.onSocket = (socket) => {
    connections++;
    const more = connections > 1 ? '2026-01-01T00:00:02Z web is ready\n' : '';
    socket.send(`2026-01-01T00:00:01Z starting\n${more}`, () => connections === 1 && socket.terminate());
  };

  const { code, out } = await runScript('follow', rack);

  expect(code).toBe(0);
  expect(out).toBe('2026-01-01T00:00:01Z starting\n2026-01-01T00:00:02Z web is ready\n');
});

test('run: a command with its exit code, and a failure with its hint', async () => {
  const rack = await startLocalRack({}, CLASSIC);
  rack.onSocket = (socket, request) => {
    if (request.url === '/apps/shop/processes/web/run') {
      socket.send(`you said ${String(request.headers['command'])}\n`);
      socket.send('F1E49A85-0AD7-4AEF-A618-C249C6E6568D:3\n');
    } else {
      socket.send('ERROR: no such app: nosuch\n', () => socket.terminate());
    }
  };

  const works = await runScript('run', rack, 'shop', 'exit', '3');
  const fails = await runScript('run', rack, 'nosuch', 'ls');

  expect(works).toMatchObject({ code: 3, out: 'you said exit 3\n' });
  expect(fails.code).toBe(6);
  expect(fails.err).toContain('no such app: nosuch');
});
