import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRackUrl, getRackLogin, readTls } from '../../src/cli/credentials.ts';
import { OptionValues, type GivenOptions } from '../../src/cli/options/option-values.ts';
import { SecretFilter } from '../../src/cli/secret-filter.ts';
import { temporaryFolder } from './support/folders.ts';
import { testShell } from './support/test-shell.ts';

async function invocation({ given = {}, env = {} }: { given?: GivenOptions; env?: Record<string, string> } = {}) {
  const home = await temporaryFolder();
  const shell = testShell({ env, home, cwd: home });
  return { home, call: { shell, options: new OptionValues({ given, env }), secrets: new SecretFilter() } };
}

async function loginWithConvox(home: string, auth: string, host = 'rack.example.com'): Promise<void> {
  await mkdir(join(home, '.convox'));
  await writeFile(join(home, '.convox', 'host'), `${host}\n`);
  await writeFile(join(home, '.convox', 'auth'), auth);
}

describe('the password of the rack', () => {
  test('comes from the file that was named, before the environment, without its last line break', async () => {
    const { home, call } = await invocation({
      given: { passwordFile: 'secret.txt', rackUrl: 'https://rack.example.com' },
      env: { CONVOX_PASSWORD: 'from-environment' },
    });
    await writeFile(join(home, 'secret.txt'), ' from file \n');

    const login = await getRackLogin(call);

    expect(login).toEqual({ url: 'https://rack.example.com', password: ' from file ' });
  });

  test("comes from the environment, before the convox CLI's file", async () => {
    const { home, call } = await invocation({ env: { CONVOX_PASSWORD: 'from-environment' } });
    await loginWithConvox(home, '{"rack.example.com":"from-convox"}');

    const login = await getRackLogin(call);

    expect(login).toEqual({ url: 'rack.example.com', password: 'from-environment' });
  });

  test.each(['rack.example.com', 'https://rack.example.com', 'https://rack.example.com/'])(
    "comes from the convox CLI's file for the rack %s",
    async (rackUrl) => {
      const { home, call } = await invocation({ given: { rackUrl } });
      await loginWithConvox(
        home,
        '{"rack.example.com":"from-convox","other.example.com":"other"}',
        'other.example.com',
      );

      const login = await getRackLogin(call);

      expect(login.password).toBe('from-convox');
    },
  );

  test.each([
    ['a file of another form', '["rack.example.com"]'],
    ['no JSON', 'rack.example.com=secret'],
    ['another host', '{"other.example.com":"other"}'],
    ['no text', '{"rack.example.com":{"password":"x"}}'],
  ])('is missing with %s', async (_what, auth) => {
    const { home, call } = await invocation({ given: { rackUrl: 'https://rack.example.com' } });
    await loginWithConvox(home, auth);

    await expect(getRackLogin(call)).rejects.toMatchObject({ code: 'RACK_PASSWORD_MISSING' });
  });

  test('is missing when the file that was named cannot be read, whatever else there is', async () => {
    const { call } = await invocation({
      given: { passwordFile: 'none.txt', rackUrl: 'https://rack.example.com' },
      env: { CONVOX_PASSWORD: 'from-environment' },
    });

    await expect(getRackLogin(call)).rejects.toMatchObject({
      code: 'RACK_PASSWORD_MISSING',
      message: expect.stringContaining('none.txt') as string,
    });
  });

  test('is hidden from all output once it is known', async () => {
    const { call } = await invocation({ env: { CONVOX_HOST: 'rack.example.com', CONVOX_PASSWORD: 'pass/word=1' } });

    await getRackLogin(call);

    const basic = Buffer.from('convox:pass/word=1').toString('base64');
    expect(call.secrets.apply(`a pass/word=1 b pass%2Fword%3D1 c ${basic} d`)).toBe(
      'a [hidden] b [hidden] c [hidden] d',
    );
  });
});

describe('the address of the rack', () => {
  test("is the convox CLI's own when none is given, and undefined without that", async () => {
    const { home, call } = await invocation();

    const before = await findRackUrl(call);
    await loginWithConvox(home, '{}');

    expect(before).toBeUndefined();
    expect(await findRackUrl(call)).toBe('rack.example.com');
  });

  test('is an error that says how to name one', async () => {
    const { call } = await invocation();

    await expect(getRackLogin(call)).rejects.toMatchObject({ code: 'RACK_URL_INVALID', message: 'no rack was named' });
  });
});

describe('--tls', () => {
  const fingerprint = 'AB'.repeat(32);

  test.each([
    [undefined, { mode: 'verify' }],
    ['none', { mode: 'none' }],
    [fingerprint, { mode: 'fingerprints', fingerprints: [fingerprint.toLowerCase()] }],
    [
      `${fingerprint}, ${(fingerprint.match(/../g) ?? []).join(':')}`,
      { mode: 'fingerprints', fingerprints: [fingerprint.toLowerCase(), fingerprint.toLowerCase()] },
    ],
  ])('%s', (tls, expected) => {
    expect(readTls({ options: new OptionValues({ given: { tls }, env: {} }) })).toEqual(expected);
  });
});
