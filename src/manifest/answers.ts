import { stringify } from 'yaml';
import * as z from 'zod';
import { MigrationError } from '../errors.ts';
import type { Decision } from './decisions.ts';
import { EditedText, findTextProblem, withoutByteOrderMark } from './source-text.ts';
import { parseYaml } from './yaml-parser.ts';
import { effectiveEntries } from './yaml-tree.ts';
import type { YamlNode } from './yaml-tree.ts';

/** The file decisions are recorded in, beside the manifest. */
export const ANSWERS_FILE = 'gen2.answers.yaml';

const schema = z.strictObject({
  version: z.literal('1'),
  answers: z.union([z.record(z.string(), z.string()), z.literal('')]).optional(),
});

/**
 * Reads an answers file: `version: 1` and a map of decision id to answer, each taken as it is written.
 *
 * @throws {MigrationError} `ANSWERS_INVALID` with the line or key that is wrong, never with a value.
 */
export function readAnswers(text: string, file: string = ANSWERS_FILE): Readonly<Record<string, string>> {
  const hint = 'Write "version: 1" and "answers:" with one line an answer, such as "web.port: 5000".';
  const invalid = (what: string): MigrationError =>
    new MigrationError('ANSWERS_INVALID', `${file}: ${what}`, { hint, details: { file } });
  const content = withoutByteOrderMark(text);
  const unreadable = findTextProblem(content);
  if (unreadable !== undefined) throw invalid(unreadable.message);
  // The parser of manifests: it is bounded in depth and in what aliases add, and knows where things stand.
  const { root, problems } = parseYaml(new EditedText(content));
  const [problem] = problems;
  if (problem !== undefined) throw invalid(`line ${problem.at.line}: ${problem.message}`);
  const read = schema.safeParse(root === undefined ? undefined : plainOf(root));
  if (!read.success) {
    const where = read.error.issues.map((issue) => issue.path.join('.') || 'the top').join(', ');
    throw invalid(`not of the expected form at ${where}`);
  }
  const { answers } = read.data;
  return answers === undefined || answers === '' ? {} : answers;
}

/** A tree as plain data, scalars as they are written: `010` is an answer, not a number. */
function plainOf(node: YamlNode): unknown {
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'list') return node.items.map(plainOf);
  return Object.fromEntries(effectiveEntries(node).map(({ key, value }) => [key, plainOf(value)]));
}

/** Writes an answers file that `readAnswers` reads: sorted by id, with each question as a comment if it is known. */
export function writeAnswers(answers: Readonly<Record<string, string>>, decisions: readonly Decision[] = []): string {
  const questions = new Map(decisions.map(({ id, question }) => [id, question]));
  const lines = Object.entries(answers)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, answer]) => {
      const question = questions.get(id);
      const line = stringify(
        { [id]: answer },
        { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' },
      );
      return [...(question === undefined ? [] : [`  # ${question.replaceAll(/\s+/g, ' ')}`]), `  ${line.trimEnd()}`];
    });
  const body = lines.length === 0 ? 'answers: {}' : `answers:\n${lines.join('\n')}`;
  return `# Decisions for the conversion of docker-compose.yml to convox.yml.\nversion: 1\n${body}\n`;
}
