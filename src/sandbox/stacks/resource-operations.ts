import { AwsRefusal, type World } from '../world.ts';
import type { ResourceTemplate } from '../model/stacks.ts';
import { dependenciesOf } from './dependency-graph.ts';
import { handlerContext } from './handler-context.ts';
import { handlerFor } from './handlers/registry.ts';
import type { HandlerContext, NestedStacks } from './resource-handler.ts';
import type { AppliedResource, StackRecord } from './stack-record.ts';

/** One walk over a stack's resources; the first failure cancels what is still going on. */
export interface Pass {
  readonly record: StackRecord;
  readonly controller: AbortController;
  /** Logical ids, in the order in which they failed. */
  readonly failed: { readonly logicalId: string; readonly verb: 'create' | 'update' | 'delete' }[];
}

const REPLACING = 'Requested update requires the creation of a new physical resource; hence creating one.';

/** Makes, changes and removes single resources, with the events that CloudFormation writes about them. */
export class ResourceOperations {
  readonly #world: World;
  readonly #nested: NestedStacks;
  readonly #takeFault: (record: StackRecord, logicalId: string) => string | undefined;

  constructor(
    world: World,
    nested: NestedStacks,
    takeFault: (record: StackRecord, logicalId: string) => string | undefined,
  ) {
    this.#world = world;
    this.#nested = nested;
    this.#takeFault = takeFault;
  }

  /** Creates a resource; what exists of it after a failure stays in `applied`, for the rollback to delete. */
  async create(pass: Pass, resource: ResourceTemplate): Promise<boolean> {
    const { record, controller } = pass;
    const applied = this.#describe(record, resource);
    record.setResource(resource, '', 'CREATE_IN_PROGRESS');
    const context = this.#context(record, resource.logicalId, controller.signal, (physicalId) => {
      applied.physicalId = physicalId;
      record.applied.set(resource.logicalId, applied);
      record.update?.created.push(applied);
      record.setResource(resource, physicalId, 'CREATE_IN_PROGRESS', 'Resource creation Initiated');
    });
    try {
      this.#fault(record, resource.logicalId);
      await handlerFor(resource.type).create(applied.properties, context);
      record.setResource(resource, applied.physicalId, 'CREATE_COMPLETE');
      return true;
    } catch (error) {
      const reason = this.#reasonOf(error, resource, controller.signal, 'Resource creation cancelled');
      record.setResource(resource, applied.physicalId, 'CREATE_FAILED', reason);
      return this.#failed(pass, resource.logicalId, 'create');
    }
  }

  /** Brings a resource that exists to what the new template says: unchanged, updated in place, or replaced. */
  async change(pass: Pass, resource: ResourceTemplate, current: AppliedResource): Promise<boolean> {
    const { record, controller } = pass;
    const next = this.#describe(record, resource);
    next.physicalId = current.physicalId;
    const handler = handlerFor(resource.type);
    const context = this.#context(record, resource.logicalId, controller.signal);
    const isOther = current.template.type !== resource.type || handler.mustReplace(next.properties, current.properties);
    if (isOther) return this.#replace(pass, resource, current, next);
    if (this.isUnchanged(record, current, next, context)) {
      // The properties stay the very objects that were applied; only the template's wiring is new.
      next.properties = current.properties;
      record.applied.set(resource.logicalId, next);
      return true;
    }
    record.setResource(resource, current.physicalId, 'UPDATE_IN_PROGRESS');
    record.applied.set(resource.logicalId, next);
    record.update?.updated.add(resource.logicalId);
    try {
      this.#fault(record, resource.logicalId);
      await handler.update(current.physicalId, next.properties, current.properties, context);
      record.setResource(resource, current.physicalId, 'UPDATE_COMPLETE');
      return true;
    } catch (error) {
      const reason = this.#reasonOf(error, resource, controller.signal, 'Resource update cancelled');
      record.setResource(resource, current.physicalId, 'UPDATE_FAILED', reason);
      return this.#failed(pass, resource.logicalId, 'update');
    }
  }

  async #replace(
    pass: Pass,
    resource: ResourceTemplate,
    current: AppliedResource,
    next: AppliedResource,
  ): Promise<boolean> {
    const { record, controller } = pass;
    record.setResource(resource, current.physicalId, 'UPDATE_IN_PROGRESS', REPLACING);
    const context = this.#context(record, resource.logicalId, controller.signal, (physicalId) => {
      next.physicalId = physicalId;
      record.applied.set(resource.logicalId, next);
      record.update?.created.push(next);
      record.update?.superseded.push(current);
      record.setResource(resource, physicalId, 'UPDATE_IN_PROGRESS', 'Resource creation Initiated');
    });
    try {
      this.#fault(record, resource.logicalId);
      await handlerFor(resource.type).create(next.properties, context);
      record.setResource(resource, next.physicalId, 'UPDATE_COMPLETE');
      return true;
    } catch (error) {
      const reason = this.#reasonOf(error, resource, controller.signal, 'Resource update cancelled');
      record.setResource(resource, next.physicalId, 'UPDATE_FAILED', reason);
      return this.#failed(pass, resource.logicalId, 'update');
    }
  }

  /** Puts an updated resource back to what it was before the update. */
  async restore(record: StackRecord, former: AppliedResource): Promise<boolean> {
    const id = former.template.logicalId;
    const current = record.applied.get(id);
    const handler = handlerFor(former.template.type);
    const context = this.#context(record, id);
    record.setResource(former.template, former.physicalId, 'UPDATE_IN_PROGRESS');
    try {
      this.#fault(record, id);
      if (handler.rollBack !== undefined) await handler.rollBack(former.physicalId, context);
      else if (current?.physicalId === former.physicalId) {
        await handler.update(former.physicalId, former.properties, current.properties, context);
      }
      record.applied.set(id, former);
      record.setResource(former.template, former.physicalId, 'UPDATE_COMPLETE');
      return true;
    } catch (error) {
      const reason = this.#reasonOf(error, former.template, context.signal, 'Resource update cancelled');
      record.setResource(former.template, former.physicalId, 'UPDATE_FAILED', reason);
      return false;
    }
  }

  /** Deletes a physical resource. `isCurrent` is false for one that another has replaced. */
  async remove(pass: Pass, applied: AppliedResource, isCurrent: boolean): Promise<boolean> {
    const { record } = pass;
    const resource = applied.template;
    const say = (status: string, reason?: string): void => {
      if (isCurrent) record.setResource(resource, applied.physicalId, status, reason);
      else record.addFormerEvent(resource, applied.physicalId, status, reason);
    };
    if (resource.retain === true) {
      say('DELETE_SKIPPED');
      return true;
    }
    say('DELETE_IN_PROGRESS');
    const context = this.#context(record, resource.logicalId);
    try {
      this.#fault(record, resource.logicalId);
      await handlerFor(resource.type).remove(applied.physicalId, applied.properties, context);
      say('DELETE_COMPLETE');
      return true;
    } catch (error) {
      say('DELETE_FAILED', this.#reasonOf(error, resource, context.signal, 'Resource deletion cancelled'));
      return this.#failed(pass, resource.logicalId, 'delete');
    }
  }

  /** What an updated resource has put off until the clean-up phase. */
  async cleanUp(record: StackRecord, logicalId: string): Promise<void> {
    const applied = record.applied.get(logicalId);
    if (applied === undefined) return;
    const context = this.#context(record, logicalId);
    await handlerFor(applied.template.type).cleanUp?.(applied.physicalId, context);
  }

  #context(
    record: StackRecord,
    logicalId: string,
    signal = new AbortController().signal,
    initiated: (physicalId: string) => void = () => undefined,
  ): HandlerContext {
    return handlerContext({ world: this.#world, nested: this.#nested, record, logicalId, signal, initiated });
  }

  /** True when the new template and its references leave a resource as it is. */
  isUnchanged(
    record: StackRecord,
    current: AppliedResource,
    next: AppliedResource,
    context = this.#context(record, current.template.logicalId),
  ): boolean {
    if (current.template.type !== next.template.type) return false;
    return handlerFor(next.template.type).isUnchanged(current.physicalId, next.properties, current.properties, context);
  }

  #describe(record: StackRecord, template: ResourceTemplate): AppliedResource {
    return {
      template,
      dependencies: dependenciesOf(template),
      properties: template.properties(record.ref),
      physicalId: '',
    };
  }

  /** The resource as the template has it, resolved against what is there now. */
  describe(record: StackRecord, template: ResourceTemplate): AppliedResource {
    return this.#describe(record, template);
  }

  #fault(record: StackRecord, logicalId: string): void {
    const reason = this.#takeFault(record, logicalId);
    if (reason !== undefined) throw new Error(reason);
  }

  #failed(pass: Pass, logicalId: string, verb: 'create' | 'update' | 'delete'): false {
    pass.failed.push({ logicalId, verb });
    if (verb !== 'delete') pass.controller.abort(new Error(`${logicalId} failed`));
    return false;
  }

  #reasonOf(error: unknown, resource: ResourceTemplate, signal: AbortSignal, cancelled: string): string {
    if (signal.aborted && error === signal.reason) return cancelled;
    if (error instanceof AwsRefusal) {
      const service = SERVICE_NAMES[resource.type.split('::')[1] ?? ''] ?? 'AmazonCloudFormation';
      const request = this.#world.random.uuid();
      return `${error.message} (Service: ${service}; Status Code: ${error.status}; Error Code: ${error.code}; Request ID: ${request})`;
    }
    return error instanceof Error ? error.message : String(error);
  }
}

/** Service names as CloudFormation's Java SDK writes them into event reasons. */
const SERVICE_NAMES: Readonly<Record<string, string>> = {
  ElasticLoadBalancingV2: 'AmazonElasticLoadBalancing',
  ElasticLoadBalancing: 'AmazonElasticLoadBalancing',
  CertificateManager: 'AWSCertificateManager',
  ECS: 'AmazonECS',
  Route53: 'AmazonRoute53',
};
