import type { FindingCode, FindingList, Place, Severity } from './finding.ts';

/** A question that the files alone cannot settle. */
export interface Decision {
  /** The key in the answers file: `web.port`. */
  readonly id: string;
  readonly service?: string;
  readonly question: string;
  /** The answers there are; absent if any text of the form in the question will do. */
  readonly options?: readonly string[];
  /** What is taken when nobody answers; absent if nothing safe can be. */
  readonly fallback?: string;
  /** What was chosen; absent if the question is open. */
  readonly chosen?: string;
  readonly isAnswered: boolean;
  readonly line?: number;
  readonly column?: number;
}

export interface Question {
  readonly id: string;
  readonly service?: string | undefined;
  readonly at: Place;
  readonly code: FindingCode;
  readonly question: string;
  readonly options?: readonly string[];
  /** For free answers: true for one that can be used. */
  readonly accepts?: (answer: string) => boolean;
  readonly fallback?: string | undefined;
  readonly message: string;
  readonly hint: string;
  /** Severity once answered; default `change`. */
  readonly whenAnswered?: Severity;
  /** Severity if the fallback is taken; default `choice`. */
  readonly whenDefault?: Severity;
}

/** Settles questions by the answers given, else by a safe default, else not at all; each becomes one finding. */
export class Decisions {
  readonly #answers: ReadonlyMap<string, string>;
  readonly #findings: FindingList;
  readonly #asked = new Map<string, Decision>();

  constructor(answers: Readonly<Record<string, string>>, findings: FindingList) {
    this.#answers = new Map(Object.entries(answers));
    this.#findings = findings;
  }

  /** The answer, the safe default, or undefined with a blocker. */
  settle(question: Question): string | undefined {
    const { id, service, at, code, message, fallback, options } = question;
    const answer = this.#usableAnswer(question);
    const chosen = answer ?? fallback;
    this.#asked.set(id, {
      id,
      ...(service === undefined ? {} : { service }),
      question: question.question,
      ...(options === undefined ? {} : { options }),
      ...(fallback === undefined ? {} : { fallback }),
      ...(chosen === undefined ? {} : { chosen }),
      isAnswered: answer !== undefined,
      line: at.line,
      column: at.column,
    });
    const severity =
      answer !== undefined
        ? (question.whenAnswered ?? 'change')
        : fallback !== undefined
          ? (question.whenDefault ?? 'choice')
          : 'blocker';
    const how = options === undefined ? `${id}: …` : `${id}: ${options.join(' | ')}`;
    const hint = answer === undefined ? `${question.hint} Answer in gen2.answers.yaml: ${how}.` : question.hint;
    this.#findings.add(severity, code, {
      service,
      at,
      message: withChoice(message, answer, fallback),
      hint,
      decision: id,
    });
    return chosen;
  }

  /** An answer that may be given without a question; undefined if it is not. */
  volunteered(
    question: Pick<Question, 'id' | 'service' | 'at' | 'accepts' | 'options' | 'question'>,
  ): string | undefined {
    const answer = this.#usableAnswer(question);
    if (answer === undefined) return undefined;
    const { id, service, at } = question;
    this.#asked.set(id, {
      id,
      ...(service === undefined ? {} : { service }),
      question: question.question,
      chosen: answer,
      isAnswered: true,
      line: at.line,
      column: at.column,
    });
    return answer;
  }

  find(id: string): Decision | undefined {
    return this.#asked.get(id);
  }

  list(): readonly Decision[] {
    return [...this.#asked.values()];
  }

  /** Reports answers to questions that did not arise: a misspelt id must not look like an answer. */
  reportUnused(): void {
    for (const id of this.#answers.keys()) {
      if (this.#asked.has(id)) continue;
      const message = `The answers hold ${id.slice(0, 80)}, a question that did not arise.`;
      this.#findings.add('choice', 'answer-unused', { message, hint: 'Check its spelling, or remove it.' });
    }
  }

  #usableAnswer({
    id,
    service,
    at,
    options,
    accepts,
  }: Pick<Question, 'id' | 'service' | 'at' | 'options' | 'accepts'>): string | undefined {
    const answer = this.#answers.get(id);
    if (answer === undefined) return undefined;
    const isUsable = options === undefined ? (accepts?.(answer) ?? true) : options.includes(answer);
    if (isUsable) return answer;
    this.#findings.add('blocker', 'answer-invalid', {
      service,
      at,
      message: `The answer to ${id} cannot be used.`,
      hint: options === undefined ? 'See the question for its form.' : `It must be one of: ${options.join(', ')}.`,
      decision: id,
    });
    return undefined;
  }
}

function withChoice(message: string, answer: string | undefined, fallback: string | undefined): string {
  if (answer !== undefined) return `${message} Decided: ${answer}.`;
  return fallback === undefined ? message : `${message} Taken: ${fallback}.`;
}
