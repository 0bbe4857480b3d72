import {
  paginateDescribeListenerCertificates,
  paginateDescribeListeners,
  paginateDescribeRules,
  type Action,
  type Listener as SdkListener,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { readBalancerTags } from './application-balancers.ts';
import { askAll, present } from './aws-error.ts';
import type { AwsClients } from './clients.ts';

type Clients = Pick<AwsClients, 'elbv2'>;

export interface Listener {
  readonly arn: string;
  readonly port: number;
  readonly protocol: string;
  readonly defaultAction: RuleAction;
  /** The default certificate of an HTTPS listener. */
  readonly certificateArn?: string;
}

/** What a listener or rule does with a request. */
export type RuleAction =
  | { readonly type: 'forward'; readonly targetGroupArns: readonly string[] }
  | { readonly type: 'redirect'; readonly status: number; readonly protocol?: string; readonly port?: string }
  | { readonly type: 'fixed-response'; readonly status: number; readonly body?: string }
  | { readonly type: 'other'; readonly name: string };

/** The app and service behind a rule, by the tags of its target group. */
export interface RuleOwner {
  /** The stack that made the target group; for newer racks a nested one. */
  readonly stackName?: string;
  readonly app?: string;
  readonly service?: string;
}

export interface ListenerRule {
  readonly arn: string;
  /** 1…50000, lower wins; the default rule is not listed. */
  readonly priority: number;
  /** Host patterns; empty when the rule does not look at the host. */
  readonly hosts: readonly string[];
  readonly action: RuleAction;
  readonly owner?: RuleOwner;
}

/** Reads the listeners of a balancer, by port. */
export async function listListeners(
  { clients, balancerArn }: { readonly clients: Clients; readonly balancerArn: string },
  signal: AbortSignal,
): Promise<readonly Listener[]> {
  const what = 'list the listeners of a balancer';
  const listeners = await askAll(
    what,
    'elasticloadbalancing:DescribeListeners',
    (options) => paginateDescribeListeners({ client: clients.elbv2 }, { LoadBalancerArn: balancerArn }, options),
    (page) => page.Listeners,
    signal,
  );
  return listeners.map((listener) => listenerFacts(listener, what)).toSorted((a, b) => a.port - b.port);
}

/** Reads a listener's rules in the order they are tried; `withOwners` (default false) tells whose they are. */
export async function listListenerRules(
  { clients, listenerArn, withOwners = false }: ListListenerRulesOptions,
  signal: AbortSignal,
): Promise<readonly ListenerRule[]> {
  const what = 'list the rules of a listener';
  const rules = await askAll(
    what,
    'elasticloadbalancing:DescribeRules',
    (options) => paginateDescribeRules({ client: clients.elbv2 }, { ListenerArn: listenerArn }, options),
    (page) => page.Rules,
    signal,
  );
  const read = rules
    .filter((rule) => rule.IsDefault !== true && rule.Priority !== 'default')
    .map((rule) => ruleFacts(rule, what))
    .toSorted((a, b) => a.priority - b.priority);
  return withOwners ? addOwners(clients, read, signal) : read;
}

export interface ListListenerRulesOptions {
  readonly clients: Clients;
  readonly listenerArn: string;
  readonly withOwners?: boolean;
}

export interface ListenerCertificate {
  readonly arn: string;
  /** True for the one used when no other matches the name asked for. */
  readonly isDefault: boolean;
}

/** Reads the certificates of an HTTPS listener: the default one and those chosen by name (SNI). */
export async function listListenerCertificates(
  { clients, listenerArn }: { readonly clients: Clients; readonly listenerArn: string },
  signal: AbortSignal,
): Promise<readonly ListenerCertificate[]> {
  const certificates = await askAll(
    'list the certificates of a listener',
    'elasticloadbalancing:DescribeListenerCertificates',
    (options) => paginateDescribeListenerCertificates({ client: clients.elbv2 }, { ListenerArn: listenerArn }, options),
    (page) => page.Certificates,
    signal,
  );
  return certificates.flatMap(({ CertificateArn: arn, IsDefault: isDefault }) =>
    arn === undefined ? [] : [{ arn, isDefault: isDefault ?? false }],
  );
}

async function addOwners(
  clients: Clients,
  rules: readonly ListenerRule[],
  signal: AbortSignal,
): Promise<readonly ListenerRule[]> {
  const arns = [...new Set(rules.flatMap(({ action }) => (action.type === 'forward' ? action.targetGroupArns : [])))];
  const tags = await readBalancerTags({ clients, arns }, signal);
  return rules.map((rule) => {
    const [arn] = rule.action.type === 'forward' ? rule.action.targetGroupArns : [];
    const found = arn === undefined ? undefined : tags.get(arn);
    return found === undefined ? rule : { ...rule, owner: ownerFromTags(found) };
  });
}

/** Target groups have tags `App` and `Service` since 20180514161114, and nested stacks pass on theirs. */
function ownerFromTags(tags: Readonly<Record<string, string>>): RuleOwner {
  const stackName = tags['aws:cloudformation:stack-name'];
  // In a nested stack `Name` is the service's and `App` the app's; in an app's own stack `Name` is the app's.
  const app = tags['App'] ?? (tags['Type'] === 'app' ? tags['Name'] : undefined);
  const service = tags['Service'] ?? (tags['Type'] === 'service' ? tags['Name'] : undefined);
  return {
    ...(stackName === undefined ? {} : { stackName }),
    ...(app === undefined ? {} : { app }),
    ...(service === undefined ? {} : { service }),
  };
}

function listenerFacts(listener: SdkListener, what: string): Listener {
  const certificateArn = listener.Certificates?.[0]?.CertificateArn;
  return {
    arn: present(listener.ListenerArn, 'ListenerArn', what),
    port: listener.Port ?? 0,
    protocol: listener.Protocol ?? '',
    defaultAction: ruleAction(listener.DefaultActions),
    ...(certificateArn === undefined ? {} : { certificateArn }),
  };
}

function ruleFacts(rule: Rule, what: string): ListenerRule {
  const hosts = (rule.Conditions ?? [])
    .filter((condition) => condition.Field === 'host-header')
    .flatMap((condition) => condition.HostHeaderConfig?.Values ?? condition.Values ?? []);
  return {
    arn: present(rule.RuleArn, 'RuleArn', what),
    priority: Number(rule.Priority),
    hosts,
    action: ruleAction(rule.Actions),
  };
}

function ruleAction(actions: readonly Action[] | undefined): RuleAction {
  const action = actions?.at(-1);
  if (action?.Type === 'forward') {
    const weighted = action.ForwardConfig?.TargetGroups?.flatMap(({ TargetGroupArn: arn }) => (arn ? [arn] : []));
    const targetGroupArns = weighted?.length ? weighted : action.TargetGroupArn ? [action.TargetGroupArn] : [];
    return { type: 'forward', targetGroupArns };
  }
  if (action?.Type === 'redirect') {
    const { StatusCode, Protocol, Port } = action.RedirectConfig ?? {};
    return {
      type: 'redirect',
      status: StatusCode === 'HTTP_302' ? 302 : 301,
      ...(Protocol ? { protocol: Protocol } : {}),
      ...(Port ? { port: Port } : {}),
    };
  }
  if (action?.Type === 'fixed-response') {
    const { StatusCode, MessageBody } = action.FixedResponseConfig ?? {};
    return { type: 'fixed-response', status: Number(StatusCode ?? 0), ...(MessageBody ? { body: MessageBody } : {}) };
  }
  return { type: 'other', name: action?.Type ?? 'none' };
}
