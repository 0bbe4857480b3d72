import { MigrationError } from '../errors.ts';
import { checkAccount, checkRegion, parseStackArn } from './account.ts';
import { BalancerSearch } from './balancer-search.ts';
import { canonicalZoneOf } from './canonical-zones.ts';
import type { RackBalancer, RackBalancerClients } from './rack-balancer.ts';
import { dnsNameFromOutputs, roleProblem, type RackBalancerRole, type RackFacts } from './rack-facts.ts';
import { readStack, type StackFacts } from './stacks.ts';

export type { BalancerEvidence, RackBalancer, RackBalancerClients } from './rack-balancer.ts';

export type BalancerAnswer =
  | { readonly found: true; readonly balancer: RackBalancer }
  | { readonly found: false; readonly role: RackBalancerRole; readonly error: MigrationError };

export interface RackBalancers {
  readonly public: BalancerAnswer;
  readonly internal: BalancerAnswer;
  readonly api: BalancerAnswer;
  /** IAM actions we were refused and did without. */
  readonly deniedActions: readonly string[];
  /** The rack's stack as it was when the answer was formed: a later update may replace a balancer. */
  readonly stack?: StackFacts;
}

export interface FindRackBalancersOptions {
  /** The name alone is enough with `clients`; outputs and parameters alone are enough without. */
  readonly rack: RackFacts;
  /** Absent: the rack's outputs alone answer, and nothing is cross-checked. */
  readonly clients?: RackBalancerClients;
}

const BUSY_STATUSES: ReadonlySet<string> = new Set(['creating', 'updating', 'converging', 'rollback', 'deleting']);
const ROLES = ['public', 'internal', 'api'] as const;

/**
 * Finds the rack's balancers: by logical id in its stack, else by DNS name, tags or name, checked against its outputs.
 *
 * @throws {MigrationError} for what concerns all of them: `AWS_ACCOUNT_MISMATCH`, `AWS_REGION`, `AWS_NOT_FOUND` (no such
 * stack here), `RACK_STACK_STATE` (being updated: retryable; failed: not). What concerns one is in its answer:
 * `RACK_INTERNAL_DISABLED`, `RACK_PUBLIC_DISABLED`, `BALANCER_NOT_FOUND`, `BALANCER_MISMATCH`.
 */
export async function findRackBalancers(
  options: FindRackBalancersOptions,
  signal: AbortSignal,
): Promise<RackBalancers> {
  const { answers, denied, stack } = await answersFor(ROLES, options, signal);
  const get = (role: RackBalancerRole): BalancerAnswer => answers.get(role) ?? notFound(role, options.rack.name);
  return {
    public: get('public'),
    internal: get('internal'),
    api: get('api'),
    deniedActions: [...denied].toSorted(),
    ...(stack === undefined ? {} : { stack }),
  };
}

/** Finds one balancer of the rack, asking for nothing of the others, or throws why there is none. */
export async function getRackBalancer(
  { role, ...options }: FindRackBalancersOptions & { readonly role: RackBalancerRole },
  signal: AbortSignal,
): Promise<RackBalancer> {
  const answer = (await answersFor([role], options, signal)).answers.get(role) ?? notFound(role, options.rack.name);
  if (answer.found) return answer.balancer;
  throw answer.error;
}

interface Answers {
  readonly answers: ReadonlyMap<RackBalancerRole, BalancerAnswer>;
  /** IAM actions we were refused and did without. */
  readonly denied: ReadonlySet<string>;
  readonly stack?: StackFacts | undefined;
}

async function answersFor(
  roles: readonly RackBalancerRole[],
  { rack, clients }: FindRackBalancersOptions,
  signal: AbortSignal,
): Promise<Answers> {
  if (rack.status !== undefined && BUSY_STATUSES.has(rack.status)) throw rackBusy(rack.name, rack.status);
  if (clients === undefined) {
    return { answers: new Map(roles.map((role) => [role, fromOutputs(role, rack, [])])), denied: new Set() };
  }
  const denied = new Set<string>();
  const stack = await readRackStack(rack, clients, denied, signal);
  const search = new BalancerSearch({ rack, clients, denied, ...(stack === undefined ? {} : { stack }) });
  const answers = await Promise.all(
    roles.map(async (role) => [role, await answerFor(role, rack, stack, search, denied, signal)] as const),
  );
  return { answers: new Map(answers), denied, stack };
}

async function readRackStack(
  rack: RackFacts,
  clients: RackBalancerClients,
  denied: Set<string>,
  signal: AbortSignal,
): Promise<StackFacts | undefined> {
  const stackId = rack.outputs?.['StackId'];
  if (stackId !== undefined) {
    // Proved before anything is looked up: in the wrong account a rack of the same name may exist.
    await checkAccount({ clients, rackName: rack.name, stackId }, signal);
  }
  try {
    const stack = await readStack({ clients, stack: stackId ?? rack.name }, signal);
    checkRegion(clients.region, rack.name, parseStackArn(stack.arn));
    if (stack.outcome === 'busy') throw rackBusy(rack.name, stack.status);
    if (stack.outcome !== 'done' && stack.status !== 'UPDATE_ROLLBACK_COMPLETE') {
      throw new MigrationError('RACK_STACK_STATE', `the stack of rack ${rack.name} is ${stack.status}`, {
        hint: 'Repair the rack first: its balancers cannot be relied on in this state.',
        details: { stack: stack.arn, status: stack.status },
      });
    }
    return stack;
  } catch (error) {
    if (!MigrationError.is(error, 'AWS_DENIED') || rack.outputs === undefined) throw error;
    denied.add(String(error.details['action']));
    return undefined;
  }
}

async function answerFor(
  role: RackBalancerRole,
  rack: RackFacts,
  stack: StackFacts | undefined,
  search: BalancerSearch,
  denied: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<BalancerAnswer> {
  const problem = roleProblem(role, { ...rack.parameters, ...stack?.parameters });
  if (problem !== undefined) return { found: false, role, error: roleError(problem, rack.name) };
  try {
    const balancer = await search.find(role, signal);
    if (balancer !== undefined) return { found: true, balancer };
  } catch (error) {
    if (MigrationError.is(error, 'BALANCER_MISMATCH', 'BALANCER_NOT_FOUND', 'RACK_STACK_STATE')) {
      return { found: false, role, error };
    }
    throw error;
  }
  if (denied.size === 0) return notFound(role, rack.name);
  return fromOutputs(role, { ...rack, outputs: { ...stack?.outputs, ...rack.outputs } }, [...denied]);
}

/** Fallback without AWS: the DNS name is enough for a CNAME, and the zone id of an alias is a constant of the region. */
function fromOutputs(role: RackBalancerRole, rack: RackFacts, denied: readonly string[]): BalancerAnswer {
  const problem = roleProblem(role, rack.parameters ?? {});
  if (problem !== undefined) return { found: false, role, error: roleError(problem, rack.name) };
  const dnsName = dnsNameFromOutputs(role, rack.outputs ?? {});
  if (dnsName === undefined) return notFound(role, rack.name);
  const zone = canonicalZoneOf(dnsName);
  const why = denied.length === 0 ? 'no AWS credentials were given' : `not allowed: ${denied.join(', ')}`;
  return {
    found: true,
    balancer: {
      role,
      dnsName,
      scheme: /^internal-/i.test(dnsName) ? 'internal' : 'internet-facing',
      ...(zone === undefined ? {} : { canonicalHostedZoneId: zone }),
      ...(rack.outputs?.['Vpc'] === undefined ? {} : { vpcId: rack.outputs['Vpc'] }),
      kind: 'application',
      how: 'rack-outputs',
      crossChecked: false,
      warnings: [`not cross-checked with AWS (${why})`],
    },
  };
}

function notFound(role: RackBalancerRole, rackName: string): BalancerAnswer {
  const error = new MigrationError('BALANCER_NOT_FOUND', `rack ${rackName}: no ${role} balancer found`, {
    hint: "Neither the rack's stack nor its outputs, tags or names lead to one. Check the rack's name and `convox rack params`.",
    details: { rack: rackName, role },
  });
  return { found: false, role, error };
}

function roleError(problem: 'internal-disabled' | 'public-disabled', rackName: string): MigrationError {
  return problem === 'internal-disabled'
    ? new MigrationError(
        'RACK_INTERNAL_DISABLED',
        `rack ${rackName} has no internal balancer (parameter Internal is not Yes)`,
        {
          hint: 'Set it with `convox rack params set Internal=Yes`, or let `gen2 prepare` do it.',
          details: { rack: rackName },
        },
      )
    : new MigrationError(
        'RACK_PUBLIC_DISABLED',
        `rack ${rackName} has no public balancer (parameter InternalOnly is Yes)`,
        {
          hint: 'Public services need another rack, or InternalOnly=No.',
          details: { rack: rackName },
        },
      );
}

function rackBusy(rackName: string, status: string): MigrationError {
  return new MigrationError('RACK_STACK_STATE', `rack ${rackName} is being changed (${status})`, {
    hint: 'Wait until the rack is running again: a balancer may be replaced by the change.',
    retryable: true,
    details: { rack: rackName, status },
  });
}
