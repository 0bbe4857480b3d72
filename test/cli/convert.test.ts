import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/folders.ts';
import { spawnGen2 } from './support/spawn-gen2.ts';
import { gen2 } from './support/test-shell.ts';

const RACK = '20180901000000';
const PLAIN =
  'version: "2"\nservices:\n  web:\n    image: httpd\n    labels: [convox.health.path=/up]\n    ports: ["80:3000"]\n';
/** Two container ports, neither known to be the one: a question without a safe answer. */
const TWO_PORTS = `version: "2"
services:
  web:
    image: example/web
    labels: [convox.port.80.protocol=http, convox.port.81.protocol=http]
    ports: ["80:3000", "81:4000"]
`;

async function source(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

interface Report {
  readonly findings: readonly { readonly code: string; readonly severity: string; readonly file?: string }[];
  readonly decisions: readonly { readonly id: string; readonly isAnswered: boolean; readonly chosen?: string }[];
  readonly manifest: string | null;
  readonly domainValues: Readonly<Record<string, string>>;
  readonly error?: { readonly code: string };
  readonly path?: string;
  readonly action?: string;
}

const convert = (cwd: string, ...argv: readonly string[]) =>
  gen2(['convert', '--rack-version', RACK, ...argv], { cwd });

async function convertJson(cwd: string, ...argv: readonly string[]): Promise<Report & { readonly exitCode: number }> {
  const { exitCode, stdout } = await convert(cwd, '--json', ...argv);
  return { exitCode, ...(JSON.parse(stdout) as Report) };
}

const manifestOf = (folder: string): Promise<string> => readFile(join(folder, 'convox.yml'), 'utf8');

describe('gen2 convert --domain', () => {
  test('gives services their names, however often it is written', async () => {
    const folder = await source({ 'docker-compose.yml': PLAIN });

    const { exitCode, domainValues } = await convertJson(
      folder,
      ...['--domain', 'web=www.example.com,Shop.example.com.', '--domain', 'web=a.example.com'],
    );

    expect(exitCode).toBe(0);
    expect(domainValues).toEqual({ DOMAINS_WEB: 'a.example.com,www.example.com,shop.example.com' });
    expect(await manifestOf(folder)).toContain('domain: ${DOMAINS_WEB}');
  });

  test.each(['shop.example.com', 'web=', 'web=shop', 'web=a b.example.com', '=shop.example.com'])(
    'refuses "%s" before anything is read',
    async (given) => {
      const { exitCode, stderr } = await gen2(['convert', '--domain', given]);

      expect(exitCode).toBe(2);
      expect(stderr).toContain('error[USAGE] --domain');
      expect(stderr).toContain('web=shop.example.com');
    },
  );

  test('names a service that the manifest does not have', async () => {
    const folder = await source({ 'docker-compose.yml': PLAIN });

    const { findings } = await convertJson(folder, '--domain', 'wbe=shop.example.com');

    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'domain-needed', severity: 'choice', service: 'wbe' }),
    );
  });
});

describe('gen2 convert without a terminal', () => {
  test('leaves a question without a safe answer as a blocker, writes nothing, and says how to answer', async () => {
    const folder = await source({ 'docker-compose.yml': TWO_PORTS });

    const { exitCode, stderr } = await convert(folder);

    expect(exitCode).toBe(3);
    expect(stderr).toContain('error[MANIFEST_UNCONVERTIBLE]');
    expect(stderr).toContain('2 questions are open');
    expect(stderr).toMatch(
      / {2}web\.port: 3000 \| https:3000 \| 4000 .* # Which container port of web serves the application\?/,
    );
    expect(await readdir(folder)).toEqual(['docker-compose.yml']);
  });

  test('replays answers from the file beside the source, or from the one that is named', async () => {
    const folder = await source({
      'docker-compose.yml': TWO_PORTS,
      'gen2.answers.yaml': 'version: 1\nanswers:\n  web.port: 4000\n',
      'ci/other.yaml': 'version: 1\nanswers:\n  web.port: 3000 # decided in March\n  web.port.81: drop\n',
    });

    const beside = await convertJson(folder, '-o', 'beside.yml');
    const named = await convertJson(folder, '--answers', 'ci/other.yaml', '-o', 'named.yml');

    expect(beside).toMatchObject({ exitCode: 0, action: 'written', path: join(folder, 'beside.yml') });
    expect(beside.decisions).toContainEqual(
      expect.objectContaining({ id: 'web.port', isAnswered: true, chosen: '4000' }),
    );
    expect(named.decisions).toContainEqual(
      expect.objectContaining({ id: 'web.port', isAnswered: true, chosen: '3000' }),
    );
    expect(await readFile(join(folder, 'beside.yml'), 'utf8')).toContain('port: 4000');
    expect(await readFile(join(folder, 'named.yml'), 'utf8')).toContain('port: 3000');
  });

  test('refuses answers files that are missing or wrong, without their values', async () => {
    const folder = await source({
      'docker-compose.yml': TWO_PORTS,
      'gen2.answers.yaml': 'version: 1\nanswers:\n  web.port: [hush-hush]\n',
    });

    const missing = await convert(folder, '--answers', 'nowhere.yaml');
    const wrong = await convert(folder);

    expect(missing).toMatchObject({ exitCode: 6, stdout: '' });
    expect(missing.stderr).toContain('error[ANSWERS_INVALID]');
    expect(wrong).toMatchObject({ exitCode: 6, stdout: '' });
    expect(wrong.stderr).toContain('not of the expected form at answers');
    expect(wrong.stderr).not.toContain('hush-hush');
  });
});

describe('gen2 convert and the source', () => {
  const FILES = {
    'docker-compose.yml':
      PLAIN.replace('    ports', '    links: [api]\n    ports') +
      '  api:\n    image: httpd\n    labels: [convox.health.path=/up]\n    ports: ["5000"]\n',
    'web/nginx.conf':
      'server {\n  location / {\n    proxy_pass http://api;\n    proxy_set_header Host $host;\n  }\n}\n',
    'web/call.js': 'const host = process.env.API_HOST;\n',
    '.dockerignore': 'old\n',
    'old/call.js': 'const port = process.env.API_PORT;\n',
  };

  test('reports what the source does with its line, and leaves out what is not deployed', async () => {
    const folder = await source(FILES);

    const { findings } = await convertJson(folder, '-o', '-');

    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'proxy-host-header', file: 'web/nginx.conf', line: 4 }),
    );
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'link-variable-read', file: 'web/call.js', line: 1 }),
    );
    expect(findings.filter(({ file }) => file?.startsWith('old/') === true)).toEqual([]);
  });

  test('check reports the same of the source', async () => {
    const folder = await source(FILES);
    await convert(folder, '--quiet');

    const { stdout } = await gen2(['check', '--rack-version', RACK, '--json'], { cwd: folder });

    const { findings } = JSON.parse(stdout) as Report;
    expect(findings).toContainEqual(expect.objectContaining({ code: 'proxy-host-header', file: 'web/nginx.conf' }));
    expect(findings).toContainEqual(expect.objectContaining({ code: 'link-variable-read', file: 'web/call.js' }));
  });
});

describe('the outcome of gen2 convert', () => {
  test('an open choice passes, and fails with --strict, where nothing is written', async () => {
    const folder = await source({ 'docker-compose.yml': PLAIN.replace('    labels: [convox.health.path=/up]\n', '') });

    const strict = await convert(folder, '--strict');
    const filesAfterStrict = await readdir(folder);
    const plain = await convert(folder);

    expect(strict).toMatchObject({ exitCode: 3 });
    expect(strict.stderr).toContain('--strict wants none');
    expect(filesAfterStrict).toEqual(['docker-compose.yml']);
    expect(plain).toMatchObject({ exitCode: 0 });
    expect(await manifestOf(folder)).toContain('services:\n');
  });

  test('--json is one object on stdout, the failure in it', async () => {
    const folder = await source({ 'docker-compose.yml': PLAIN, 'convox.yml': 'services: {}\n' });

    const refused = await convert(folder, '--json');
    const forced = await convert(folder, '--json', '--force');

    expect(refused).toMatchObject({ exitCode: 7 });
    expect(refused.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'FILE_EXISTS' } });
    expect(JSON.parse(forced.stdout)).toMatchObject({ action: 'replaced' });
    expect(await manifestOf(folder)).toContain('image: httpd');
  });

  test('an existing file is left as it is without --force, also if it cannot be read as text', async () => {
    const folder = await source({ 'docker-compose.yml': PLAIN });
    await mkdir(join(folder, 'convox.yml'));

    const { exitCode, stderr } = await convert(folder, '--force');

    expect(exitCode).toBe(6);
    expect(stderr).toContain('error[STATE_UNWRITABLE]');
    expect(await readdir(folder)).toEqual(['convox.yml', 'docker-compose.yml']);
  });

  test('SARIF and a manifest do not both go to stdout', async () => {
    const folder = await source({ 'docker-compose.yml': PLAIN });

    const both = await convert(folder, '--sarif', '--output', '-');
    const sarif = await convert(folder, '--sarif');

    expect(both).toMatchObject({ exitCode: 2, stdout: '' });
    expect(sarif).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(sarif.stdout)).toMatchObject({
      version: '2.1.0',
      runs: [{ tool: { driver: { name: 'convox-gen2' } } }],
    });
  });
});

describe('bad input', () => {
  const BAD: readonly { name: string; bytes: string | Buffer; at: string }[] = [
    { name: 'a binary file', bytes: Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0xff, 0xfe, 0x80]), at: '1:1' },
    { name: 'tabs as indentation', bytes: 'services:\n\tweb: [\n', at: '2:1' },
    { name: 'ten megabytes', bytes: `web: {image: ${'x'.repeat(10_000_000)}}\n`, at: '1:1' },
    { name: 'an empty file', bytes: '', at: '1:1' },
    { name: 'a list', bytes: '- web\n', at: '1:1' },
  ];

  test.each(BAD)('$name is a finding with line and column, and nothing is written', async ({ bytes, at }) => {
    const folder = await source({ 'docker-compose.yml': bytes });
    const run = (...argv: readonly string[]) =>
      spawnGen2(['convert', '--rack-version', RACK, ...argv], { env: {}, cwd: folder }).ended;

    const [text, json] = await Promise.all([run(), run('--json')]);

    const { findings, manifest, error } = JSON.parse(json.stdout) as Report;
    const [line, column] = at.split(':').map(Number);
    expect(text).toMatchObject({ exitCode: 6, stdout: '' });
    expect(json).toMatchObject({ exitCode: 6 });
    expect(text.stderr).toContain('error[MANIFEST_INVALID]');
    expect(text.stderr).not.toMatch(/\n\s+at /);
    expect(text.stderr.length).toBeLessThan(3000);
    expect(findings).toContainEqual(
      expect.objectContaining({ severity: 'blocker', file: 'docker-compose.yml', line, column }),
    );
    expect({ manifest, error }).toMatchObject({ manifest: null, error: { code: 'MANIFEST_INVALID' } });
    expect(await readdir(folder)).toEqual(['docker-compose.yml']);
  });

  test.each(BAD.slice(0, 3))('$name as a convox.yml is a finding of gen2 check', async ({ bytes }) => {
    const folder = await source({ 'convox.yml': bytes });

    const { exitCode, stdout, stderr } = await gen2(['check', '--rack-version', RACK, '--json'], { cwd: folder });

    const { findings } = JSON.parse(stdout) as Report;
    expect(exitCode).toBe(6);
    expect(stderr).toBe('');
    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: 'blocker',
        file: 'convox.yml',
        line: expect.any(Number) as number,
        column: expect.any(Number) as number,
      }),
    );
  });
});
