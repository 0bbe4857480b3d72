import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkAccount, readCallerIdentity } from '../../aws/account.ts';
import { findRackBalancers } from '../../aws/balancers.ts';
import type { AwsClients } from '../../aws/clients.ts';
import { listCertificates } from '../../aws/certificates.ts';
import { listZones } from '../../aws/dns/zones.ts';
import type { RackClient } from '../../convox-api/rack-client.ts';
import type { RackSystem } from '../../convox-api/rack-types.ts';
import { EXIT_CODES, MigrationError } from '../../errors.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { stateFolder } from '../state.ts';
import { getRegion, openAws, openRack } from '../wiring.ts';

interface Diagnosis {
  readonly what: string;
  readonly ok: boolean;
  readonly saw: string;
  readonly hint: string | undefined;
  /** Exit code if this is the first that fails. */
  readonly exitCode: number;
}

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

  await diagnose(
    'state folder',
    () => tryState(stateFolder(invocation)),
    () => stateFolder(invocation),
  );
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

type Diagnose = <T>(what: string, look: () => Promise<T>, say: (seen: T) => string) => Promise<T | undefined>;

async function examine<T>(what: string, look: () => Promise<T>, say: (seen: T) => string) {
  try {
    const seen = await look();
    return { seen, diagnosis: { what, ok: true, saw: say(seen), hint: undefined, exitCode: EXIT_CODES.ok } };
  } catch (error) {
    if (!MigrationError.is(error) || error.code === 'STOPPED') throw error;
    const saw = `[${error.code}] ${error.message}`;
    return { seen: undefined, diagnosis: { what, ok: false, saw, hint: error.hint, exitCode: error.exitCode } };
  }
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

async function tryState(folder: string): Promise<void> {
  const probe = join(folder, `.probe-${Date.now()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new MigrationError('STATE_UNWRITABLE', `${folder}: cannot be written (${code})`, {
      hint: 'Give a folder that can be written, with --state or GEN2_STATE.',
    });
  }
}
