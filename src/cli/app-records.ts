import { MigrationError } from '../errors.ts';
import type { BalancerRole, DomainRecord, OldBalancer, Ports, RackFacts, SwitchPlan } from '../orchestrator/ports.ts';

/** The records that lead to an app's own balancers. */
export interface AppRecords {
  readonly rack: RackFacts;
  readonly balancers: readonly OldBalancer[];
  readonly records: readonly DomainRecord[];
}

/** Reads the balancers of a generation-1 app and every record in Route 53 that points at one. */
export async function readAppRecords({ rack, aws }: Ports, app: string, signal: AbortSignal): Promise<AppRecords> {
  const facts = await rack.system.get(signal);
  await getApp(rack, app, facts.name, signal);
  const services = (await rack.services.list(app, signal)).map(({ name }) => name);
  const balancers = await aws.oldBalancers(`${facts.name}-${app}`, services, signal);
  const records = await aws.domainRecords(balancers, facts, signal);
  return { rack: facts, balancers, records };
}

/** @throws {MigrationError} `APP_NOT_FOUND`. */
export async function getApp(rack: Ports['rack'], app: string, rackName: string, signal: AbortSignal) {
  const found = await rack.apps.find(app, signal);
  if (found !== undefined) return found;
  throw new MigrationError('APP_NOT_FOUND', `rack ${rackName} has no app ${app}`, {
    hint: 'List its apps with `convox apps`.',
  });
}

/** Plans to lead an app's records to the rack's balancers: each to its own kind, or all to `to`. */
export async function planAppSwitch(
  { ports, found, to }: { readonly ports: Ports; readonly found: AppRecords; readonly to: BalancerRole | undefined },
  signal: AbortSignal,
): Promise<SwitchPlan> {
  const isInternal = (record: DomainRecord): boolean =>
    found.balancers.some(({ service, isInternal }) => service === record.service && isInternal);
  const roleOf = (record: DomainRecord): BalancerRole => to ?? (isInternal(record) ? 'internal' : 'public');
  const targets: Partial<Record<BalancerRole, Awaited<ReturnType<Ports['aws']['findBalancer']>>>> = {};
  for (const role of new Set(found.records.map(roleOf))) {
    targets[role] = await ports.aws.findBalancer(role, found.rack, signal);
  }
  const { records, balancers } = found;
  return ports.aws.planSwitch({ records, from: balancers, targets, roleOf, stagePercents: [] }, signal);
}
