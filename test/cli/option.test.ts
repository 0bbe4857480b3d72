import { describe, expect, test } from 'vitest';
import { choice, duration, flag, number, stages, text, type Option } from '../../src/cli/options/option.ts';
import { OptionValues } from '../../src/cli/options/option-values.ts';

describe('options read', () => {
  const bake = duration('--bake <duration>', 'Run', 'time');
  const shares = stages('--stages <list>', 'Run', 'shares');
  const rate = number('--rate <n>', 'Run', 'rate', { min: 0, max: 10 });
  const how = choice('--how <how>', 'Run', 'how', ['wait', 'exit']);
  const cases: readonly (readonly [Option<unknown>, string, unknown])[] = [
    [bake, '90s', 90_000],
    [bake, '5m', 300_000],
    [bake, '1.5 min', 90_000],
    [bake, '2h', 7_200_000],
    [bake, '250ms', 250],
    [shares, '10,50,100', [10, 50, 100]],
    [shares, '10, 50', [10, 50, 100]],
    [rate, '7', 7],
    [how, 'exit', 'exit'],
  ];

  test.each(cases)('%o %s', (option, given, expected) => {
    expect(option.parse(given)).toEqual(expected);
  });

  const refused: readonly (readonly [Option<unknown>, string])[] = [
    [bake, '5'],
    [bake, '-5m'],
    [bake, 'soon'],
    [shares, '50,10'],
    [shares, '10,,100'],
    [shares, '0,100'],
    [shares, '10,150'],
    [rate, '11'],
    [rate, '1.5'],
    [rate, ''],
    [rate, 'ten'],
    [how, 'never'],
  ];

  test.each(refused)('%o refuses "%s" and names itself', (option, given) => {
    const name = option.flags.split(' ')[0] ?? '';

    expect(() => option.parse(given)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(name) as string }),
    );
  });
});

describe('the value of an option', () => {
  const state = text('--state <folder>', 'State', 'folder', { env: 'GEN2_STATE', fallback: '.gen2' });
  const verbose = flag('-v, --verbose', 'Output', 'more', 'GEN2_VERBOSE');

  test('comes from the command line, then the environment, then gen2.yaml, then the default', () => {
    const env = { GEN2_STATE: '/from/env' };
    const file = new Map([['state', '/from/file']]);

    expect(new OptionValues({ given: { state: '/given' }, env, file }).get(state)).toBe('/given');
    expect(new OptionValues({ given: {}, env, file }).get(state)).toBe('/from/env');
    expect(new OptionValues({ given: {}, env: { GEN2_STATE: '' }, file }).get(state)).toBe('/from/file');
    expect(new OptionValues({ given: {}, env: {} }).get(state)).toBe('.gen2');
  });

  test.each([
    ['1', true],
    ['yes', true],
    ['0', false],
    ['false', false],
  ])('of a flag in the environment is read as people write it: %s', (value, expected) => {
    expect(new OptionValues({ given: {}, env: { GEN2_VERBOSE: value } }).has(verbose)).toBe(expected);
  });

  test('of a flag that was not given is false', () => {
    expect(new OptionValues({ given: {}, env: {} }).has(verbose)).toBe(false);
  });
});
