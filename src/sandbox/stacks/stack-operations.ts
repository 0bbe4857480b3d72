import type { StackTemplate } from '../model/stacks.ts';
import type { World } from '../world.ts';
import { dependencyGraph, reversed, visitInOrder } from './dependency-graph.ts';
import type { StackExports } from './stack-exports.ts';
import type { Pass, ResourceOperations } from './resource-operations.ts';
import type { AppliedResource, StackRecord } from './stack-record.ts';

/** The phases of a stack's life. Nothing here rejects: what goes wrong is a status with a reason. */
export class StackOperations {
  readonly #world: World;
  readonly #resources: ResourceOperations;
  readonly #exports: StackExports;

  constructor(world: World, resources: ResourceOperations, exports: StackExports) {
    this.#world = world;
    this.#resources = resources;
    this.#exports = exports;
  }

  /** CREATE_COMPLETE, or the reason why not; leaves the status in CREATE_IN_PROGRESS then. */
  async create(record: StackRecord, controller: AbortController): Promise<string | undefined> {
    const unknown = this.#exports.missing(record.template);
    if (unknown !== undefined) return `No export named ${unknown} found.`;
    const pass: Pass = { record, controller, failed: [] };
    const byId = resourcesById(record.template);
    await visitInOrder(dependencyGraph(record.template), (id) => {
      const resource = byId.get(id);
      if (resource === undefined || controller.signal.aborted) return Promise.resolve(false);
      return this.#resources.create(pass, resource);
    });
    if (pass.failed.length > 0) return failuresOf(pass);
    if (controller.signal.aborted) return reasonOfAbort(controller.signal);
    record.stack.outputs = record.template.outputs(record.ref);
    record.setStatus('CREATE_COMPLETE');
    return undefined;
  }

  /** Takes back a failed creation: ROLLBACK_COMPLETE or ROLLBACK_FAILED. */
  async rollBackCreation(record: StackRecord, reason: string): Promise<void> {
    record.setStatus('ROLLBACK_IN_PROGRESS', `${reason} Rollback requested by user.`);
    const failed = await this.#removeAll(record);
    if (failed === undefined) record.setStatus('ROLLBACK_COMPLETE');
    else record.setStatus('ROLLBACK_FAILED', failed);
  }

  /** True when template or parameters differ from what is there. */
  wouldChange(record: StackRecord, template: StackTemplate, parameters: ReadonlyMap<string, string>): boolean {
    if (!sameText(record.stack.parameters, parameters)) return true;
    if (template.resources.length !== record.applied.size) return true;
    for (const resource of template.resources) {
      const current = record.applied.get(resource.logicalId);
      if (current === undefined) return true;
      if (!this.#resources.isUnchanged(record, current, this.#resources.describe(record, resource))) return true;
    }
    const outputs = template.outputs(record.ref);
    return (
      outputs.length !== record.stack.outputs.length ||
      outputs.some(({ key, value }) => record.stack.outputs.find((old) => old.key === key)?.value !== value)
    );
  }

  /** The forward part of an update; ends before the clean-up, or with the reason why it must be rolled back. */
  async update(
    record: StackRecord,
    template: StackTemplate,
    parameters: ReadonlyMap<string, string>,
    controller: AbortController,
  ): Promise<string | undefined> {
    const { stack } = record;
    record.update = {
      snapshot: {
        template: record.template,
        parameters: stack.parameters,
        outputs: stack.outputs,
        applied: new Map(record.applied),
      },
      updated: new Set(),
      created: [],
      superseded: [],
    };
    record.template = template;
    stack.parameters = parameters;
    stack.updatedAt = this.#world.clock.now();
    const unknown = this.#exports.missing(template);
    if (unknown !== undefined) return `No export named ${unknown} found.`;
    const pass: Pass = { record, controller, failed: [] };
    const byId = resourcesById(template);
    await visitInOrder(dependencyGraph(template), (id) => {
      const resource = byId.get(id);
      if (resource === undefined || controller.signal.aborted) return Promise.resolve(false);
      const current = record.applied.get(id);
      return current === undefined
        ? this.#resources.create(pass, resource)
        : this.#resources.change(pass, resource, current);
    });
    if (pass.failed.length > 0) return failuresOf(pass);
    if (controller.signal.aborted) return reasonOfAbort(controller.signal);
    return this.#exports.lostIn(record, template);
  }

  /** The clean-up after a good update: what is gone from the template or was replaced is deleted. */
  async finishUpdate(record: StackRecord): Promise<void> {
    const { update } = record;
    if (update === undefined) return;
    await Promise.all([...update.updated].map((id) => this.#resources.cleanUp(record, id)));
    const names = new Set(record.template.resources.map((resource) => resource.logicalId));
    const gone = [...record.applied.values()].filter(({ template }) => !names.has(template.logicalId));
    await this.#removeLeftovers(record, [...update.superseded, ...gone]);
    record.stack.outputs = record.template.outputs(record.ref);
    record.update = undefined;
    record.setStatus('UPDATE_COMPLETE');
  }

  /** Goes back to what was there before the update: UPDATE_ROLLBACK_COMPLETE or UPDATE_ROLLBACK_FAILED. */
  async rollBackUpdate(record: StackRecord, reason: string): Promise<void> {
    const { update, stack } = record;
    if (update === undefined) return;
    const { snapshot } = update;
    record.setStatus('UPDATE_ROLLBACK_IN_PROGRESS', reason);
    stack.parameters = snapshot.parameters;
    record.template = snapshot.template;
    const replaced = new Set(update.superseded.map(({ template }) => template.logicalId));
    const former = new Map([...snapshot.applied].map(([id, { dependencies }]) => [id, dependencies]));
    const isRestored = await visitInOrder(former, (id) => {
      const resource = snapshot.applied.get(id);
      if (resource === undefined || !(update.updated.has(id) || replaced.has(id))) return Promise.resolve(true);
      return this.#resources.restore(record, resource);
    });
    if (!isRestored) {
      record.setStatus('UPDATE_ROLLBACK_FAILED', 'One or more resources could not be put back');
      return;
    }
    record.setStatus('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    await this.#removeLeftovers(record, update.created);
    // What failed before it had a physical id was never there.
    for (const id of stack.resources.keys()) if (!snapshot.applied.has(id)) stack.resources.delete(id);
    record.update = undefined;
    record.setStatus('UPDATE_ROLLBACK_COMPLETE');
  }

  /** DELETE_COMPLETE, or DELETE_FAILED with the reason. */
  async remove(record: StackRecord): Promise<void> {
    const importer = this.#exports.importerOf(record);
    if (importer !== undefined) {
      record.setStatus('DELETE_FAILED', importer);
      return;
    }
    const failed = await this.#removeAll(record);
    if (failed === undefined) {
      record.stack.deletedAt = this.#world.clock.now();
      record.setStatus('DELETE_COMPLETE');
    } else record.setStatus('DELETE_FAILED', failed);
  }

  /** Deletes every resource, dependants first; returns what could not be deleted. */
  async #removeAll(record: StackRecord): Promise<string | undefined> {
    const pass: Pass = { record, controller: new AbortController(), failed: [] };
    const graph = new Map([...record.applied].map(([id, { dependencies }]) => [id, dependencies]));
    await visitInOrder(reversed(graph), async (id) => {
      const applied = record.applied.get(id);
      if (applied === undefined) return true;
      const isGone = await this.#resources.remove(pass, applied, true);
      if (isGone) record.applied.delete(id);
      return isGone;
    });
    return pass.failed.length === 0 ? undefined : failuresOf(pass);
  }

  /** Clean-up phase: what cannot be deleted is given up and forgotten, as by CloudFormation; the rest goes on. */
  async #removeLeftovers(record: StackRecord, leftovers: readonly AppliedResource[]): Promise<void> {
    const pass: Pass = { record, controller: new AbortController(), failed: [] };
    const keys = new Map(leftovers.map((applied, index) => [String(index), applied]));
    const graph = new Map(
      [...keys].map(([key, { dependencies }]) => [
        key,
        [...keys].filter(([, other]) => dependencies.includes(other.template.logicalId)).map(([other]) => other),
      ]),
    );
    await visitInOrder(reversed(graph), async (key) => {
      const applied = keys.get(key);
      if (applied === undefined) return true;
      const { logicalId } = applied.template;
      const isCurrent = record.applied.get(logicalId) === applied;
      await this.#resources.remove(pass, applied, isCurrent);
      if (isCurrent) {
        record.applied.delete(logicalId);
        record.stack.resources.delete(logicalId);
      }
      return true;
    });
  }
}

function resourcesById(template: StackTemplate): ReadonlyMap<string, StackTemplate['resources'][number]> {
  return new Map(template.resources.map((resource) => [resource.logicalId, resource]));
}

function failuresOf(pass: Pass): string {
  return (['create', 'update', 'delete'] as const)
    .map((verb) => ({ verb, ids: pass.failed.filter((failure) => failure.verb === verb) }))
    .filter(({ ids }) => ids.length > 0)
    .map(
      ({ verb, ids }) =>
        `The following resource(s) failed to ${verb}: [${ids.map(({ logicalId }) => logicalId).join(', ')}].`,
    )
    .join(' ');
}

function reasonOfAbort(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : 'User Initiated';
}

function sameText(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
