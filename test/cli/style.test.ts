import { describe, expect, test } from 'vitest';
import { clip, columns, fit, styleFor, widthOf, wrap } from '../../src/cli/output/style.ts';
import { Written } from './support/test-shell.ts';

const terminal = new Written({ isTTY: true });

describe('colours', () => {
  const file = new Written();

  test.each([
    ['a terminal', terminal, {}, true],
    ['a file', file, {}, false],
    ['a terminal with NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR, which counts as unset', terminal, { NO_COLOR: '' }, true],
    ['a dumb terminal', terminal, { TERM: 'dumb' }, false],
    ['a file with FORCE_COLOR', file, { FORCE_COLOR: '1' }, true],
  ])('on %s', (_what, output, env, isColoured) => {
    expect(styleFor(output, env).red('x') !== 'x').toBe(isColoured);
  });

  test('take no columns', () => {
    const style = styleFor(terminal, {});

    expect(widthOf(style.bold(style.red('four')))).toBe(4);
  });
});

describe('text', () => {
  test('is clipped with a mark where something is missing', () => {
    expect(clip('stack convox-shop', 8)).toBe('stack c…');
    expect(clip('short', 8)).toBe('short');
    expect(clip('a\nb', 8)).toBe('a b');
    expect(clip('anything', 0)).toBe('');
  });

  test('is wrapped at spaces; a longer word stays whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('a https://example.com/very/long b', 10)).toEqual(['a', 'https://example.com/very/long', 'b']);
  });

  test('fits into a width: set in below its line, a mark and a unit with what they belong to', () => {
    const { red } = styleFor(terminal, {});

    expect(fit('  one two three\nfour', 11)).toBe('  one two\n    three\nfour');
    expect(fit(`  ${red('-')} balancer.example.com (TTL 60 s)`, 16)).toBe(
      `  ${red('-')} balancer.example.com\n    (TTL 60 s)`,
    );
    expect(fit('  asks balancer.example.com now', 22)).toBe('  asks\n  balancer.example.com\n    now');
    expect(fit('a  table   stays in its columns', 14)).toBe('a  table   stays\n  in its\n  columns');
    expect(fit('no width, no change', undefined)).toBe('no width, no change');
  });

  test('stands in columns as wide as their widest cell', () => {
    const rows = [
      ['a', '1', 'x'],
      ['bbb', '22', ''],
    ];

    expect(columns(rows, new Set([1]))).toEqual(['a     1  x', 'bbb  22']);
    expect(columns([])).toEqual([]);
  });
});
