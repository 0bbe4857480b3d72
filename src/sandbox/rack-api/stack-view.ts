import type { Stack } from '../model/stacks.ts';
import type { World } from '../world.ts';

/** A stack as one API process saw it last. */
export interface StackFacts {
  readonly arn: string;
  readonly name: string;
  readonly status: string;
  readonly terminationProtection: boolean;
  readonly parameters: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
}

const CACHE_MS = 5_000;

/**
 * What one API process knows of the stacks: answers are kept for 5 s, apart from those of the other process. Updating a
 * stack clears this cache, creating and deleting one do not (convox/rack@20171213132441 provider/aws).
 */
export class StackView {
  readonly #world: World;
  readonly #cache = new Map<string, { readonly at: number; readonly stacks: readonly StackFacts[] }>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The live stack of that name; that there is none is never cached. */
  describe(name: string): StackFacts | undefined {
    return this.#remembered(name, () => {
      const stack = this.#world.cloudFormation.find(name);
      return stack === undefined || stack.deletedAt !== undefined ? [] : [factsOf(stack)];
    })[0];
  }

  list(): readonly StackFacts[] {
    return this.#remembered('', () =>
      this.#world.cloudFormation
        .list()
        .filter((stack) => stack.deletedAt === undefined)
        .map(factsOf),
    );
  }

  forget(): void {
    this.#cache.clear();
  }

  #remembered(key: string, read: () => readonly StackFacts[]): readonly StackFacts[] {
    const now = this.#world.clock.now();
    const known = this.#cache.get(key);
    if (known !== undefined && now - known.at < CACHE_MS) return known.stacks;
    const stacks = read();
    if (stacks.length > 0) this.#cache.set(key, { at: now, stacks });
    else this.#cache.delete(key);
    return stacks;
  }
}

function factsOf(stack: Stack): StackFacts {
  return {
    arn: stack.arn,
    name: stack.name,
    status: stack.status,
    terminationProtection: stack.terminationProtection,
    parameters: new Map(stack.parameters),
    outputs: new Map(stack.outputs.map(({ key, value }) => [key, value])),
    tags: new Map(stack.tags),
  };
}

/** The API's word for a stack status (convox/rack provider/aws/helpers.go `humanStatus`, the same in both eras). */
export function humanStatus(stackStatus: string): string {
  switch (stackStatus) {
    case 'CREATE_IN_PROGRESS':
      return 'creating';
    case 'CREATE_COMPLETE':
    case 'UPDATE_COMPLETE':
    case 'UPDATE_ROLLBACK_COMPLETE':
    case 'DELETE_FAILED':
      return 'running';
    case 'UPDATE_IN_PROGRESS':
    case 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS':
      return 'updating';
    case 'ROLLBACK_IN_PROGRESS':
    case 'UPDATE_ROLLBACK_IN_PROGRESS':
    case 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS':
      return 'rollback';
    case 'ROLLBACK_COMPLETE':
    case 'UPDATE_ROLLBACK_FAILED':
      return 'failed';
    case 'DELETE_IN_PROGRESS':
      return 'deleting';
    case '':
      return 'new';
    default:
      return 'unknown';
  }
}
