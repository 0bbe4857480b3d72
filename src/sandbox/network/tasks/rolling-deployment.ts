import type { EcsService, Task } from '../../model/compute.ts';

/** A task as the scheduler sees it. */
export interface DeployedTask {
  readonly task: Pick<Task, 'state' | 'definition'>;
  readonly isHealthy: boolean;
  /** Unhealthy after its grace period. */
  readonly hasFailed: boolean;
}

export interface DeploymentMoves<T extends DeployedTask> {
  /** How many tasks of the current definition to start. */
  readonly start: number;
  readonly stop: readonly T[];
}

/**
 * What ECS's scheduler does next for a service: never more than `maximumPercent` of the desired count live, never
 * fewer than `minimumPercent` healthy by its own doing. A failed task is replaced before it is stopped where there is
 * room (Amazon ECS, "Service deployment parameters"; "Task health and replacement").
 */
export function nextMoves<T extends DeployedTask>(service: EcsService, tasks: readonly T[]): DeploymentMoves<T> {
  const live = tasks.filter(({ task }) => task.state === 'pending' || task.state === 'running');
  if (service.deleted || service.desiredCount === 0) return { start: 0, stop: live };

  const { desiredCount } = service;
  const mostLive = Math.max(1, Math.floor((desiredCount * service.maximumPercent) / 100));
  const fewestHealthy = Math.ceil((desiredCount * service.minimumPercent) / 100);
  const isCurrent = ({ task }: T): boolean => task.definition === service.taskDefinition;
  const current = live.filter((t) => isCurrent(t) && !t.hasFailed);
  const failed = live.filter((t) => isCurrent(t) && t.hasFailed);
  const old = live.filter((t) => !isCurrent(t));

  const stop: T[] = [];
  let healthy = live.filter((t) => t.isHealthy).length;
  const healthyCurrent = current.filter((t) => t.isHealthy).length;
  for (const task of old) {
    if (task.isHealthy) {
      if (healthy - 1 < fewestHealthy) continue;
      // With room for all new tasks beside the old ones, the old stay until the new are healthy.
      if (mostLive > desiredCount && healthyCurrent < desiredCount) continue;
      healthy -= 1;
    }
    stop.push(task);
  }
  stop.push(...surplus(current, desiredCount));
  const missing = Math.max(0, desiredCount - current.length);
  for (const task of failed) {
    const hasReplacement = healthyCurrent >= desiredCount;
    const hasRoom = live.length - stop.length < mostLive;
    if (hasReplacement || (missing > 0 && !hasRoom)) stop.push(task);
  }
  const room = mostLive - (live.length - stop.length);
  return { start: Math.max(0, Math.min(missing, room)), stop };
}

/** Tasks beyond the desired count: those not yet healthy go first, then the youngest. */
function surplus<T extends DeployedTask>(current: readonly T[], desired: number): readonly T[] {
  return [...current].toSorted((a, b) => Number(b.isHealthy) - Number(a.isHealthy)).slice(desired);
}
