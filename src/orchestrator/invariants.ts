/** What must hold before an app is deleted: the one place where that is decided (invariant 1 of docs/architecture.md). */
import { MigrationError } from '../errors.ts';
import { assertNotDeployedSince } from './deployed-since.ts';
import { differingNames, sameEnvironment, withoutDomainVariables } from './environments.ts';
import { sideBySide } from './side-by-side.ts';
import type { StepContext } from './step.ts';
import { RACK_UPDATE_TIMEOUT_MS } from './steps/prepare-rack.ts';
import { waitUntilOldIsQuiet } from './traffic/old-traffic.ts';
import { currentBalancers, verifyCertificatesWithout, verifyDomains, waitForRules } from './verification.ts';
import { stackName } from './app-changes.ts';

export interface Deletion {
  readonly app: string;
  readonly stackArn: string;
  readonly generation: '1' | '2';
  /** The app that serves every domain instead. */
  readonly successor: string;
  /** Gate under which this deletion was approved in this execution. */
  readonly approvedBy: string;
}

/** @throws {MigrationError} `INVARIANT` unless every condition for a deletion holds now. */
export async function assertMayDelete(context: StepContext, deletion: Deletion, signal: AbortSignal): Promise<void> {
  const { ports, facts } = context;
  const { app, stackArn, generation, successor, approvedBy } = deletion;
  if (context.recorded(approvedBy, 'gate') === undefined)
    throw broken(`deleting ${app} was not approved in this execution`);

  if (generation === '1') {
    await waitUntilOldIsQuiet(context, signal);
    await assertNotDeployedSince(context, 'nothing is deleted', signal);
  }
  const [found, stack] = await Promise.all([
    ports.rack.apps.find(app, signal),
    ports.aws.findStack(stackName(facts.rack.name, app), signal),
  ]);
  if (found?.generation !== generation) {
    throw broken(`${app} is generation ${found?.generation ?? 'unknown'}, ${generation} was expected`);
  }
  if (stack?.arn !== stackArn) throw broken(`the stack of ${app} is ${stack?.arn ?? 'gone'}, ${stackArn} was expected`);

  const [going, staying] = await Promise.all([
    ports.rack.environment.get(app, signal),
    ports.rack.environment.get(successor, signal),
  ]);
  const [a, b] = [withoutDomainVariables(going, facts.services), withoutDomainVariables(staying, facts.services)];
  if (!sameEnvironment(a, b)) {
    throw broken(`the environments of ${app} and ${successor} differ in ${differingNames(a, b).join(', ')}`);
  }
  const served = { app: successor, balancers: await currentBalancers(context, signal) };
  await sideBySide(
    [
      (stop) => waitForRules(context, { ...served, alone: 'among-others' }, stop),
      (stop) => verifyCertificatesWithout(context, { ...served, goingApp: app }, stop),
    ],
    signal,
  );
  await verifyDomains(context, served, signal);
}

/**
 * Before the temporary app is taken back: no name of the app leads to it any more. What the journal says of the records is
 * not enough, should its end have been lost.
 *
 * @throws {MigrationError} `INVARIANT` with the names.
 */
export async function assertNamesAreBack(context: StepContext, signal: AbortSignal): Promise<void> {
  const { facts, ports } = context;
  if (facts.records.length === 0) return;
  const shared = Object.values(await balancersOnceSettled(context, signal));
  const balancers = shared.map(({ dnsName }) => ({ dnsName, service: '' }));
  const rack = await ports.rack.system.get(signal);
  const there = await ports.aws.domainRecords(balancers, rack, signal);
  const served = there.filter(({ name, zoneId }) =>
    facts.records.some((record) => record.name === name && record.zoneId === zoneId),
  );
  if (served.length === 0) return;
  const names = [...new Set(served.map(({ name }) => name))].join(', ');
  throw broken(`${names} still leads to ${facts.temporaryApp}`);
}

/** A rack that is still making its internal balancer is waited for; one that has none leads no name anywhere. */
function balancersOnceSettled(context: StepContext, signal: AbortSignal): ReturnType<typeof currentBalancers> {
  return context.wait(
    async () => ({ state: 'ready', value: await currentBalancers(context, signal, 'those-there-are') }),
    { what: 'the rack to settle', timeoutMs: RACK_UPDATE_TIMEOUT_MS, intervalMs: 3000 },
    signal,
  );
}

function broken(what: string): MigrationError {
  return new MigrationError('INVARIANT', `nothing is deleted: ${what}`, {
    hint: 'Find out who changed it. When it is as it must be again, `gen2 resume`.',
  });
}
