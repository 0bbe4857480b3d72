import type { StackRequest } from '../model/stacks.ts';
import { onAbort } from '../../time/on-abort.ts';
import type { NestedStackProperties, NestedStacks } from './resource-handler.ts';
import type { StackOperations } from './stack-operations.ts';
import type { StackRecord } from './stack-record.ts';

export interface NestedStackParts {
  readonly operations: () => StackOperations;
  /** Registers a stack that does nothing yet. */
  readonly add: (request: StackRequest) => StackRecord;
  readonly recordOf: (arn: string) => StackRecord | undefined;
  readonly forget: (record: StackRecord) => void;
}

/**
 * Stacks inside stacks. An embedded stack that was updated waits in UPDATE_COMPLETE_CLEANUP_IN_PROGRESS until its
 * parent cleans up, and goes back when the parent does (AWS re:Post, "Why is my nested stack stuck in
 * UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"). One that cannot be created stays CREATE_FAILED for the parent to delete.
 */
export function nestedStacks({ operations, add, recordOf, forget }: NestedStackParts): NestedStacks {
  const known = (arn: string): StackRecord => {
    const record = recordOf(arn);
    if (record === undefined) throw new Error(`Stack with id ${arn} does not exist`);
    return record;
  };

  return {
    async create(spec, name, context) {
      const record = add({
        name,
        template: spec.template,
        parameters: spec.parameters,
        tags: new Map([...context.stack.tags, ...spec.tags]),
        parentArn: context.stack.arn,
        instant: recordOf(context.stack.arn)?.isInstant ?? false,
      });
      const { arn } = record.stack;
      context.initiated(arn);
      const failure = await withController(context.signal, (controller) => operations().create(record, controller));
      if (failure === undefined) return arn;
      record.setStatus('CREATE_FAILED', failure);
      if (context.signal.aborted) throw context.signal.reason as Error; // set by this folder, always an Error
      throw new Error(`Embedded stack ${arn} was not successfully created: ${failure}`);
    },

    async update(arn, spec, context) {
      const record = known(arn);
      record.setStatus('UPDATE_IN_PROGRESS', 'User Initiated');
      const parameters = parametersOf(spec);
      const failure = await withController(context.signal, (controller) =>
        operations().update(record, spec.template, parameters, controller),
      );
      if (failure === undefined) {
        record.setStatus('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
        return;
      }
      startOperation(record, () => operations().rollBackUpdate(record, failure));
      if (context.signal.aborted) throw context.signal.reason as Error; // as above
      throw new Error(
        `Embedded stack ${arn} was not successfully updated. Currently in UPDATE_ROLLBACK_IN_PROGRESS with reason: ${failure}`,
      );
    },

    async rollBack(arn) {
      const record = known(arn);
      if (record.operation !== undefined) await record.operation.done;
      if (record.update !== undefined) await operations().rollBackUpdate(record, 'User Initiated');
      if (record.stack.status === 'UPDATE_ROLLBACK_FAILED') throw new Error(record.stack.statusReason);
    },

    async cleanUp(arn) {
      const record = known(arn);
      if (record.update !== undefined) await operations().finishUpdate(record);
    },

    async remove(arn) {
      const record = recordOf(arn);
      if (record === undefined) return;
      if (record.operation !== undefined) await record.operation.done;
      record.setStatus('DELETE_IN_PROGRESS', 'User Initiated');
      await operations().remove(record);
      const { status, statusReason } = record.stack;
      if (status !== 'DELETE_COMPLETE') {
        throw new Error(`Embedded stack ${arn} was not successfully deleted: ${statusReason ?? status}`);
      }
      forget(record);
    },

    wouldChange(arn, spec) {
      return operations().wouldChange(known(arn), spec.template, parametersOf(spec));
    },
  };
}

function parametersOf({ template, parameters }: NestedStackProperties): ReadonlyMap<string, string> {
  return effectiveParameters(template.parameters, parameters);
}

/** What a stack's parameters are: those the template declares, given or by default. */
export function effectiveParameters(
  declared: ReadonlyMap<string, string> | undefined,
  given: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (declared === undefined) return given;
  return new Map([...declared].map(([name, standard]) => [name, given.get(name) ?? standard]));
}

/** Runs a phase with a controller that follows the parent's signal. */
async function withController<T>(signal: AbortSignal, run: (controller: AbortController) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal.reason);
  const forget = onAbort(signal, follow);
  if (signal.aborted) follow();
  try {
    return await run(controller);
  } finally {
    forget();
  }
}

/** Starts something that goes on by itself; `record.operation` says so until it has ended. */
export function startOperation(record: StackRecord, run: (controller: AbortController) => Promise<void>): void {
  const controller = new AbortController();
  const operation = { controller, done: Promise.resolve() };
  record.operation = operation;
  operation.done = run(controller).finally(() => {
    if (record.operation === operation) record.operation = undefined;
  });
}
