import type { Stack, StackRequest, StackTemplate } from '../model/stacks.ts';
import { AwsRefusal, type CloudFormation, type World } from '../world.ts';
import { dependencyGraph } from './dependency-graph.ts';
import { effectiveParameters, nestedStacks, startOperation } from './nested-stacks.ts';
import { ResourceOperations } from './resource-operations.ts';
import { StackExports } from './stack-exports.ts';
import { StackOperations } from './stack-operations.ts';
import { StackRecord } from './stack-record.ts';

/** CloudFormation, with what a sandbox needs besides: to know when everything has come to rest. */
export interface StackEngine extends CloudFormation {
  /** Resolves when no operation is going on. */
  settled(): Promise<void>;
}

const UPDATABLE = new Set(['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE']);
const NOT_DELETABLE = new Set([
  'UPDATE_IN_PROGRESS',
  'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
  'UPDATE_ROLLBACK_IN_PROGRESS',
  'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
]);

/** Asynchronous stacks with events, dependencies, rollback and nested stacks. `world` is first used when a call comes. */
export function createCloudFormation(world: World): StackEngine {
  return new Engine(world);
}

class Engine implements StackEngine {
  readonly #world: World;
  /** All stacks there ever were, by ARN. */
  readonly #records = new Map<string, StackRecord>();
  /** The ARN of the stack that has a name now. */
  readonly #live = new Map<string, string>();
  readonly #faults = new Map<string, string>();
  readonly #operations: StackOperations;

  constructor(world: World) {
    this.#world = world;
    const nested = nestedStacks({
      operations: () => this.#operations,
      add: (request) => this.#add(request),
      recordOf: (arn) => this.#records.get(arn),
      forget: ({ stack }) => this.#live.delete(stack.name),
    });
    const resources = new ResourceOperations(world, nested, (record, id) => this.#takeFault(record, id));
    this.#operations = new StackOperations(world, resources, new StackExports(() => this.#existing()));
  }

  createStack(request: StackRequest): string {
    if (this.#live.has(request.name)) {
      throw new AwsRefusal('AlreadyExistsException', `Stack [${request.name}] already exists`);
    }
    if (!/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(request.name)) {
      throw new AwsRefusal(
        'ValidationError',
        `1 validation error detected: Value '${request.name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
      );
    }
    dependencyGraph(request.template);
    const record = this.#add(request);
    startOperation(record, async (controller) => {
      const failure = await this.#operations.create(record, controller);
      if (failure === undefined || record.stack.status === 'DELETE_IN_PROGRESS') return;
      await this.#operations.rollBackCreation(record, failure);
    });
    return record.stack.arn;
  }

  updateStack(nameOrArn: string, template: StackTemplate, given: ReadonlyMap<string, string>): void {
    const record = this.#liveRecord(nameOrArn);
    if (record === undefined) throw new AwsRefusal('ValidationError', `Stack [${nameOrArn}] does not exist`);
    const { stack } = record;
    if (!UPDATABLE.has(stack.status)) {
      throw new AwsRefusal('ValidationError', `Stack:${stack.arn} is in ${stack.status} state and can not be updated.`);
    }
    dependencyGraph(template);
    const parameters = effectiveParameters(template.parameters, given);
    if (!this.#operations.wouldChange(record, template, parameters)) {
      throw new AwsRefusal('ValidationError', 'No updates are to be performed.');
    }
    record.setStatus('UPDATE_IN_PROGRESS', 'User Initiated');
    startOperation(record, async (controller) => {
      const failure = await this.#operations.update(record, template, parameters, controller);
      if (failure !== undefined) {
        await this.#operations.rollBackUpdate(record, failure);
        return;
      }
      record.setStatus('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      await this.#operations.finishUpdate(record);
    });
  }

  deleteStack(nameOrArn: string): void {
    const record = this.#liveRecord(nameOrArn);
    if (record === undefined) return;
    const { stack } = record;
    if (stack.terminationProtection) {
      throw new AwsRefusal(
        'ValidationError',
        `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`,
      );
    }
    if (NOT_DELETABLE.has(stack.status)) {
      throw new AwsRefusal('ValidationError', `Stack [${stack.arn}] cannot be deleted while in status ${stack.status}`);
    }
    if (stack.status === 'DELETE_IN_PROGRESS') return;
    const before = record.operation;
    record.setStatus('DELETE_IN_PROGRESS', 'User Initiated');
    before?.controller.abort(new Error('Stack deletion requested'));
    startOperation(record, async () => {
      await before?.done;
      // A rollback that was under way has had its say.
      if (stack.status !== 'DELETE_IN_PROGRESS') record.setStatus('DELETE_IN_PROGRESS', 'User Initiated');
      await this.#operations.remove(record);
      if (stack.status === 'DELETE_COMPLETE') this.#live.delete(stack.name);
    });
  }

  cancelUpdate(nameOrArn: string): void {
    const record = this.#liveRecord(nameOrArn);
    if (record === undefined) throw new AwsRefusal('ValidationError', `Stack [${nameOrArn}] does not exist`);
    if (record.stack.status !== 'UPDATE_IN_PROGRESS' || record.operation === undefined) {
      throw new AwsRefusal('ValidationError', 'CancelUpdateStack cannot be called from current stack status');
    }
    record.operation.controller.abort(new Error('User Initiated'));
  }

  find(nameOrArn: string): Stack | undefined {
    const arn = this.#live.get(nameOrArn) ?? nameOrArn;
    return this.#records.get(arn)?.stack;
  }

  list(): readonly Stack[] {
    return Array.from(this.#existing(), ({ stack }) => stack);
  }

  failNext(stackName: string, logicalId: string, reason: string): void {
    this.#faults.set(`${stackName}/${logicalId}`, reason);
  }

  async settled(): Promise<void> {
    for (;;) {
      const running = [...this.#records.values()].flatMap(({ operation }) => operation?.done ?? []);
      if (running.length === 0) return;
      await Promise.all(running);
    }
  }

  *#existing(): Iterable<StackRecord> {
    for (const record of this.#records.values()) if (record.stack.deletedAt === undefined) yield record;
  }

  #liveRecord(nameOrArn: string): StackRecord | undefined {
    const record = this.#records.get(this.#live.get(nameOrArn) ?? nameOrArn);
    return record?.stack.deletedAt === undefined ? record : undefined;
  }

  #add(request: StackRequest): StackRecord {
    const { clock, random, settings } = this.#world;
    const arn = `arn:aws:cloudformation:${settings.region}:${settings.accountId}:stack/${request.name}/${random.uuid()}`;
    const stack: Stack = {
      arn,
      name: request.name,
      parentArn: request.parentArn,
      createdAt: clock.now(),
      updatedAt: undefined,
      deletedAt: undefined,
      status: '',
      statusReason: undefined,
      terminationProtection: false,
      parameters: effectiveParameters(request.template.parameters, request.parameters),
      tags: new Map(request.tags),
      outputs: [],
      resources: new Map(),
      events: [],
    };
    const record = new StackRecord(this.#world, stack, request.template, request.instant ?? false);
    this.#records.set(arn, record);
    this.#live.set(request.name, arn);
    record.setStatus('CREATE_IN_PROGRESS', 'User Initiated');
    return record;
  }

  /** A fault for a resource of the stack itself or of a stack it is nested in, used up by being found. */
  #takeFault(record: StackRecord, logicalId: string): string | undefined {
    for (let at: StackRecord | undefined = record; at !== undefined; at = this.#parentOf(at)) {
      const key = `${at.stack.name}/${logicalId}`;
      const reason = this.#faults.get(key);
      if (reason !== undefined) {
        this.#faults.delete(key);
        return reason;
      }
    }
    return undefined;
  }

  #parentOf(record: StackRecord): StackRecord | undefined {
    return record.stack.parentArn === undefined ? undefined : this.#records.get(record.stack.parentArn);
  }
}
