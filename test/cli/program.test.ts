import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/catalogue.ts';
import { OPTIONS } from '../../src/cli/options/options.ts';
import { gen2 } from './support/test-shell.ts';

describe('gen2 without a command', () => {
  test('--help lists every command under its heading and exits 0', async () => {
    const { exitCode, stdout } = await gen2(['--help']);

    expect(exitCode).toBe(0);
    for (const { name, section } of COMMANDS) {
      expect(stdout).toMatch(new RegExp(`^  ${name.split(' ')[0] ?? name}\\b`, 'm'));
      expect(stdout).toContain(`${section}:`);
    }
  });

  test('--version prints the version of the package', async () => {
    const { exitCode, stdout } = await gen2(['--version']);

    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('no command at all is a usage error with help', async () => {
    const { exitCode, stderr } = await gen2([]);

    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[USAGE] no command was given');
  });

  test('an unknown command is named, with the one that was meant', async () => {
    const { exitCode, stderr } = await gen2(['migrat', 'shop']);

    expect(exitCode).toBe(2);
    expect(stderr).toContain("unknown command 'migrat'");
    expect(stderr).toContain('Did you mean migrate?');
  });
});

describe('each command', () => {
  test.each(COMMANDS.map(({ name }) => name))('%s explains itself with an example', async (name) => {
    const { exitCode, stdout } = await gen2([...name.split(' '), '--help']);

    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Usage: gen2 ${name}`);
    expect(stdout).toContain('Examples:');
  });

  test('can be loaded, and has a function to run', async () => {
    const modules = await Promise.all(COMMANDS.map(({ load }) => load()));

    expect(modules.map(({ run }) => typeof run)).toEqual(COMMANDS.map(() => 'function'));
  });
});

describe('options', () => {
  test('have keys of their own, so that none reads the value of another', () => {
    const keys = Object.entries(OPTIONS).map(([name, { key }]) => [name, key]);

    expect(keys.filter(([name, key]) => name !== key)).toEqual([]);
  });

  test.each([
    ['an unknown option', ['plan', 'shop', '--sorce', '.'], "unknown option '--sorce'"],
    ['a missing argument', ['plan'], "missing required argument 'app'"],
    ['a choice that there is not', ['plan', 'shop', '--finish', 'now'], '--finish "now": is none of commit, keep'],
    ['a duration without unit', ['migrate', 'shop', '--bake', '5'], '--bake "5": is not a duration'],
    ['stages that do not grow', ['migrate', 'shop', '--stages', '50,10'], '--stages "50,10"'],
    ['a number out of range', ['rehearse', '--scale', '0'], '--scale "0": is not a whole number between 1 and 600'],
    ['a name that is no app', ['status', '../etc'], '"../etc" is not the name of an app'],
    ['TLS by a short fingerprint', ['plan', 'shop', '--tls', 'ab:cd', '--rack-url', 'https://r'], '--tls'],
  ])('%s is a usage error before anything is done', async (_what, argv, message) => {
    const { exitCode, stderr, stdout } = await gen2(argv, { env: { CONVOX_PASSWORD: 'not-asked-for' } });

    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[USAGE]');
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
  });
});

describe('errors', () => {
  test('are JSON on both streams when --json was given: a log line with its level, and the result', async () => {
    const { exitCode, stdout, stderr } = await gen2(['plan', 'shop', '--json']);

    expect(exitCode).toBe(6);
    expect(JSON.parse(stderr)).toMatchObject({
      level: 50,
      msg: 'no rack was named',
      error: { code: 'RACK_URL_INVALID' },
    });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'RACK_URL_INVALID' } });
  });

  test('say what to do', async () => {
    const { stderr } = await gen2(['plan', 'shop', '--rack-url', 'https://rack.example.com']);

    expect(stderr).toContain('error[RACK_PASSWORD_MISSING] no password for the rack at rack.example.com');
    expect(stderr).toContain('what to do: Set CONVOX_PASSWORD');
  });
});

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish'])('for %s knows every command', async (shell) => {
    const { exitCode, stdout } = await gen2(['completion', shell]);

    expect(exitCode).toBe(0);
    for (const { name } of COMMANDS) expect(stdout).toContain(name.split(' ').at(-1));
  });

  test('for another shell is a usage error that names those there are', async () => {
    const { exitCode, stderr } = await gen2(['completion', 'tcsh']);

    expect(exitCode).toBe(2);
    expect(stderr).toContain('bash, zsh, fish');
  });
});
