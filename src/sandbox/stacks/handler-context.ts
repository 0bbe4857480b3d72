import type { World } from '../world.ts';
import { pause } from './pause.ts';
import type { HandlerContext, NestedStacks } from './resource-handler.ts';
import type { StackRecord } from './stack-record.ts';

export interface ContextParts {
  readonly world: World;
  readonly nested: NestedStacks;
  readonly record: StackRecord;
  readonly logicalId: string;
  readonly signal: AbortSignal;
  readonly initiated: (physicalId: string) => void;
}

/** How often an instant installation looks whether something is stable, simulated ms. */
const INSTANT_LOOK_MS = 500;

/** What a handler gets to work on one resource of a stack. */
export function handlerContext(parts: ContextParts): HandlerContext {
  const { world, record, logicalId, signal } = parts;
  const { clock, random } = world;
  const { stack } = record;
  // Only the installation is instant: what happens to the stack later takes its time.
  const isInstant = record.isInstant && stack.status === 'CREATE_IN_PROGRESS';
  return {
    world,
    stack,
    logicalId,
    signal,
    initiated: parts.initiated,
    nested: parts.nested,
    takes: (ms) => pause(clock, isInstant ? 0 : random.around(ms), signal),
    until: async (isReady, { everyMs, limitMs, limitReason }) => {
      const end = clock.now() + limitMs;
      while (!isReady()) {
        if (clock.now() >= end) throw new Error(limitReason);
        await pause(clock, isInstant ? Math.min(everyMs, INSTANT_LOOK_MS) : everyMs, signal);
      }
    },
    tags: (own) =>
      new Map([
        ...stack.tags,
        ...(own ?? []),
        ['aws:cloudformation:stack-name', stack.name],
        ['aws:cloudformation:stack-id', stack.arn],
        ['aws:cloudformation:logical-id', logicalId],
      ]),
  };
}
