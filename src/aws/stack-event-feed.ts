import { listStackEvents, type StackEvent } from './stack-events.ts';
import type { StackRef } from './stacks.ts';

export interface StackEventFeedOptions {
  readonly clients: StackRef['clients'];
  readonly stackArn: string;
  /** Events before this time are left out (ms since 1970). */
  readonly sinceMs: number;
}

/**
 * New events of a stack and the stacks nested in it, at no more than two requests a look however many there are: the
 * stack's own each time, the nested ones, which its own events name, in turn.
 */
export class StackEventFeed {
  readonly #options: StackEventFeedOptions;
  /** The id of the last event seen, by stack. */
  readonly #lastIds = new Map<string, string>();
  #turn = 0;

  constructor(options: StackEventFeedOptions) {
    this.#options = options;
    this.#lastIds.set(options.stackArn, '');
  }

  /** What is new in the stack itself and in one of the nested ones, oldest first. */
  async look(signal: AbortSignal): Promise<readonly StackEvent[]> {
    const own = await this.#read(this.#options.stackArn, signal);
    const nested = [...this.#lastIds.keys()].slice(1);
    const next = nested[this.#turn % Math.max(1, nested.length)];
    this.#turn += 1;
    return next === undefined ? own : inOrder([...own, ...(await this.#read(next, signal))]);
  }

  /** What is new in all of them: once the operation is over. */
  async lookAtAll(signal: AbortSignal): Promise<readonly StackEvent[]> {
    const events: StackEvent[] = [];
    const looked = new Set<string>();
    // Reading one stack may name another.
    for (;;) {
      const next = [...this.#lastIds.keys()].find((arn) => !looked.has(arn));
      if (next === undefined) return inOrder(events);
      looked.add(next);
      events.push(...(await this.#read(next, signal)));
    }
  }

  async #read(arn: string, signal: AbortSignal): Promise<readonly StackEvent[]> {
    const { clients, sinceMs } = this.#options;
    const afterId = this.#lastIds.get(arn) ?? '';
    const known = afterId === '' ? {} : { afterId };
    const events = await listStackEvents({ clients, stack: arn, sinceMs, ...known }, signal);
    const last = events.at(-1);
    if (last !== undefined) this.#lastIds.set(arn, last.id);
    for (const { type, physicalId } of events) {
      if (type !== 'AWS::CloudFormation::Stack' || !physicalId?.startsWith('arn:')) continue;
      if (!this.#lastIds.has(physicalId)) this.#lastIds.set(physicalId, '');
    }
    return events;
  }
}

function inOrder(events: readonly StackEvent[]): readonly StackEvent[] {
  return events.toSorted((a, b) => a.atMs - b.atMs);
}
