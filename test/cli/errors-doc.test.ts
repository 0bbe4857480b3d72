import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, EXIT_CODES } from '../../src/errors.ts';

const document = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  test('has exactly one heading for each code', () => {
    const headings = [...document.matchAll(/^### ([A-Z0-9_]+)$/gm)].map(([, code]) => code);

    expect(headings.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  });

  test('says of each code what, why, and what to do', () => {
    const sections = document.split(/^### /m).slice(1);

    const incomplete = sections.filter((text) => !/- What: [\s\S]+- Why: [\s\S]+- What to do: /.test(text));

    expect(incomplete).toEqual([]);
  });

  test('lists every exit code with its kind', () => {
    const rows = [...document.matchAll(/^\| +(\d+) \| `(\w+)` +\|/gm)].map(([, exit, kind]) => [kind, Number(exit)]);

    expect(Object.fromEntries(rows)).toEqual(EXIT_CODES);
  });
});
