import { ERROR_CODES, EXIT_CODES, MigrationError } from '../../errors.ts';
import { readGen2Manifest } from '../../manifest/gen2-reader.ts';
import type { AppFacts, BalancerRole, Ports, RackFacts, SharedBalancer } from '../../orchestrator/ports.ts';
import { getApp } from '../app-records.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { openConnection } from '../open-connection.ts';

interface Check {
  readonly ok: boolean;
  readonly what: string;
  readonly saw: string;
}

interface VerifiedService {
  readonly name: string;
  readonly role: BalancerRole;
  readonly healthPath: string;
  readonly domains: readonly string[];
}

/** Asks for every name of a generation-2 app through the rack's balancers, and looks at its targets. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, style } = invocation;
  const app = appArgument(invocation);
  const connection = await openConnection(invocation, { readOnly: true }, shell.signal);
  try {
    const { ports } = connection;
    const rack = await ports.rack.system.get(shell.signal);
    const facts = await getApp(ports.rack, app, rack.name, shell.signal);
    if (facts.generation !== '2') {
      throw new MigrationError('EXECUTION_STATE', `${app} is generation 1: the rack's balancers have no rule for it`, {
        hint: 'Name the generation-2 app: the temporary one after `gen2 prepare`, or the final one.',
      });
    }
    const expect = options.get(OPTIONS.healthCodes) ?? 'exactly-200';
    const checks = await verifyApp({ ports, rack, app: facts, expect }, shell.signal);
    if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ app, checks })}\n`);
    else {
      const lines = checks.map(({ ok, what, saw }) => `${ok ? style.green('✓') : style.red('✗')} ${what}: ${saw}`);
      shell.stdout.write(`${lines.join('\n')}\n`);
    }
    return checks.every(({ ok }) => ok) ? EXIT_CODES.ok : EXIT_CODES[ERROR_CODES.VERIFICATION_FAILED];
  } finally {
    connection.close();
  }
}

interface VerifyRequest {
  readonly ports: Ports;
  readonly rack: RackFacts;
  readonly app: AppFacts;
  readonly expect: 'exactly-200' | 'rack-codes';
}

async function verifyApp(request: VerifyRequest, signal: AbortSignal): Promise<readonly Check[]> {
  const { ports, rack, app, expect } = request;
  const checks: Check[] = [];
  const balancers = new Map<BalancerRole, SharedBalancer>();
  for (const { name, role, healthPath: path, domains } of await readServices(request, signal)) {
    const balancer = balancers.get(role) ?? (await ports.aws.findBalancer(role, rack, signal));
    balancers.set(role, balancer);
    for (const host of domains) {
      const { ok, what, saw } = await ports.aws.checkEndpoint({ balancer, host, path, expect }, signal);
      checks.push({ ok, what: `${what} (service ${name}, ${role} balancer)`, saw });
    }
    const [targets] = await ports.aws.serviceTargets(`${rack.name}-${app.name}`, [name], signal);
    const health = await ports.aws.targetHealth(targets?.targetGroupArns ?? [], signal);
    const ok = health.total > 0 && health.healthy === health.total;
    const saw = [`${health.healthy} of ${health.total} targets healthy`, ...health.problems].join('; ');
    checks.push({ ok, what: `targets of service ${name}`, saw });
  }
  return checks;
}

/** Services with a port, from the manifest of the active release, with the names they are asked for. */
async function readServices(
  { ports, rack, app }: VerifyRequest,
  signal: AbortSignal,
): Promise<readonly VerifiedService[]> {
  if (app.release === '') {
    throw new MigrationError('EXECUTION_STATE', `${app.name} has no active release`, { hint: 'Promote one first.' });
  }
  const { manifest: text } = await ports.rack.releases.get(app.name, app.release, signal);
  const env = await ports.rack.environment.get(app.name, signal);
  const { manifest } = readGen2Manifest(text, { rackVersion: rack.version, env });
  const own = new Map((await ports.rack.services.list(app.name, signal)).map(({ name, domain }) => [name, domain]));
  return (manifest?.services ?? [])
    .filter(({ port }) => port !== undefined)
    .map(({ name, isInternal, health, domain }) => ({
      name,
      role: isInternal ? 'internal' : 'public',
      healthPath: health.path,
      domains: [own.get(name) ?? '', ...(domain?.resolved ?? [])].filter((host) => host !== ''),
    }));
}
