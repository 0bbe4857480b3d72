import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';

/**
 * The sets of codes must be the same: those of the catalogue, of docs/errors.md (test/cli/errors-doc.test.ts), those the
 * library raises, and those a test expects to be raised. Comments do not count, and neither do events made up for a view.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const CODES = Object.keys(ERROR_CODES);

function filesOf(folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** The texts in a file that may name a code: strings, templates, patterns. */
function textsOf(path: string): readonly string[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const texts: string[] = [];
  const look = (node: ts.Node): void => {
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (isText && !isOfEvent(node)) texts.push(node.text);
    else if (ts.isRegularExpressionLiteral(node)) texts.push(node.text);
    ts.forEachChild(node, look);
  };
  look(file);
  return texts;
}

/** `{ type: 'step-failed', code: 'BUILD_FAILED' }` is something to show, not something that was raised. */
function isOfEvent({ parent }: ts.Node): boolean {
  if (!ts.isPropertyAssignment(parent) || !ts.isObjectLiteralExpression(parent.parent)) return false;
  return parent.parent.properties.some(({ name }) => name !== undefined && name.getText() === 'type');
}

function codesIn(files: readonly string[]): ReadonlySet<string> {
  const words = files.flatMap(textsOf).flatMap((text) => text.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g) ?? []);
  return new Set(words);
}

describe('each error code', { timeout: 90_000 }, () => {
  test('is raised by the library', () => {
    const raised = codesIn(filesOf('src').filter((path) => !path.endsWith('src/errors.ts')));

    expect(CODES.filter((code) => !raised.has(code))).toEqual([]);
  });

  test('is expected by a test', () => {
    const expected = codesIn(filesOf('test'));

    expect(CODES.filter((code) => !expected.has(code))).toEqual([]);
  });

  test('that is raised anywhere stands in the catalogue', () => {
    const thrown = filesOf('src').flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/new MigrationError\(\s*'([A-Z0-9_]+)'/g)].map(([, code]) => code),
    );

    expect(thrown.filter((code) => code !== undefined && !CODES.includes(code))).toEqual([]);
    expect(thrown.length).toBeGreaterThan(100);
  });
});
