import type { Sandbox } from './sandbox.ts';

/** All of a sandbox that a migration may change, as plain data: what `abort` must bring back to the byte. */
export function worldSnapshot({ world }: Sandbox) {
  const { route53, cloudFormation, acm, balancing } = world;
  const rack = cloudFormation.find(world.settings.rackName);
  return {
    zones: Object.fromEntries([...route53.zones.values()].map(({ name, recordSets }) => [name, recordSets])),
    stacks: cloudFormation
      .list()
      .filter(({ deletedAt }) => deletedAt === undefined)
      .map(({ name, arn }) => ({ name, arn }))
      .toSorted((a, b) => (a.arn < b.arn ? -1 : 1)),
    certificates: [...acm.certificates.keys()].toSorted(),
    balancers: [...balancing.loadBalancers.keys(), ...balancing.classic.keys()].toSorted(),
    rules: [...balancing.loadBalancers.values()]
      .flatMap(({ listeners }) => [...listeners.values()].flatMap(({ rules }) => [...rules.keys()]))
      .toSorted(),
    internal: rack?.parameters.get('Internal') ?? 'No',
  };
}
