import type { RackClient } from '../../src/convox-api/rack-client.ts';
import type { RackClientOptions } from '../../src/convox-api/options.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { Answer, Surroundings } from './replay-server.ts';
import type { Era } from './transcript.ts';

/** What a case is given. */
export interface CaseContext {
  readonly rack: RackClient;
  readonly era: Era;
  readonly signal: AbortSignal;
  /** Aborts `signal`. */
  readonly stop: () => void;
  /** Resolves when the recorded request has arrived. */
  readonly hit: Promise<void>;
}

/** An error the client must raise, and what of the server's words it must quote. */
export interface ExpectedError {
  readonly code: ErrorCode;
  readonly says?: string;
}

/** An operation of the client that must send the recorded request and understand the recorded answer. */
export interface OperationCase {
  readonly kind: 'operation';
  readonly run: (context: CaseContext) => Promise<unknown>;
  /** Matched with `toMatchObject` (or `toEqual` for plain values), unless an error is expected. */
  readonly result?: unknown;
  readonly error?: ExpectedError;
  readonly around?: Surroundings;
  readonly options?: Partial<RackClientOptions>;
}

/** An exchange that no operation of the client makes, why, and the proof that it cannot. */
export interface TrapCase {
  readonly kind: 'trap';
  readonly reason: string;
  /** Runs what comes closest; the recorded request must not be sent, unless `isSent`. */
  readonly run: (context: CaseContext) => Promise<unknown>;
  readonly result?: unknown;
  readonly error?: ExpectedError;
  readonly around?: Surroundings;
  readonly options?: Partial<RackClientOptions>;
  /** True when the recorded request is sent once, with the wrong dialect, and the client then finds the right one. */
  readonly isSent?: boolean;
}

export type ConformanceCase = OperationCase | TrapCase;

/** Cases of one group of operations: by name for both eras, or by `era/name`. */
export type CaseTable = Readonly<Record<string, ConformanceCase | ((era: Era) => ConformanceCase)>>;

export function operation(
  run: OperationCase['run'],
  expected: { readonly result: unknown } | { readonly error: ExpectedError },
  more: Pick<OperationCase, 'around' | 'options'> = {},
): OperationCase {
  return { kind: 'operation', run, ...expected, ...more };
}

export function trap(
  reason: string,
  run: TrapCase['run'],
  more: Omit<TrapCase, 'kind' | 'reason' | 'run'> = {},
): TrapCase {
  return { kind: 'trap', reason, run, ...more };
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { body: JSON.stringify(value), headers };
}

/** "No such app", as each era says it. */
export function noSuchApp(era: Era, name: string): Answer {
  const body = era === 'classic' ? JSON.stringify({ error: `no such app: ${name}` }) : `app not found: ${name}\n`;
  return { status: 404, headers: { 'content-type': 'text/plain' }, body };
}

export function system(version: string, more: object = {}): Answer {
  return json({ name: 'convox', version, status: 'running', parameters: { Internal: 'No' }, ...more });
}

export function app(name: string, more: object = {}): Answer {
  return json({ generation: '2', locked: false, name, release: '', status: 'running', parameters: {}, ...more });
}

export async function collect<T>(items: AsyncIterable<T>, most = Infinity): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
    if (all.length >= most) break;
  }
  return all;
}
