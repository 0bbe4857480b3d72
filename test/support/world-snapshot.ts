import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { worldSnapshot as snapshotOfWorld } from '../../src/sandbox/world-snapshot.ts';

export type WorldSnapshot = ReturnType<typeof worldSnapshot>;

/** All of a sandbox that a migration may change, and the old app to the last task: what `abort` must bring back. */
export function worldSnapshot(sandbox: Sandbox) {
  const { balancing } = sandbox.world;
  const listeners = [...balancing.loadBalancers.values()].flatMap((balancer) => [...balancer.listeners.values()]);
  return {
    ...snapshotOfWorld(sandbox),
    listenerCertificates: listeners.flatMap(({ certificateArns }) => [...certificateArns]).toSorted(),
    targetGroups: [...balancing.targetGroups.keys()].toSorted(),
    oldApp: oldApp(sandbox.world),
  };
}

/** The old app as CloudFormation and ECS have it: not even updated in place, every task the one that ran before. */
function oldApp({ cloudFormation, compute }: Sandbox['world']) {
  const stacks = cloudFormation.list().filter(({ name }) => /^convox-(shop|logs)(-|$)/.test(name));
  return {
    stacks: stacks
      .filter(({ name, deletedAt }) => deletedAt === undefined && !name.startsWith('convox-shop-gen2'))
      .map(({ arn, updatedAt, status, parameters }) => ({ arn, updatedAt, status, parameters: [...parameters] }))
      .toSorted((a, b) => (a.arn < b.arn ? -1 : 1)),
    tasks: compute
      .tasks()
      .filter(({ definition }) => definition.app === 'shop')
      .map(({ id }) => id)
      .toSorted(),
  };
}
