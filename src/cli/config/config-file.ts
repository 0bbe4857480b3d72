import { readFile } from 'node:fs/promises';
import { distance } from 'fastest-levenshtein';
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type * as z from 'zod';
import { MigrationError } from '../../errors.ts';
import { SECRET_NAME } from '../secret-filter.ts';
import { CONFIG_OPTIONS, configSchema } from './config-schema.ts';

/** A key that is further from a known one than this is none that was meant. */
const FARTHEST_TYPO = 3;

/**
 * Reads gen2.yaml: texts by the key of their option, in the form the command line has.
 *
 * @throws {MigrationError} `CONFIG_INVALID` with every problem and its place, `file:line:column`.
 */
export async function readConfigFile(path: string): Promise<ReadonlyMap<string, string>> {
  const text = await readText(path);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const syntax = document.errors.map(({ message, pos }) => `${place(pos[0])}: ${message.split('\n')[0] ?? ''}`);
  if (syntax.length > 0) throw invalid(syntax);
  if (document.contents === null) return new Map();
  const at = (keys: readonly PropertyKey[]): string => place(offsetOf(document, keys));

  const secrets = secretProblems(document, at);
  if (secrets.length > 0) throw invalid(secrets, SECRET_HINT);
  const parsed = configSchema.safeParse(document.toJS());
  if (!parsed.success) throw invalid(parsed.error.issues.flatMap((issue) => describe(issue, at)));
  return readValues(parsed.data, at);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw invalid([`${path}: cannot be read (${code})`]);
  }
}

const HINT = '`gen2 <command> --help` lists the options; their long names are the keys.';
const SECRET_HINT =
  'A file like this ends up in a repository. Set CONVOX_PASSWORD, GEN2_STATE or the like, or name a file with password-file.';

function invalid(problems: readonly string[], hint = HINT): MigrationError {
  return new MigrationError('CONFIG_INVALID', problems.join('; '), { hint, details: { problems } });
}

/** Where a key stands; of a key that is not there, where what should hold it does. */
function offsetOf(document: Document, keys: readonly PropertyKey[]): number {
  const parent: unknown = keys.length < 2 ? document.contents : document.getIn(keys.slice(0, -1), true);
  const last = keys.at(-1);
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === last) : undefined;
  const node: unknown = pair === undefined ? document.getIn(keys, true) : pair.key;
  const range = isScalar(node) || isMap(node) ? node.range : undefined;
  return range?.[0] ?? 0;
}

/** Names that hold secrets wherever they are, and URLs with a password in them. Values are not repeated. */
function secretProblems(document: Document, at: (keys: readonly PropertyKey[]) => string): readonly string[] {
  if (!isMap(document.contents)) return [];
  return document.contents.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : '';
    const held = isScalar(value) ? String(value.value) : '';
    if (!CONFIG_OPTIONS.has(name) && SECRET_NAME.test(name.replaceAll('-', '_'))) {
      return [`${at([name])}: ${name} is a secret, which does not belong into a file`];
    }
    if (URL.canParse(held) && new URL(held).password !== '') {
      return [`${at([name])}: ${name} has a password in it, which does not belong into a file`];
    }
    return [];
  });
}

function describe(issue: z.core.$ZodIssue, at: (keys: readonly PropertyKey[]) => string): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${at([...issue.path, key])}: there is no option ${key}${suggestion(key)}`);
  }
  const name = issue.path.map(String).join('.');
  return [`${at(issue.path)}: ${name === '' ? 'the file' : name}: ${issue.message}`];
}

function suggestion(key: string): string {
  // Letters that changed places leave the length as it is.
  const farness = (name: string): number => distance(key, name) + Math.abs(key.length - name.length) / 100;
  const [nearest] = [...CONFIG_OPTIONS.keys()].toSorted((a, b) => farness(a) - farness(b));
  return nearest !== undefined && distance(key, nearest) <= FARTHEST_TYPO ? ` (did you mean ${nearest}?)` : '';
}

/** What an option says of its text stands at the place in the file. */
function readValues(
  data: Readonly<Record<string, unknown>>,
  at: (keys: readonly PropertyKey[]) => string,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const [name, value] of Object.entries(data)) {
    const option = CONFIG_OPTIONS.get(name);
    if (option === undefined || value === undefined) continue;
    const text = textOf(value);
    try {
      option.parse(text);
      values.set(option.key, text);
    } catch (error) {
      if (!MigrationError.is(error)) throw error;
      problems.push(`${at([name])}: ${error.message}`);
    }
  }
  if (problems.length > 0) throw invalid(problems);
  return values;
}

/** As it would stand on the command line. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, held]) => `${name}=${textOf(held)}`)
    .join('\n');
}
