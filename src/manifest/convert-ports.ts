import { convertHostPorts } from './convert-host-ports.ts';
import { reportChosenPort } from './convert-port-report.ts';
import { DraftMap } from './draft.ts';
import { isAgent, tcpPorts } from './gen1-types.ts';
import { formatPort, parsePortAnswer, proposePort, toChoice, viewPorts } from './port-views.ts';
import type { PortChoice, PortView } from './port-views.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** `ports` and what belongs to them: one HTTP port a service, internal or public; the rest is said, never guessed. */
export function convertPorts(work: Workspace, plan: ServicePlan): void {
  const { source, fields } = plan;
  const balancerLabel = source.labels.get('convox.balancer');
  const isHostOnly = isAgent(source) || balancerLabel?.value === 'false';
  if (balancerLabel !== undefined) {
    const disables = balancerLabel.value === 'false' && tcpPorts(source).length > 0;
    work.mark(
      balancerLabel.at,
      disables ? 'changed' : 'dropped',
      disables ? 'no port' : 'only "false" has an effect, on TCP ports',
    );
  }
  convertHostPorts(work, plan, isHostOnly ? source.ports : source.ports.filter((port) => port.protocol === 'udp'));
  if (isHostOnly) return;
  const views = viewPorts(work, source);
  const [first] = views;
  if (first === undefined) return;
  decideInternal(work, plan, views);
  const choice = choosePort(work, plan, views);
  if (choice === 'nlb') {
    networkBalancer(work, plan, views);
    return;
  }
  if (choice === 'open' || choice === 'none') {
    for (const { port } of views) work.mark(port.at, choice === 'open' ? 'decision' : 'impossible', 'no HTTP port');
    return;
  }
  plan.port = choice.container;
  plan.isReachable = true;
  const decided = work.decisions.find(`${source.name}.port`);
  fields.set(
    'port',
    choice.scheme === 'https' ? formatPort(choice) : choice.container,
    decided?.isAnswered === true ? `Decided: ${decided.id} = ${decided.chosen ?? ''}.` : undefined,
  );
  if (plan.isInternal) fields.set('internal', true);
  reportChosenPort(work, plan, views, choice);
}

/** One TCP port written as a single number makes the whole classic ELB internal, and so does the app's parameter. */
function decideInternal(work: Workspace, plan: ServicePlan, views: readonly PortView[]): void {
  const { source } = plan;
  const singles = views.filter((view) => !view.port.isPair);
  plan.isInternal = singles.length > 0 || work.parameter('Internal') === 'Yes';
  if (!plan.isInternal) return;
  const at = (singles[0] ?? views[0])?.port.at ?? source.at;
  if (singles.length > 0 && singles.length < views.length) {
    work.say('choice', 'mixed-internal', {
      service: source.name,
      at,
      message: `${source.name} has a single port number beside port pairs: its whole balancer is internal, the pairs too, and stays so.`,
      hint: 'If the pairs were meant to be public, they never were; make a second service for them.',
    });
  }
  if (!work.has('internal')) {
    work.say('blocker', 'internal-needs-rack', {
      service: source.name,
      at,
      message: `${source.name} is internal, and rack ${work.rack.version} would make it public.`,
      hint: 'Update the rack to 20171130011815 or later.',
    });
  } else if (work.rack.internal !== true) {
    work.say('change', 'internal-needs-rack', {
      service: source.name,
      at,
      message: `${source.name} is internal: the rack parameter Internal must be Yes before it is promoted.`,
      hint: 'The migration switches it on; by hand: convox rack params set Internal=Yes.',
    });
  }
}

function choosePort(
  work: Workspace,
  plan: ServicePlan,
  views: readonly PortView[],
): PortChoice | 'nlb' | 'none' | 'open' {
  const candidates = views.filter((view) => view.kind === 'http' || view.kind === 'web');
  const containers = [...new Set(candidates.map((view) => view.port.container))];
  const [only] = containers;
  if (containers.length > 1) return chooseAmong(work, plan, views, candidates);
  if (only !== undefined) return chooseScheme(work, plan, views, only);
  return chooseUnsaid(work, plan, views);
}

/** One container port; the question is left whether the container speaks TLS on it. */
function chooseScheme(
  work: Workspace,
  plan: ServicePlan,
  views: readonly PortView[],
  container: number,
): PortChoice | 'none' | 'open' {
  const { source } = plan;
  const certain = toChoice(container, views);
  const at = views.find((view) => view.port.container === container)?.port.at ?? source.at;
  const options = [String(container), `https:${container}`, 'none'];
  const question = {
    id: `${source.name}.port`,
    service: source.name,
    at,
    question: `Does ${source.name} speak plain HTTP (${container}) or TLS (https:${container}) on its port ${container}?`,
    options,
  };
  if (certain !== undefined) return answered(work.decisions.volunteered(question)) ?? certain;
  return (
    answered(
      work.settle({
        ...question,
        code: 'tls-backend',
        message: `Port 443 of ${source.name} is passed through as TCP: its container may end TLS itself.`,
        hint: `Say whether the container speaks plain HTTP or TLS on ${container}.`,
      }),
    ) ?? 'open'
  );
}

function chooseAmong(
  work: Workspace,
  plan: ServicePlan,
  views: readonly PortView[],
  candidates: readonly PortView[],
): PortChoice | 'none' | 'open' {
  const { source } = plan;
  const proposal = proposePort(source, candidates);
  const containers = [...new Set(views.map((view) => view.port.container))];
  const pairs = candidates.map(({ port }) => `${port.balancer}:${port.container}`).join(', ');
  const chosen = work.settle({
    id: `${source.name}.port`,
    service: source.name,
    at: candidates[0]?.port.at ?? source.at,
    code: 'port-choice',
    question: `Which container port of ${source.name} serves the application?`,
    options: [...containers.flatMap((number) => [String(number), `https:${number}`]), 'none'],
    fallback: proposal === undefined ? undefined : formatPort(proposal),
    message: `${source.name} has several HTTP ports (${pairs}), and generation 2 has one.`,
    hint: 'Take the port of the application, not one that only redirects to https.',
  });
  return answered(chosen) ?? 'open';
}

/** Ports of which nobody says that they speak HTTP. */
function chooseUnsaid(
  work: Workspace,
  plan: ServicePlan,
  views: readonly PortView[],
): PortChoice | 'nlb' | 'none' | 'open' {
  const { source } = plan;
  const unsaid = [...new Set(views.filter((view) => view.kind === 'unsaid').map((view) => view.port.container))];
  const numbers = [...new Set(views.map((view) => view.port.container))];
  const [first] = views;
  const chosen = work.settle({
    id: `${source.name}.port`,
    service: source.name,
    at: first?.port.at ?? source.at,
    code: 'port-not-http',
    question: `Which port of ${source.name} speaks HTTP? none: no port.${work.has('nlb') ? ' nlb: TCP through a network balancer.' : ''}`,
    options: [
      ...numbers.flatMap((number) => [String(number), `https:${number}`]),
      ...(work.has('nlb') ? ['nlb'] : []),
      'none',
    ],
    fallback: unsaid.length === 1 && numbers.length === 1 ? String(unsaid[0]) : undefined,
    message:
      unsaid.length === 0
        ? `${source.name} listens on ${numbers.join(', ')}, known for a protocol that is not HTTP; generation 2 balancers speak only HTTP.`
        : `Nothing says that ${source.name} speaks HTTP on ${numbers.join(', ')}, as generation 2 needs.`,
    hint: 'Try it: curl the port from inside the rack.',
  });
  return chosen === 'nlb' ? 'nlb' : (answered(chosen) ?? 'open');
}

function answered(chosen: string | undefined): PortChoice | 'none' | undefined {
  if (chosen === undefined) return undefined;
  return chosen === 'none' ? 'none' : parsePortAnswer(chosen);
}

function networkBalancer(work: Workspace, plan: ServicePlan, views: readonly PortView[]): void {
  const { source, fields } = plan;
  const scheme = plan.isInternal ? 'internal' : 'public';
  const ports = views.map(({ port }) =>
    new DraftMap()
      .set('port', port.balancer)
      .set('protocol', 'tcp')
      .set('containerPort', port.container)
      .set('scheme', scheme),
  );
  fields.set('nlb', ports, `Decided: ${source.name}.port = nlb.`);
  for (const { port } of views) work.mark(port.at, 'changed', 'network balancer');
  work.say('change', 'nlb-needs-rack', {
    service: source.name,
    at: views[0]?.port.at,
    message: `${source.name} goes through the rack's ${scheme} network balancer, under a new host name.`,
    hint: `The rack parameter ${plan.isInternal ? 'NLBInternal' : 'NLB'} must be Yes.`,
  });
}
