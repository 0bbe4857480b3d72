import type { Api } from './api.ts';
import { goTime, json, RackRefusal, SUCCESS } from './reply.ts';
import type { Route } from './routing.ts';

const CPU_UNITS = 1024;
const MEMORY_MB = 1987;
const TASK_CPU = 128;
const TASK_MEMORY_MB = 256;

export const instanceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/instances',
    operation: 'instances.list',
    handle: (_request, api) => json(listInstances(api)),
  },
  {
    method: 'POST',
    path: '/instances/keyroll',
    operation: 'instances.keyroll',
    handle: () => SUCCESS,
  },
  {
    method: 'DELETE',
    path: '/instances/:instance',
    operation: 'instances.terminate',
    handle: () => {
      throw new RackRefusal(500, 'the sandbox does not terminate instances');
    },
  },
  {
    method: 'GET',
    path: '/system/capacity',
    operation: 'system.capacity',
    handle: (_request, api) => {
      const running = runningTasks(api);
      const count = instanceIds(api).length;
      return json({
        'cluster-cpu': CPU_UNITS * count,
        'cluster-memory': MEMORY_MB * count,
        'instance-cpu': CPU_UNITS,
        'instance-memory': MEMORY_MB,
        'process-count': running.length,
        'process-cpu': TASK_CPU * running.length,
        'process-memory': TASK_MEMORY_MB * running.length,
        'process-width': 1,
      });
    },
  },
];

/** The instance ids that tasks run on. */
export function instanceIds(api: Api): readonly string[] {
  return [...new Set(api.world.compute.tasks().map((task) => task.instanceId))].toSorted();
}

function runningTasks(api: Api): readonly { readonly instanceId: string }[] {
  return api.world.compute.tasks().filter((task) => task.state !== 'stopped');
}

function listInstances(api: Api): unknown[] {
  const tasks = runningTasks(api);
  return instanceIds(api).map((id, index) => {
    const processes = tasks.filter((task) => task.instanceId === id).length;
    return {
      agent: true,
      cpu: (processes * TASK_CPU) / CPU_UNITS,
      id,
      memory: (processes * TASK_MEMORY_MB) / MEMORY_MB,
      'private-ip': `10.0.${index + 1}.182`,
      processes,
      'public-ip': `203.0.113.${index + 10}`,
      status: 'active',
      started: goTime(api.world.settings.startMs),
    };
  });
}
