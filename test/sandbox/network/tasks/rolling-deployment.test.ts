import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EcsService, Task, TaskDefinition } from '../../../../src/sandbox/model/compute.ts';
import { nextMoves, type DeployedTask } from '../../../../src/sandbox/network/tasks/rolling-deployment.ts';
import { taskDefinition } from '../network-world.ts';

const CURRENT = taskDefinition({}, 'RNEWNEWNEWN');
const OLD = taskDefinition({}, 'ROLDOLDOLDO');

interface Sketch {
  readonly isCurrent: boolean;
  readonly condition: 'pending' | 'starting' | 'healthy' | 'failed' | 'draining';
}

function taskOf({ isCurrent, condition }: Sketch): DeployedTask {
  const state: Task['state'] = condition === 'pending' || condition === 'draining' ? condition : 'running';
  const definition: TaskDefinition = isCurrent ? CURRENT : OLD;
  const isHealthy = condition === 'healthy';
  return { task: { state, definition }, isHealthy, hasFailed: condition === 'failed' };
}

function serviceOf(change: Partial<EcsService>): EcsService {
  return {
    ...{ id: 'service', app: 'shop', service: 'web', desiredCount: 2, minimumPercent: 100, maximumPercent: 200 },
    ...{ graceSeconds: 0, taskDefinition: CURRENT, targetGroupArns: [], classicBalancerNames: [] },
    ...{ tasks: new Map(), deleted: false },
    ...change,
  };
}

const sketches = fc.array(
  fc.record({
    isCurrent: fc.boolean(),
    condition: fc.constantFrom<Sketch['condition']>('pending', 'starting', 'healthy', 'failed', 'draining'),
  }),
  { maxLength: 10 },
);
const services = fc.record({
  desiredCount: fc.integer({ min: 1, max: 5 }),
  minimumPercent: fc.constantFrom(0, 50, 100),
  maximumPercent: fc.constantFrom(100, 150, 200),
});

describe('the next moves of a deployment', () => {
  it('never make more tasks live than the maximum allows', () => {
    fc.assert(
      fc.property(services, sketches, (change, drawn) => {
        const tasks = drawn.map(taskOf);
        const live = tasks.filter(({ task }) => task.state === 'pending' || task.state === 'running');
        const most = Math.max(1, Math.floor((change.desiredCount * change.maximumPercent) / 100));

        const { start, stop } = nextMoves(serviceOf(change), tasks);

        expect(start === 0 || live.length - stop.length + start <= most).toBe(true);
      }),
    );
  });

  it('never stop a healthy old task below the minimum, nor one twice, nor one that already drains', () => {
    fc.assert(
      fc.property(services, sketches, (change, drawn) => {
        const tasks = drawn.map(taskOf);
        const fewest = Math.ceil((change.desiredCount * change.minimumPercent) / 100);

        const { stop } = nextMoves(serviceOf(change), tasks);

        const healthyOld = stop.filter((t) => t.isHealthy && t.task.definition === OLD);
        const healthyLeft = tasks.filter((t) => t.isHealthy).length - healthyOld.length;
        expect(healthyOld.length === 0 || healthyLeft >= fewest).toBe(true);
        expect(new Set(stop).size).toBe(stop.length);
        expect(stop.some(({ task }) => task.state === 'draining')).toBe(false);
      }),
    );
  });

  it('leave a service alone that is as it should be', () => {
    const tasks = [1, 2].map(() => taskOf({ isCurrent: true, condition: 'healthy' }));

    expect(nextMoves(serviceOf({}), tasks)).toEqual({ start: 0, stop: [] });
  });

  it('start the replacement of a failed task first, and stop the failed one when there is no room', () => {
    const failed = taskOf({ isCurrent: true, condition: 'failed' });
    const withRoom = nextMoves(serviceOf({ desiredCount: 1 }), [failed]);
    const without = nextMoves(serviceOf({ desiredCount: 1, maximumPercent: 100 }), [failed]);

    expect(withRoom).toEqual({ start: 1, stop: [] });
    expect(without).toEqual({ start: 1, stop: [failed] });
  });

  it('stop everything when the service is deleted', () => {
    const tasks = [
      taskOf({ isCurrent: true, condition: 'healthy' }),
      taskOf({ isCurrent: false, condition: 'pending' }),
    ];

    expect(nextMoves(serviceOf({ deleted: true }), tasks)).toEqual({ start: 0, stop: tasks });
  });
});
