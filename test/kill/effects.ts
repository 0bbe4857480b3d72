import type { Sandbox } from '../../src/sandbox/sandbox.ts';

/** What the world looks like at the end, and how often each effect happened; without ids, which differ. */
export interface Effects {
  /** How often each stack was asked to be created, updated, deleted: `create convox-shop`. */
  readonly stackOperations: Readonly<Record<string, number>>;
  readonly recordChanges: number;
  readonly certificates: number;
  readonly records: readonly string[];
  readonly apps: readonly string[];
}

/** Counts what is asked of CloudFormation from now on, by operation and stack name. */
export function countStackOperations({ world }: Sandbox): Record<string, number> {
  const counts: Record<string, number> = {};
  const { cloudFormation } = world;
  const count = (operation: string, name: string): void => {
    const key = `${operation} ${cloudFormation.find(name)?.name ?? name}`;
    counts[key] = (counts[key] ?? 0) + 1;
  };
  const create = cloudFormation.createStack.bind(cloudFormation);
  const update = cloudFormation.updateStack.bind(cloudFormation);
  const remove = cloudFormation.deleteStack.bind(cloudFormation);
  cloudFormation.createStack = (request) => {
    if (request.parentArn === undefined) count('create', request.name);
    return create(request);
  };
  cloudFormation.updateStack = (name, ...rest) => {
    update(name, ...rest);
    if (cloudFormation.find(name)?.parentArn === undefined) count('update', name);
  };
  cloudFormation.deleteStack = (name) => {
    if (cloudFormation.find(name)?.parentArn === undefined) count('delete', name);
    remove(name);
  };
  return counts;
}

export function effectsOf({ world }: Sandbox, stackOperations: Readonly<Record<string, number>>): Effects {
  const records = [...world.route53.zones.values()].flatMap(({ recordSets }) =>
    recordSets
      .filter(({ type }) => type !== 'NS' && type !== 'SOA')
      .map(({ name, type, ttl, values, alias }) => {
        const leadsTo = whereTo(alias?.dnsName ?? values?.[0] ?? '');
        return `${name} ${type} ${ttl ?? 'alias'} ${leadsTo}`;
      }),
  );
  const live = world.cloudFormation
    .list()
    .filter(({ deletedAt, parentArn }) => deletedAt === undefined && parentArn === undefined);
  return {
    stackOperations: Object.fromEntries(Object.entries(stackOperations).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    recordChanges: world.route53.changes.size,
    certificates: world.acm.certificates.size,
    records: records.toSorted(),
    apps: live.map(({ name, tags }) => `${name} ${tags.get('Generation') ?? ''}`).toSorted(),
  };
}

function whereTo(target: string): string {
  if (/router|-rti/i.test(target)) return 'rack balancer';
  return /^(dualstack\.)?(internal-)?shop-/i.test(target) ? 'old' : 'other';
}
