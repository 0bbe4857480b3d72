import { checkAccount, readCallerIdentity } from '../../aws/account.ts';
import { checkClock } from '../../aws/clock.ts';
import { findRackBalancers } from '../../aws/balancers.ts';
import type { AwsClients } from '../../aws/clients.ts';
import { listCertificates } from '../../aws/certificates.ts';
import { listZones } from '../../aws/dns/zones.ts';
import type { RackClient } from '../../convox-api/rack-client.ts';
import type { RackSystem } from '../../convox-api/rack-types.ts';
import { EXIT_CODES, MigrationError } from '../../errors.ts';
import { systemClock } from '../../time/clock.ts';
import type { Invocation } from '../command.ts';
import { examine, type Diagnose, type Diagnosis } from '../doctor/diagnosis.ts';
import { examineState } from '../doctor/examine-state.ts';
import { OPTIONS } from '../options/options.ts';
import { getRegion } from '../aws-options.ts';
import { openAws } from '../open-aws.ts';
import { openRack } from '../open-rack.ts';

/** Checks everything a migration needs, and does not stop at the first thing that is missing. Changes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, style } = invocation;
  const results: Diagnosis[] = [];
  const diagnose = async <T>(
    what: string,
    look: () => Promise<T>,
    say: (seen: T) => string,
  ): Promise<T | undefined> => {
    const { seen, diagnosis } = await examine(what, look, say);
    results.push(diagnosis);
    if (!options.has(OPTIONS.json)) shell.stdout.write(line(diagnosis));
    return seen;
  };
  const line = ({ ok, what, saw, hint }: Diagnosis): string =>
    `${ok ? style.green('✓') : style.red('✗')} ${what}: ${saw}\n${ok || hint === undefined ? '' : `    ${hint}\n`}`;

  await examineState(invocation, diagnose);
  const rack = await diagnose(
    'rack named',
    () => openRack(invocation, { readOnly: true }),
    (client) => client.url.host,
  );
  const system = rack === undefined ? undefined : await examineRack(rack, diagnose, shell.signal);
  await examineAws(invocation, system, diagnose);
  rack?.close();
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify(results)}\n`);
  return results.find(({ ok }) => !ok)?.exitCode ?? EXIT_CODES.ok;
}

async function examineRack(rack: RackClient, diagnose: Diagnose, signal: AbortSignal): Promise<RackSystem | undefined> {
  const reached = await diagnose(
    'rack reachable',
    () => rack.check(signal).then(() => true),
    () => 'answers',
  );
  if (reached === undefined) return undefined;
  const system = await diagnose(
    'password of the rack',
    () => rack.system.get(signal),
    ({ name, version, status, region }) => `rack ${name}, version ${version}, ${status}, in ${region}`,
  );
  if (system === undefined) return undefined;
  await diagnose(
    'generation 2 on this rack',
    async () => {
      const { has } = await rack.capabilities(signal);
      if (has.generation2) return has;
      throw new MigrationError('RACK_UNSUPPORTED', `version ${system.version} cannot make apps of generation 2`, {
        hint: 'Update the rack, or migrate with --update-rack.',
      });
    },
    (has) => (has.certificateReuseIssuedOnly ? 'yes; certificates without mails' : 'yes; certificates by mail'),
  );
  return system;
}

async function examineAws(invocation: Invocation, system: RackSystem | undefined, diagnose: Diagnose): Promise<void> {
  const { signal } = invocation.shell;
  const region = await diagnose(
    'AWS region',
    () =>
      Promise.resolve().then(() => invocation.options.get(OPTIONS.region) ?? system?.region ?? getRegion(invocation)),
    (found) => found,
  );
  if (region === undefined) return;
  const clients = openAws(invocation, { readOnly: true, region });
  try {
    const identity = await diagnose(
      'AWS credentials',
      () => readCallerIdentity({ clients }, signal),
      ({ account, arn }) => `account ${account}, ${arn}`,
    );
    if (identity === undefined) return;
    await diagnose(
      'clock of this machine',
      () => checkClock({ clients, clock: systemClock }, signal),
      (skewMs) => `${Math.abs(skewMs / 1000).toFixed(0)} s from the clock of AWS`,
    );
    const stackId = system?.outputs['StackId'];
    if (system !== undefined && stackId !== undefined) {
      const look = () => checkAccount({ clients, rackName: system.name, stackId }, signal);
      await diagnose('account and region of the rack', look, ({ account }) => `both in ${account}`);
    }
    await examinePermissions(clients, system, diagnose, signal);
  } finally {
    clients.destroy();
  }
}

async function examinePermissions(
  clients: AwsClients,
  system: RackSystem | undefined,
  diagnose: Diagnose,
  signal: AbortSignal,
): Promise<void> {
  await diagnose(
    'Route 53',
    () => listZones({ clients }, signal),
    (zones) => `${zones.length} zones can be read`,
  );
  await diagnose(
    'certificates',
    () => listCertificates({ clients }, signal),
    (all) => `${all.length} can be read`,
  );
  if (system === undefined) return;
  await diagnose(
    'balancers of the rack',
    () => findRackBalancers({ rack: system, clients }, signal),
    (found) => {
      const names = (['public', 'internal', 'api'] as const).filter((role) => found[role].found);
      const denied = found.deniedActions.length === 0 ? '' : `; not allowed: ${found.deniedActions.join(', ')}`;
      return `${names.join(', ')} found${denied}`;
    },
  );
}
