import { createInterface } from 'node:readline/promises';
import { stopped } from '../errors.ts';
import type { Conversion } from '../manifest/convert-types.ts';
import type { Decision } from '../manifest/decisions.ts';
import type { Answers, AnswersFile } from './answers-file.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { asStream } from './terminal-stream.ts';

export interface AskDecisionsRequest {
  readonly invocation: Invocation;
  readonly file: AnswersFile;
  /** Converts with these answers; an answer can raise further questions. */
  readonly convert: (answers: Answers) => Conversion;
}

/**
 * Asks the person at the terminal each question that is open, and records each answer before the next is asked. With
 * no terminal, or for a program (--json, --sarif), nothing is asked, and safe defaults or blockers stand.
 *
 * @throws {MigrationError} `STOPPED`, `FILE_EXISTS`, `STATE_UNWRITABLE`.
 */
export async function askDecisions({ invocation, file, convert }: AskDecisionsRequest): Promise<Conversion> {
  const { shell, options } = invocation;
  let conversion = convert(file.answers);
  const isForProgram = options.has(OPTIONS.json) || options.has(OPTIONS.sarif);
  if (isForProgram || shell.stdin().isTTY !== true || !shell.stderr.isTTY) return conversion;
  if (openDecisions(conversion).length === 0) return conversion;
  if (!options.has(OPTIONS.force) && file.hasForeignComments(conversion.decisions)) {
    shell.stderr.write(
      `Nothing is asked: ${file.path} holds comments that recording an answer would lose (--force).\n`,
    );
    return conversion;
  }
  const left = new Set<string>();
  const terminal = openTerminal(invocation);
  try {
    for (;;) {
      const open = openDecisions(conversion).filter(({ id }) => !left.has(id));
      const [decision] = open;
      if (decision === undefined) return conversion;
      const answer = await terminal.ask(showQuestion(invocation, conversion, { decision, count: open.length }));
      if (answer === undefined) return conversion;
      const chosen = meantAnswer(answer, decision);
      if (chosen === undefined) {
        left.add(decision.id);
        continue;
      }
      const answers = { ...file.answers, [decision.id]: chosen };
      const next = convert(answers);
      const refusal = next.findings.find((found) => found.code === 'answer-invalid' && found.decision === decision.id);
      if (refusal !== undefined) {
        shell.stderr.write(`  ${refusal.message} ${refusal.hint}\n`);
        if (chosen === decision.fallback) left.add(decision.id);
        continue;
      }
      await file.record(answers, next.decisions);
      left.add(decision.id);
      conversion = next;
    }
  } finally {
    terminal.close();
  }
}

export function openDecisions({ decisions }: Conversion): readonly Decision[] {
  return decisions.filter(({ isAnswered }) => !isAnswered);
}

/** What a person would add to the answers file, a line a question. */
export function howToAnswer(open: readonly Decision[], path: string): string {
  const lines = open.map(({ id, question, options, fallback }) => {
    const choices = options === undefined ? '…' : options.join(' | ');
    return `  ${id}: ${choices}   # ${question}${fallback === undefined ? '' : ` Taken: ${fallback}.`}\n`;
  });
  const count = open.length === 1 ? '1 question is open' : `${open.length} questions are open`;
  return `${count}. Answer at a terminal, or in ${path} below "version: 1" and "answers:":\n${lines.join('')}`;
}

/** Shows a question with what there is to choose from, and gives the prompt for its answer. */
function showQuestion(
  { errorStyle: style, shell }: Pick<Invocation, 'errorStyle' | 'shell'>,
  { findings }: Conversion,
  { decision, count }: { readonly decision: Decision; readonly count: number },
): string {
  const { id, question, options = [], fallback, line } = decision;
  const why = findings.find((finding) => finding.decision === id && finding.code !== 'answer-invalid');
  const place = line === undefined ? '' : ` (line ${line})`;
  const lines = [
    '',
    `${style.bold(id)}${place}, ${count} to go`,
    ...(why === undefined ? [] : [`  ${why.message}`]),
    `  ${style.bold(question)}`,
    ...options.map((option, index) => `    ${index + 1}) ${option}`),
  ];
  shell.stderr.write(`${lines.join('\n')}\n`);
  return fallback === undefined
    ? '  Answer, or Enter to leave it open: '
    : `  Answer [${fallback}], or - to leave it open: `;
}

/** The option somebody typed, by itself or by its number; undefined to leave the question open. */
function meantAnswer(typed: string, { options, fallback }: Decision): string | undefined {
  const text = typed.trim();
  if (text === '-') return undefined;
  if (text === '') return fallback;
  if (options === undefined || options.includes(text)) return text;
  return (/^\d+$/.test(text) ? options[Number(text) - 1] : undefined) ?? text;
}

interface Terminal {
  /** What was typed; undefined when the input ended. */
  ask(prompt: string): Promise<string | undefined>;
  close(): void;
}

function openTerminal({ shell }: Pick<Invocation, 'shell'>): Terminal {
  const ended = new AbortController();
  const terminal = createInterface({ input: shell.stdin(), output: asStream(shell.stderr), terminal: true });
  // In raw mode Ctrl-C arrives as a key and never as a signal.
  terminal.on('SIGINT', () => shell.interrupt('SIGINT'));
  // A question whose input ends (Ctrl-D) would never be settled by readline.
  terminal.once('close', () => ended.abort());
  const signal = AbortSignal.any([shell.signal, ended.signal]);
  return {
    async ask(prompt) {
      try {
        return await terminal.question(prompt, { signal });
      } catch (error) {
        if (shell.signal.aborted) throw stopped(shell.signal, 'questions of the conversion');
        if (ended.signal.aborted) return undefined;
        throw error;
      }
    },
    close: () => terminal.close(),
  };
}
