import type { EcsService, Task, TaskDefinition } from '../model/compute.ts';
import { Random } from '../random.ts';
import type { Compute, World } from '../world.ts';
import { createVpcLookup } from './dns/vpc-lookup.ts';
import { nextMoves } from './tasks/rolling-deployment.ts';
import { RunningTask } from './tasks/running-task.ts';
import { Upstream } from './tasks/upstream.ts';

/** ECS, with what a sandbox needs to start and to end. */
export interface SandboxCompute extends Compute {
  /** Brings every service to its goal at once: for what is there when a sandbox starts. */
  settleNow(): void;
  /** Stops every program; nothing is scheduled any more. */
  close(): void;
}

/** The instances of a rack; a task's placement is the next of them. */
const INSTANCES = 3;

export function createCompute(world: World): SandboxCompute {
  return new EcsCluster(world);
}

class EcsCluster implements SandboxCompute {
  readonly services = new Map<string, EcsService>();
  readonly #world: World;
  readonly #running = new Map<string, Map<string, RunningTask>>();
  readonly #upstream: Upstream;
  readonly #emptied = new Map<string, (() => void)[]>();
  readonly #pendingReconciles = new Set<string>();
  #random: Random | undefined;
  #instances: readonly string[] | undefined;
  #placed = 0;
  #closed = false;

  constructor(world: World) {
    this.#world = world;
    this.#upstream = new Upstream({ resolve: createVpcLookup(world), ports: () => world.dataPlane.ports() });
  }

  createService(spec: Parameters<Compute['createService']>[0]): EcsService {
    const { accountId, region } = this.#world.settings;
    const name = `${spec.app}-${spec.service}-${this.#world.random.upper(12)}`;
    const id = `arn:aws:ecs:${region}:${accountId}:service/${name}`;
    const service: EcsService = { ...spec, id, tasks: new Map(), deleted: false };
    this.services.set(id, service);
    this.#running.set(id, new Map());
    this.#reconcile(service);
    return service;
  }

  updateService(id: string, change: { taskDefinition?: TaskDefinition; desiredCount?: number }): void {
    const service = this.services.get(id);
    if (service === undefined) throw new Error(`sandbox: no ECS service ${id}`);
    if (change.taskDefinition !== undefined) service.taskDefinition = change.taskDefinition;
    if (change.desiredCount !== undefined) service.desiredCount = change.desiredCount;
    this.#reconcile(service);
  }

  isStable(id: string): boolean {
    const service = this.services.get(id);
    if (service === undefined) return true;
    const tasks = this.#tasksOf(id);
    if (tasks.length !== service.desiredCount) return false;
    return tasks.every((t) => t.task.definition === service.taskDefinition && t.isHealthy);
  }

  deleteService(id: string): Promise<void> {
    const service = this.services.get(id);
    if (service === undefined) return Promise.resolve();
    service.deleted = true;
    return new Promise((resolve) => {
      this.#emptied.set(id, [...(this.#emptied.get(id) ?? []), resolve]);
      this.#reconcile(service);
    });
  }

  tasks(): readonly Task[] {
    return [...this.#running.values()].flatMap((tasks) => [...tasks.values()].map(({ task }) => task));
  }

  stopTask(id: string): boolean {
    for (const tasks of this.#running.values()) {
      const task = tasks.get(id);
      if (task === undefined) continue;
      task.stop();
      return true;
    }
    return false;
  }

  settleNow(): void {
    // A rolling deployment within tight percentages needs several turns.
    for (let turn = 0; turn < 50; turn += 1) {
      for (const service of [...this.services.values()]) {
        this.#reconcile(service);
        for (const task of this.#tasksOf(service.id)) task.settleNow();
        this.#reconcile(service);
      }
      if ([...this.services.keys()].every((id) => this.isStable(id))) return;
    }
  }

  close(): void {
    this.#closed = true;
    for (const tasks of this.#running.values()) for (const task of tasks.values()) task.close();
    this.#upstream.close();
  }

  #tasksOf(id: string): readonly RunningTask[] {
    return [...(this.#running.get(id)?.values() ?? [])];
  }

  /** Several changes of one moment (targets of one task, tasks of one service) are looked at once. */
  #reconcileSoon(service: EcsService): void {
    if (this.#pendingReconciles.has(service.id)) return;
    this.#pendingReconciles.add(service.id);
    queueMicrotask(() => {
      this.#pendingReconciles.delete(service.id);
      this.#reconcile(service);
    });
  }

  #reconcile(service: EcsService): void {
    const running = this.#running.get(service.id);
    if (this.#closed || running === undefined) return;
    for (const [taskId, { task }] of running) {
      if (task.state !== 'stopped') continue;
      running.delete(taskId);
      service.tasks.delete(taskId);
    }
    const moves = nextMoves(service, [...running.values()]);
    for (const task of moves.stop) task.stop();
    for (let started = 0; started < moves.start; started += 1) this.#start(service, running);
    if (service.deleted && running.size === 0) this.#forget(service.id);
  }

  #start(service: EcsService, running: Map<string, RunningTask>): void {
    const task = new RunningTask(service, service.taskDefinition, {
      world: this.#world,
      random: (this.#random ??= new Random(this.#world.random.integer(0, 0xffffffff))),
      upstream: this.#upstream,
      programOf: (definition) => this.#world.faults.programs.programOf(definition),
      placement: this.#placement(service),
      changed: () => this.#reconcileSoon(service),
    });
    running.set(task.task.id, task);
    service.tasks.set(task.task.id, task.task);
  }

  /** Gen 1 publishes the balancer's instance port on every host; gen 2 gets a port from the ephemeral range. */
  #placement(service: EcsService): { instanceId: string; hostPort: number } {
    const { random, balancing } = this.#world;
    this.#instances ??= Array.from({ length: INSTANCES }, () => `i-${random.hex(17)}`);
    this.#placed += 1;
    const fixed = service.classicBalancerNames
      .map((name) => balancing.classic.get(name)?.listeners[0]?.instancePort)
      .find((port) => port !== undefined);
    return {
      instanceId: this.#instances[this.#placed % INSTANCES] ?? '',
      hostPort: fixed ?? random.integer(32_768, 60_999),
    };
  }

  #forget(id: string): void {
    this.services.delete(id);
    this.#running.delete(id);
    const waiting = this.#emptied.get(id) ?? [];
    this.#emptied.delete(id);
    for (const resolve of waiting) resolve();
  }
}
