import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/catalogue.ts';
import { readConfigFile } from '../../src/cli/config/config-file.ts';
import { CONFIG_OPTIONS, configJsonSchema } from '../../src/cli/config/config-schema.ts';
import { OPTIONS } from '../../src/cli/options/options.ts';
import { temporaryFolder } from './support/folders.ts';
import { gen2 } from './support/test-shell.ts';

async function configured(text: string) {
  const cwd = await temporaryFolder();
  const path = join(cwd, 'gen2.yaml');
  await writeFile(path, text);
  return { cwd, path };
}

describe('gen2.yaml', () => {
  test('gives options in the form the command line has', async () => {
    const { path } = await configured(`
stages: [10, 50, 100]
bake: 10m
scale: 120
verbose: true
domain:
  web: [shop.example.com, www.shop.example.com]
  api: [api.corp.example.com]
price: { classic-balancer: 20.08 }
`);

    const values = await readConfigFile(path);

    const read = <T>(option: { readonly key: string; parse(text: string): T }) =>
      option.parse(values.get(option.key) ?? '');
    expect(read(OPTIONS.stages)).toEqual([10, 50, 100]);
    expect(read(OPTIONS.bake)).toBe(600_000);
    expect(read(OPTIONS.scale)).toBe(120);
    expect(read(OPTIONS.verbose)).toBe(true);
    expect(read(OPTIONS.price)).toEqual({ classicBalancer: 20.08 });
    expect(read(OPTIONS.domain)).toEqual({
      web: ['shop.example.com', 'www.shop.example.com'],
      api: ['api.corp.example.com'],
    });
  });

  test('may be empty, or not be there', async () => {
    const { path } = await configured('# nothing yet\n');

    expect(await readConfigFile(path)).toEqual(new Map());
    expect((await gen2(['status', '--state', '/nowhere'])).stderr).toContain('EXECUTION_NOT_FOUND');
  });

  test('comes after the command line and the environment, and before the default', async () => {
    const { cwd } = await configured('rack-url: https://from-file.example.com\n');
    const asked = async (argv: readonly string[], env: Readonly<Record<string, string>>) =>
      /at (\S+)/.exec((await gen2(['plan', 'shop', ...argv], { cwd, env })).stderr)?.[1];

    expect(await asked([], {})).toBe('from-file.example.com');
    expect(await asked([], { CONVOX_HOST: 'https://from-env.example.com' })).toBe('from-env.example.com');
    expect(
      await asked(['--rack-url', 'https://given.example.com'], { CONVOX_HOST: 'https://from-env.example.com' }),
    ).toBe('given.example.com');
  });

  test('and the environment hold for errors as well', async () => {
    const { cwd } = await configured('json: true\n');

    for (const where of [{ cwd }, { env: { GEN2_JSON: '1' } }]) {
      const { stdout } = await gen2(['plan', 'shop'], where);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'RACK_URL_INVALID' } });
    }
  });

  test('can lie elsewhere, named with --config or GEN2_CONFIG; a named one must be there', async () => {
    const { path } = await configured('rack-url: https://from-file.example.com\n');

    for (const [argv, env] of [
      [['--config', path], {}],
      [[], { GEN2_CONFIG: path }],
    ] as const) {
      expect((await gen2(['plan', 'shop', ...argv], { env })).stderr).toContain('at from-file.example.com');
    }
    const { exitCode, stderr } = await gen2(['plan', 'shop', '--config', '/no/such.yaml']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[CONFIG_INVALID] /no/such.yaml: cannot be read (ENOENT)');
  });

  const refused: readonly (readonly [what: string, text: string, problems: readonly string[]])[] = [
    ['a misspelt key', 'bake: 5m\nstagse: [10, 100]\n', [':2:1: there is no option stagse (did you mean stages?)']],
    ['a key that resembles nothing', 'frobnicate: 1\n', [':1:1: there is no option frobnicate']],
    ['an option of a single call', 'yes: true\n', [':1:1: there is no option yes']],
    ['a value of the wrong kind', '\nstages: fast\n', [':2:1: stages: ']],
    ['a choice that there is not', 'finish: now\n', [':1:1: finish: ']],
    ['a number out of range', 'scale: 0\n', [':1:1: scale: ']],
    ['a duration without unit', 'bake: "5"\n', [':1:1: --bake "5": is not a duration']],
    ['a name that is no domain', 'domain:\n  web: [no domain]\n', [':1:1: --domain ']],
    ['a service without names', 'domain:\n  web: shop.example.com\n', [':2:3: domain.web: ']],
    ['a list', '- bake\n', [':1:1: the file: ']],
    ['a file that is no YAML', 'bake: [5m\n', ['gen2.yaml:2:1: ']],
    ['several problems at once', 'stagse: 1\nscale: 0\n', [':1:1: ', ':2:1: ']],
  ];

  test.each(refused)('with %s is refused with its place', async (_what, text, problems) => {
    const { cwd, path } = await configured(text);

    const { exitCode, stderr, stdout } = await gen2(['plan', 'shop'], { cwd });

    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[CONFIG_INVALID]');
    for (const problem of problems) expect(stderr).toContain(problem.startsWith(':') ? `${path}${problem}` : problem);
    expect(stdout).toBe('');
  });

  test.each([
    ['password: canary-of-a-secret', 'password is a secret'],
    ['aws-secret-access-key: canary-of-a-secret', 'aws-secret-access-key is a secret'],
    ['state: postgres://gen2:canary-of-a-secret@db.example.com/gen2', 'state has a password in it'],
    ['rack-url: https://convox:canary-of-a-secret@rack.example.com', 'rack-url has a password in it'],
  ])('with a secret is refused without repeating it: %s', async (line, says) => {
    const { cwd, path } = await configured(`bake: 5m\n${line}\n`);

    const { exitCode, stderr } = await gen2(['plan', 'shop', '--verbose'], { cwd });

    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${path}:2:1: ${says}`);
    expect(stderr).toContain('what to do: ');
    expect(stderr).not.toContain('canary-of-a-secret');
  });
});

describe('options outside the command line', () => {
  test('are all but those of a single call, under the same name', () => {
    expect([...CONFIG_OPTIONS.keys()]).toEqual(
      expect.arrayContaining(['rack-url', 'state', 'stages', 'region', 'tls']),
    );
    for (const once of ['yes', 'reject', 'force', 'output', 'watch', 'config']) {
      expect(CONFIG_OPTIONS.has(once)).toBe(false);
    }
    const variables = [...CONFIG_OPTIONS.values()].map(({ env }) => env);
    expect(new Set(variables).size).toBe(variables.length);
  });

  test('are read from the environment by the name the help gives', async () => {
    const { exitCode, stderr } = await gen2(['migrate', 'shop'], { env: { GEN2_STAGES: '50,10' } });

    expect(exitCode).toBe(2);
    expect(stderr).toContain('--stages "50,10"');
    expect((await gen2(['migrate', '--help'])).stdout).toMatch(/env: GEN2_STAGES/);
  });

  test('are read from gen2.yaml by every command that has an output', () => {
    const without = COMMANDS.filter(({ options }) => !options.includes('config')).map(({ name }) => name);

    expect(without.filter((name) => !['completion', 'sandbox'].includes(name))).toEqual([]);
  });
});

// Run vitest with -u to write the schema anew.
test('docs/gen2.schema.json is the schema of gen2.yaml', async () => {
  await expect(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
    '../../docs/gen2.schema.json',
  );
});

test('the example in docs/cli.md can be used', async () => {
  const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n([\s\S]+?)```/.exec(page) ?? [];
  const { path } = await configured(example);

  expect([...(await readConfigFile(path)).keys()]).toEqual(['rackUrl', 'tls', 'state', 'stages', 'bake', 'domain']);
});
