import type { ResourceTemplate, Stack, StackOutput, StackTemplate } from '../model/stacks.ts';
import type { World } from '../world.ts';

/** A resource as it is now. */
export interface AppliedResource {
  readonly template: ResourceTemplate;
  readonly dependencies: readonly string[];
  properties: unknown;
  physicalId: string;
}

/** What an update goes back to. */
export interface Snapshot {
  readonly template: StackTemplate;
  readonly parameters: ReadonlyMap<string, string>;
  readonly outputs: readonly StackOutput[];
  readonly applied: ReadonlyMap<string, AppliedResource>;
}

/** What an update in progress has done so far. */
export interface UpdateProgress {
  readonly snapshot: Snapshot;
  /** Updated in place, by logical id. */
  readonly updated: Set<string>;
  /** Made by this update: new ones and replacements. */
  readonly created: AppliedResource[];
  /** Replaced or no longer in the template: go in the clean-up phase. */
  readonly superseded: AppliedResource[];
}

export interface Operation {
  readonly controller: AbortController;
  /** Settles when the stack has come to rest; never rejects. */
  done: Promise<void>;
}

const MODEL_TYPE = 'AWS::CloudFormation::Stack';

/** One stack with what its API does not show: template, resolved properties and the operation that is going on. */
export class StackRecord {
  readonly stack: Stack;
  readonly isInstant: boolean;
  template: StackTemplate;
  readonly applied = new Map<string, AppliedResource>();
  update: UpdateProgress | undefined;
  operation: Operation | undefined;
  readonly #world: World;

  constructor(world: World, stack: Stack, template: StackTemplate, isInstant: boolean) {
    this.#world = world;
    this.stack = stack;
    this.template = template;
    this.isInstant = isInstant;
  }

  /** Physical id of a resource of this stack. */
  readonly ref = (logicalId: string): string => this.applied.get(logicalId)?.physicalId ?? '';

  setStatus(status: string, reason?: string): void {
    this.stack.status = status;
    this.stack.statusReason = reason;
    this.#addEvent(this.stack.name, this.stack.arn, MODEL_TYPE, status, reason);
  }

  setResource(resource: ResourceTemplate, physicalId: string, status: string, reason?: string): void {
    const now = this.#world.clock.now();
    this.stack.resources.set(resource.logicalId, {
      logicalId: resource.logicalId,
      type: resource.type,
      physicalId,
      status,
      reason,
      updatedAt: now,
    });
    this.#addEvent(resource.logicalId, physicalId, resource.type, status, reason);
  }

  /** An event about a physical resource that is no longer the one behind its logical id. */
  addFormerEvent(resource: ResourceTemplate, physicalId: string, status: string, reason?: string): void {
    this.#addEvent(resource.logicalId, physicalId, resource.type, status, reason);
  }

  #addEvent(logicalId: string, physicalId: string, type: string, status: string, reason: string | undefined): void {
    const at = this.#world.clock.now();
    const isStack = physicalId === this.stack.arn;
    const id = isStack
      ? this.#world.random.uuid()
      : `${logicalId}-${status}-${new Date(at).toISOString()}-${String(this.stack.events.length)}`;
    this.stack.events.push({ id, at, logicalId, physicalId, type, status, reason });
  }
}
