import { describe, expect, test } from 'vitest';
import { SecretFilter } from '../../src/cli/secret-filter.ts';
import { Written } from './support/test-shell.ts';

describe('the secret filter', () => {
  test('takes a secret out as it is, in JSON, in a URL and in base64', () => {
    const secrets = new SecretFilter();
    const secret = 'qu"ote/ä=1';
    secrets.add(secret);

    const forms = [secret, JSON.stringify(secret), encodeURIComponent(secret), Buffer.from(secret).toString('base64')];

    expect(forms.map((form) => secrets.apply(`<${form}>`))).toEqual([
      '<[hidden]>',
      '<"[hidden]">',
      '<[hidden]>',
      '<[hidden]>',
    ]);
  });

  test('takes the longer one out first when one secret is a part of another', () => {
    const secrets = new SecretFilter();
    secrets.add('password');
    secrets.add('password-and-more');

    expect(secrets.apply('password-and-more password')).toBe('[hidden] [hidden]');
  });

  test('knows the secrets of an environment by their names, and passwords inside its URLs', () => {
    const secrets = new SecretFilter();
    secrets.addEnvironment([
      ['DB_PASSWORD', 'hunter22'],
      ['GITHUB_TOKEN', 'ghp_abcdef'],
      ['DATABASE_URL', 'postgres://user:pg%2Fsecret@db.example.com/shop'],
      ['MODE', 'production'],
      ['CONVOX_PASSWORD_FILE', '/run/secrets/convox'],
    ]);

    const text = 'hunter22 ghp_abcdef pg%2Fsecret pg/secret production db.example.com /run/secrets/convox';

    expect(secrets.apply(text)).toBe(
      '[hidden] [hidden] [hidden] [hidden] production db.example.com /run/secrets/convox',
    );
  });

  test('leaves short values alone, which would censor ordinary words', () => {
    const secrets = new SecretFilter();
    secrets.add('on');

    expect(secrets.apply('gone on')).toBe('gone on');
  });

  test('guards a stream, but for what is a result on purpose', () => {
    const secrets = new SecretFilter();
    secrets.add('sandbox-password');
    const output = new Written();
    const guarded = secrets.guard(output);

    guarded.write('a sandbox-password\n');
    secrets.allowing(() => guarded.write('b sandbox-password\n'));
    guarded.write('c sandbox-password\n');

    expect(output.text).toBe('a [hidden]\nb sandbox-password\nc [hidden]\n');
  });
});
