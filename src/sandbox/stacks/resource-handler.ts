import type { Stack, StackTemplate } from '../model/stacks.ts';
import type { World } from '../world.ts';

/** What a handler knows of the resource it works on. */
export interface HandlerContext {
  readonly world: World;
  readonly stack: Stack;
  readonly logicalId: string;
  /** Aborted when the operation is cancelled or another resource failed. */
  readonly signal: AbortSignal;
  /** The physical id is known from here on, though the resource is not ready: "Resource creation Initiated". */
  readonly initiated: (physicalId: string) => void;
  /** Takes `ms` simulated milliseconds, give or take a little; nothing in an instant installation. */
  readonly takes: (ms: number) => Promise<void>;
  /** Asks `isReady` now and every `everyMs` until it is true; rejects with `limitReason` after `limitMs`. */
  readonly until: (
    isReady: () => boolean,
    limits: { readonly everyMs: number; readonly limitMs: number; readonly limitReason: string },
  ) => Promise<void>;
  /** Tags that CloudFormation puts on the resource: the stack's own and `aws:cloudformation:*`. */
  readonly tags: (own?: ReadonlyMap<string, string>) => ReadonlyMap<string, string>;
  readonly nested: NestedStacks;
}

/** How the nested-stack resource drives stacks of its own. */
export interface NestedStacks {
  /** Resolves with the ARN when created; rejects with the embedded stack's failure. */
  create(spec: NestedStackProperties, name: string, context: HandlerContext): Promise<string>;
  /** Updates up to the clean-up phase, which waits for the parent's. */
  update(arn: string, spec: NestedStackProperties, context: HandlerContext): Promise<void>;
  rollBack(arn: string): Promise<void>;
  cleanUp(arn: string): Promise<void>;
  remove(arn: string): Promise<void>;
  wouldChange(arn: string, spec: NestedStackProperties): boolean;
}

export interface NestedStackProperties {
  readonly template: StackTemplate;
  readonly parameters: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
}

/** How one type of resource is made, changed and removed. Rejections carry the reason that the event shows. */
export interface ResourceHandler<Properties> {
  /** Resolves with the physical id once the resource is complete. */
  create(properties: Properties, context: HandlerContext): Promise<string>;
  update(physicalId: string, next: Properties, previous: Properties, context: HandlerContext): Promise<void>;
  /** True when the change needs a new physical resource (the old one goes in the clean-up phase). */
  mustReplace(next: Properties, previous: Properties): boolean;
  remove(physicalId: string, properties: Properties, context: HandlerContext): Promise<void>;
  /** Default: deep equality. */
  readonly isUnchanged?: (
    physicalId: string,
    next: Properties,
    previous: Properties,
    context: HandlerContext,
  ) => boolean;
  /** Default: `update` with the previous properties. */
  rollBack?(physicalId: string, context: HandlerContext): Promise<void>;
  /** Called in the clean-up phase for a resource that was updated. */
  cleanUp?(physicalId: string, context: HandlerContext): Promise<void>;
}
