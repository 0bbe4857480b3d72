import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { MigrationError } from '../errors.ts';
import type { Decision } from './decisions.ts';

/** The file decisions are recorded in, beside the manifest. */
const ANSWERS_FILE = 'gen2.answers.yaml';

const MAX_CHARACTERS = 256 * 1024;

const schema = z.strictObject({
  version: z.literal(1),
  answers: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .nullable()
    .optional(),
});

/**
 * Reads an answers file: `version: 1` and a map of decision id to answer.
 *
 * @throws {MigrationError} `ANSWERS_INVALID` with the key that is wrong, never with a value.
 */
export function readAnswers(text: string, file: string = ANSWERS_FILE): Readonly<Record<string, string>> {
  const hint = 'Write "version: 1" and "answers:" with one line an answer, such as "web.port: 5000".';
  const invalid = (what: string): MigrationError =>
    new MigrationError('ANSWERS_INVALID', `${file}: ${what}`, { hint, details: { file } });
  if (text.length > MAX_CHARACTERS) throw invalid('the file is too large');
  let data: unknown;
  try {
    data = parse(text, { maxAliasCount: 0, prettyErrors: false, logLevel: 'error' });
  } catch {
    // The parser's message may quote the file.
    throw invalid('not valid YAML');
  }
  const read = schema.safeParse(data);
  if (!read.success) {
    const where = read.error.issues.map((issue) => issue.path.join('.') || 'the file').join(', ');
    throw invalid(`not of the expected form at ${where}`);
  }
  return Object.fromEntries(Object.entries(read.data.answers ?? {}).map(([id, answer]) => [id, String(answer)]));
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
