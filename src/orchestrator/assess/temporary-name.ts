import { MigrationError } from '../../errors.ts';
import type { MigrationSettings } from '../plan.ts';
import type { BalancerRoom, FutureApp, Ports } from '../ports.ts';

/** In this order; a name whose rules clash on a listener is passed over. */
const SUFFIXES = ['gen2', 'g2', 'next', 'new', 'gen2b', 'gen2c'] as const;
/** A generation 2 service gets the host label `APP-SERVICE`, a DNS label of at most 63 characters. */
const MAX_LABEL = 63;

/** Names the temporary app may get, the first one that fits is taken. */
export function temporaryNames({ app, temporaryApp }: MigrationSettings): readonly string[] {
  return temporaryApp === undefined ? SUFFIXES.map((suffix) => `${app}-${suffix}`) : [temporaryApp];
}

/**
 * The name of the temporary app: free on the rack, with rules that collide with nothing there.
 *
 * @throws {MigrationError} `APP_NAME_TAKEN` if the wanted name exists, `RACK_INVALID` if it cannot be used.
 */
export async function chooseTemporaryName(
  ports: Ports,
  {
    settings,
    future,
    clashes,
  }: { readonly settings: MigrationSettings; readonly future: FutureApp } & Pick<BalancerRoom, 'clashes'>,
  signal: AbortSignal,
): Promise<string> {
  const { rack } = future;
  const taken = new Set((await ports.rack.apps.list(signal)).map(({ name }) => name));
  const reasons: string[] = [];
  for (const name of future.names) {
    if (taken.has(name)) {
      if (settings.temporaryApp !== undefined) throw nameTaken(name, rack.name);
      reasons.push(`${name} exists already`);
      continue;
    }
    const problems = [...nameProblems(name, future), ...(clashes[name] ?? [])];
    if (problems.length === 0) return name;
    reasons.push(`${name}: ${problems.join('; ')}`);
  }
  throw new MigrationError('APP_NAME_TAKEN', `no name for the temporary app fits: ${reasons.join(' · ')}`, {
    hint: 'Give one with --temporary-app, or remove what is in the way.',
    details: { reasons },
  });
}

function nameProblems(name: string, { rack, services }: FutureApp): readonly string[] {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{3,29}$/.test(name)) problems.push('a name has 4 to 30 lower-case letters, digits and dashes');
  if (name === rack.name) problems.push('it is the name of the rack');
  const long = services.find((service) => `${name}-${service.name}`.length > MAX_LABEL);
  if (long !== undefined) problems.push(`host name ${name}-${long.name} is longer than ${MAX_LABEL} characters`);
  return problems;
}

function nameTaken(name: string, rack: string): MigrationError {
  return new MigrationError(
    'APP_NAME_TAKEN',
    `rack ${rack} has an app ${name} already; the temporary app cannot have that name`,
    {
      hint: 'Give another name with --temporary-app, or delete that app if it is left over.',
      details: { app: name },
    },
  );
}
