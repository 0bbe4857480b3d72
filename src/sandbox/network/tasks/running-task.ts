import type { EcsService, Program, Task, TaskDefinition } from '../../model/compute.ts';
import type { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import { Registration, type RegisteredTask, type TargetHome } from './registration.ts';
import { TaskProgram } from './task-program.ts';
import type { Upstream } from './upstream.ts';

/** A task without a balancer gets its SIGTERM at once and ends a moment later. */
const STOP_MS = 2_000;

export interface TaskParts {
  readonly world: World;
  /** For what happens per request; apart from the world's, so that traffic does not change what a seed gives. */
  readonly random: Random;
  readonly upstream: Upstream;
  /** How a program behaves now. */
  readonly programOf: (definition: TaskDefinition) => Program;
  readonly placement: { readonly instanceId: string; readonly hostPort: number };
  /** Called whenever its state or health has changed. */
  readonly changed: () => void;
}

/**
 * One task: pending (image pull) → running (registered at once, listens after its boot) → draining → stopped.
 * ECS registers a task when it is RUNNING, and on the way down deregisters it, waits for the draining, then stops it
 * (Amazon ECS, "Task lifecycle").
 */
export class RunningTask {
  readonly task: Task;
  readonly #parts: TaskParts;
  readonly #service: EcsService;
  readonly #program: TaskProgram | undefined;
  #registrations: Registration[] = [];
  #timers: (() => void)[] = [];
  #isGraceOver = false;

  constructor(service: EcsService, definition: TaskDefinition, parts: TaskParts) {
    this.#parts = parts;
    this.#service = service;
    const id = parts.world.random.uuid();
    this.task = {
      ...{ id, definition, ...parts.placement },
      ...{ state: 'pending', startedAt: undefined, listening: false },
    };
    if (definition.port !== undefined) this.#program = new TaskProgram(definition, id, parts);
    this.#after(parts.world.random.around(parts.world.settings.durations.imagePullMs), () => this.#run());
  }

  /** Running, and seen as healthy wherever it is registered. */
  get isHealthy(): boolean {
    return this.task.state === 'running' && this.#registrations.every((r) => r.isHealthy);
  }

  /** Seen as unhealthy somewhere, after its grace period: to be replaced. */
  get hasFailed(): boolean {
    return this.task.state === 'running' && this.#isGraceOver && this.#registrations.some((r) => r.isUnhealthy);
  }

  stop(): void {
    if (this.task.state === 'draining' || this.task.state === 'stopped') return;
    this.#cancelTimers();
    if (this.task.state === 'pending') {
      this.#stopped();
      return;
    }
    this.task.state = 'draining';
    for (const registration of this.#registrations) registration.drain();
    this.#after(Math.max(STOP_MS, ...this.#registrations.map((r) => r.drainMs)), () => this.#stopped());
    this.#parts.changed();
  }

  /** Where it is going, at once: for what exists when a sandbox starts. */
  settleNow(): void {
    if (this.task.state === 'pending') {
      this.#cancelTimers();
      this.#run();
    }
    if (this.task.state === 'running') {
      if (!this.task.listening) this.#listen();
      for (const registration of this.#registrations) registration.settleNow();
    }
    if (this.task.state === 'draining') {
      this.#cancelTimers();
      this.#stopped();
    }
  }

  /** Ends without a word to anybody, when the sandbox closes. */
  close(): void {
    this.#cancelTimers();
    this.#program?.crash();
  }

  #run(): void {
    const { task } = this;
    const { world } = this.#parts;
    task.state = 'running';
    task.startedAt = world.clock.now();
    if (this.#program !== undefined) {
      const registered = this.#asRegistered(this.#program);
      this.#registrations = this.#homes().map((home) => {
        return new Registration(world, home, registered, () => this.#parts.changed());
      });
    }
    this.#after(task.definition.program.bootSeconds * 1000, () => this.#listen());
    this.#after(this.#service.graceSeconds * 1000, () => {
      this.#isGraceOver = true;
      this.#parts.changed();
    });
    this.#parts.changed();
  }

  #listen(): void {
    if (this.task.listening || this.#program === undefined) return;
    this.#program.start();
    this.task.listening = true;
    const { crashAfterSeconds, bootSeconds } = this.task.definition.program;
    if (crashAfterSeconds === undefined) return;
    this.#after((crashAfterSeconds - bootSeconds) * 1000, () => {
      this.#program?.crash();
      this.task.listening = false;
    });
  }

  #stopped(): void {
    this.#program?.stop();
    this.task.listening = false;
    this.task.state = 'stopped';
    for (const registration of this.#registrations) registration.remove();
    this.#parts.changed();
  }

  #homes(): TargetHome[] {
    const { balancing } = this.#parts.world;
    const groups = this.#service.targetGroupArns
      .map((arn) => balancing.targetGroups.get(arn))
      .filter((group) => group !== undefined)
      .map((group): TargetHome => ({ kind: 'group', group }));
    const classics = this.#service.classicBalancerNames
      .map((name) => balancing.classic.get(name))
      .filter((balancer) => balancer !== undefined)
      .map((balancer): TargetHome => ({ kind: 'classic', balancer }));
    return [...groups, ...classics];
  }

  #asRegistered(process: TaskProgram): RegisteredTask {
    const { task } = this;
    const { programOf } = this.#parts;
    const { id, instanceId, hostPort, definition } = task;
    return {
      ...{ id, instanceId, hostPort, process },
      get program() {
        return programOf(definition);
      },
      address: `10.0.1.${10 + (hostPort % 200)}:${hostPort}`,
      get listening() {
        return task.listening;
      },
    };
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(this.#parts.world.clock.after(Math.max(0, ms), run));
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
  }
}
