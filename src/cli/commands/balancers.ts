import { EXIT_CODES, MigrationError } from '../../errors.ts';
import {
  findRackBalancers,
  getRackBalancer,
  type BalancerAnswer,
  type FindRackBalancersOptions,
  type RackBalancers,
} from '../../aws/balancers.ts';
import { createBalancerClients } from '../../aws/balancer-clients.ts';
import type { RackFacts } from '../../aws/rack-facts.ts';
import { findRackUrl } from '../credentials.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { errorJson } from '../output/error-block.ts';
import { columns } from '../output/style.ts';
import { awsOptions, getRegion } from '../aws-options.ts';
import { openRack } from '../open-rack.ts';

const ROLES = ['public', 'internal', 'api'] as const;
type Role = (typeof ROLES)[number];

/** Finds the rack's balancers; with exactly one role asked for, prints its DNS name and nothing else. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const asked = ROLES.filter((role) => options.has(OPTIONS[role]));
  const [only] = asked;
  if (only !== undefined && asked.length === 1 && !options.has(OPTIONS.json)) {
    const balancer = await ask(invocation, (rack, signal) => getRackBalancer({ ...rack, role: only }, signal));
    for (const warning of balancer.warnings) shell.stderr.write(`warning: ${warning}\n`);
    shell.stdout.write(`${balancer.dnsName}\n`);
    return EXIT_CODES.ok;
  }
  const found = await ask(invocation, findRackBalancers);
  const roles = asked.length === 0 ? ROLES : asked;
  const text = options.has(OPTIONS.json)
    ? `${JSON.stringify(toJson(found, roles))}\n`
    : toText(invocation, found, roles);
  shell.stdout.write(text);
  return EXIT_CODES.ok;
}

/** A question about a rack's balancers: about one, or about all. */
type Question<Answer> = (rack: FindRackBalancersOptions, signal: AbortSignal) => Promise<Answer>;

/** By the rack's own facts and AWS; by either alone where the other is not there. */
async function ask<Answer>(invocation: Invocation, question: Question<Answer>): Promise<Answer> {
  const { shell, options } = invocation;
  if ((await findRackUrl(invocation)) === undefined) return askByName(invocation, question);
  const rack = await openRack(invocation, { readOnly: true });
  try {
    const facts = await rack.system.get(shell.signal);
    const region = options.get(OPTIONS.region) ?? facts.region;
    return await askWithAws(invocation, question, facts, region);
  } finally {
    rack.close();
  }
}

async function askByName<Answer>(invocation: Invocation, question: Question<Answer>): Promise<Answer> {
  const name = invocation.options.get(OPTIONS.rack);
  if (name === undefined) {
    throw new MigrationError('USAGE', 'neither a rack to ask nor the name of one was given', {
      hint: 'Set CONVOX_HOST and CONVOX_PASSWORD, or name the rack with --rack and its region with --region.',
    });
  }
  const clients = openBalancerClients(invocation, getRegion(invocation));
  try {
    return await question({ rack: { name }, clients }, invocation.shell.signal);
  } finally {
    clients.destroy();
  }
}

async function askWithAws<Answer>(
  invocation: Invocation,
  question: Question<Answer>,
  rack: RackFacts,
  region: string,
): Promise<Answer> {
  const { signal, stderr } = invocation.shell;
  const clients = openBalancerClients(invocation, region);
  try {
    return await question({ rack, clients }, signal);
  } catch (error) {
    if (!MigrationError.is(error, 'AWS_CREDENTIALS')) throw error;
    stderr.write('warning: no AWS credentials; the answer is from the rack alone\n');
    return await question({ rack }, signal);
  } finally {
    clients.destroy();
  }
}

function openBalancerClients(invocation: Invocation, region: string): ReturnType<typeof createBalancerClients> {
  return createBalancerClients({ ...awsOptions(invocation), region, readOnly: true });
}

function toJson(found: RackBalancers, roles: readonly Role[]): Readonly<Record<string, unknown>> {
  const answers = roles.map((role) => {
    const answer = found[role];
    return [role, answer.found ? answer.balancer : errorJson(answer.error)] as const;
  });
  return { ...Object.fromEntries(answers), deniedActions: found.deniedActions };
}

function toText({ style }: Invocation, found: RackBalancers, roles: readonly Role[]): string {
  const rows = roles.map((role) => [style.bold(role), describe(found[role])]);
  const notes = roles.flatMap((role) => notesOf(found[role]).map((note) => `  ${style.yellow('!')} ${role}: ${note}`));
  const denied = found.deniedActions.map((action) => `  ${style.yellow('!')} not allowed: ${action}`);
  return `${[...columns(rows), ...notes, ...denied].join('\n')}\n`;
}

function describe(answer: BalancerAnswer): string {
  if (!answer.found) return `none: ${reason(answer.error)}`;
  const { dnsName, kind, scheme, how, crossChecked } = answer.balancer;
  return `${dnsName}  (${kind}, ${scheme}, by ${how}${crossChecked ? '' : ', not cross-checked'})`;
}

function notesOf(answer: BalancerAnswer): readonly string[] {
  return answer.found ? answer.balancer.warnings : [answer.error.hint ?? ''].filter((hint) => hint !== '');
}

function reason(error: MigrationError): string {
  return `[${error.code}] ${error.message}`;
}
