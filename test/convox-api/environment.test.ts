import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  environmentDifference,
  environmentProblems,
  fingerprintEnvironment,
  formatEnvironment,
  parseEnvironment,
} from '../../src/convox-api/environment-text.ts';
import { CLASSIC, clientOf, errorOf, json, noStop, startLocalRack, STANDARD } from './local-rack.ts';

const AWKWARD = new Map([
  ['EQUALS', 'a=b=='],
  ['QUOTED', '"x" \'y\''],
  ['SPACES', '  both sides  '],
  ['TAB', '\tx\t'],
  ['UNICODE', 'grüße 🚀 \u2028'],
  ['PERCENT', '1%202&B=2+3'],
  ['EMPTY', ''],
  ['LONG', 'x'.repeat(20_000)],
  ['CR', 'a\rb'],
  ['URL', 'postgres://u:p%40w@db:5432/app?x=1#y'],
]);

const name = fc
  .string({ minLength: 1, maxLength: 12 })
  .filter((text) => environmentProblems(new Map([[text, '']])).length === 0);
const value = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((text) => environmentProblems(new Map([['A', text]])).length === 0);

test('whatever a rack can hold comes back byte for byte', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (pairs) => {
      const env = new Map(pairs);

      expect(parseEnvironment(formatEnvironment(env))).toEqual(env);
    }),
  );
});

test('equal environments, and only those, have equal fingerprints', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.array(fc.tuple(name, value)), (a, b) => {
      const [left, right] = [new Map(a), new Map(b)];
      const isEqual = environmentDifference(left, right).length === 0;

      expect(fingerprintEnvironment(left) === fingerprintEnvironment(right)).toBe(isEqual);
      expect(fingerprintEnvironment(new Map([...left].toReversed()))).toBe(fingerprintEnvironment(left));
    }),
  );
});

test.each([
  ['a newline in a value', 'A', 'hush1\nhush2'],
  ['a carriage return at the end of a value', 'A', 'hush\r'],
  ['no name', '', 'x'],
  ['an equals sign in a name', 'A=B', 'x'],
  ['space around a name', ' A', 'x'],
  ['a next-line character after a name', 'A\u0085', 'x'],
  ['a line of 64 KiB', 'A', 'x'.repeat(65_536)],
  ['half a surrogate pair', 'A', '\ud83d'],
])('%s is refused before anything is sent, and no value is shown', async (_what, key, content) => {
  const rack = await startLocalRack({}, CLASSIC);

  const error = await errorOf(
    clientOf(rack.url).environment.set(
      'shop',
      new Map([
        [key, content],
        ['OK', 'hush-hush'],
      ]),
      noStop(),
    ),
  );

  expect(error).toMatchObject({ code: 'ENVIRONMENT_INVALID' });
  expect(JSON.stringify([error, String(error)])).not.toMatch(/hush|xxx/);
  expect(rack.requests).toEqual([]);
});

test('all variables that cannot be held are named at once', async () => {
  const env = new Map([
    ['A', 'x\ny'],
    ['B', 'fine'],
    ['C', 'x\r'],
  ]);

  const error = await errorOf(Promise.resolve().then(() => formatEnvironment(env)));

  expect(error).toMatchObject({ details: { variables: ['A', 'C'] } });
});

test('a classic rack gets the raw text, sorted', async () => {
  let sent = '';
  const rack = await startLocalRack(
    {
      'POST /apps/shop/environment': ({ body, response }) => {
        sent = body;
        response.setHeader('Release-Id', 'R1');
        json(response, Object.fromEntries(parseEnvironment(body)));
      },
    },
    CLASSIC,
  );

  const result = await clientOf(rack.url).environment.set('shop', AWKWARD, noStop());

  expect(result).toEqual({ releaseId: 'R1' });
  expect(parseEnvironment(sent)).toEqual(AWKWARD);
  expect(sent.split('\n')).toEqual(sent.split('\n').toSorted());
});

test('a standard rack gets a form, and what it has understood is read back', async () => {
  let sent = '';
  const release = () => ({ id: 'R1', app: 'shop', build: '', env: sent, manifest: '' });
  const rack = await startLocalRack(
    {
      'POST /apps/shop/releases': ({ body, response }) => {
        sent = new URLSearchParams(body).get('env') ?? '';
        json(response, release());
      },
      'GET /apps/shop/releases/R1': ({ response }) => json(response, release()),
    },
    STANDARD,
  );

  const result = await clientOf(rack.url).environment.set('shop', AWKWARD, noStop());

  expect(result).toEqual({ releaseId: 'R1' });
  expect(parseEnvironment(sent)).toEqual(AWKWARD);
  expect(rack.requests).toContain('GET /apps/shop/releases/R1');
});

test('a rack that has understood something else is an error that names the variables only', async () => {
  const rack = await startLocalRack(
    {
      'POST /apps/shop/environment': ({ response }) => {
        response.setHeader('Release-Id', 'R1');
        json(response, { A: 'other-value', EXTRA: 'x' });
      },
    },
    CLASSIC,
  );

  const error = await errorOf(clientOf(rack.url).environment.set('shop', new Map([['A', 'wanted-value']]), noStop()));

  expect(error).toMatchObject({ code: 'ENVIRONMENT_MISMATCH', details: { variables: ['A', 'EXTRA'] } });
  expect(JSON.stringify([error, String(error)])).not.toMatch(/other-value|wanted-value/);
});

test('an app without a release has an empty environment', async () => {
  const rack = await startLocalRack({ 'GET /apps/shop/releases': ({ response }) => json(response, []) });

  expect(await clientOf(rack.url).environment.get('shop', noStop())).toEqual(new Map());
});

test('removing a variable that is not there changes nothing', async () => {
  const rack = await startLocalRack(
    { 'GET /apps/shop/environment': ({ response }) => json(response, { A: '1' }) },
    CLASSIC,
  );

  const result = await clientOf(rack.url).environment.unset('shop', 'B', noStop());

  expect(result).toBeUndefined();
  expect(rack.requests).not.toContain('DELETE /apps/shop/environment/B');
});
