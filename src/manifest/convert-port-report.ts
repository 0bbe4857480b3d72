import { formatPort } from './port-views.ts';
import type { PortChoice, PortView } from './port-views.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** Says what the choice of a port means for each listener of the old balancer, and keeps the books of their labels. */
export function reportChosenPort(
  work: Workspace,
  plan: ServicePlan,
  views: readonly PortView[],
  choice: PortChoice,
): void {
  const served = views.filter((view) => view.port.container === choice.container);
  for (const view of views) {
    if (served.includes(view)) reportServed(work, plan, view, choice);
    else reportOther(work, plan, view, choice);
  }
  reportListeners(work, plan, views);
  reportRawTcp(work, plan, served);
  settleProxy(work, plan, served);
}

function isWebPort(view: PortView): boolean {
  return view.port.balancer === 80 || view.port.balancer === 443;
}

function reportServed(work: Workspace, { source, isInternal }: ServicePlan, view: PortView, choice: PortChoice): void {
  const { balancer, isPair, at } = view.port;
  if (isWebPort(view) && (isPair || !isInternal)) {
    work.mark(at, 'mapped', `port ${formatPort(choice)}`);
  } else if (isInternal) {
    work.mark(at, 'changed', `internal, port ${formatPort(choice)}`);
    work.say('change', 'internal-port-changed', {
      service: source.name,
      at,
      message: `Callers of ${source.name} use https:// and port 443 of a new host name instead of port ${balancer} of its own balancer.`,
      hint: work.has('convoxDomain')
        ? `Callers that take the URL from a link follow by themselves; others can use ${source.name}.APP.RACK.convox inside the VPC.`
        : 'Callers that take the URL from a link follow by themselves; look for others.',
    });
  } else {
    work.mark(at, 'changed', `port ${formatPort(choice)} on 80 and 443`);
    work.say('choice', 'public-port-changed', {
      service: source.name,
      at,
      message: `${source.name} is served on 80 and 443; port ${balancer} disappears from its URLs.`,
      hint: `Callers that name port ${balancer} must change.`,
    });
  }
}

/** A listener whose container port was not chosen. On 80 and 443 the chosen one answers now; other ports are lost. */
function reportOther(work: Workspace, { source }: ServicePlan, view: PortView, choice: PortChoice): void {
  const { balancer, container, at } = view.port;
  if (isWebPort(view)) {
    work.mark(at, 'changed', `${balancer} goes to container port ${choice.container}`);
    work.say('change', 'port-dropped', {
      service: source.name,
      at,
      message: `Port ${balancer} of ${source.name} went to container port ${container}; 80 and 443 now both go to ${choice.container}.`,
      hint: work.has('httpsRedirect')
        ? 'Port 80 redirects to 443, unless the app parameter RedirectHttps is No.'
        : 'Check that the chosen port answers plain http requests as wanted.',
    });
    return;
  }
  const chosen = work.settle({
    id: `${source.name}.port.${balancer}`,
    service: source.name,
    at,
    code: 'port-dropped',
    question: `Port ${balancer} of ${source.name} cannot be served. Drop it?`,
    options: ['drop'],
    message: `Port ${balancer} (container ${container}) of ${source.name} has no place: generation 2 has one port a service.`,
    hint: 'Make a second service of the same image with this port.',
  });
  work.mark(at, chosen === undefined ? 'decision' : 'impossible', 'one port a service');
}

function reportListeners(work: Workspace, { source, isInternal }: ServicePlan, views: readonly PortView[]): void {
  const has80 = views.some((view) => view.port.balancer === 80);
  const has443 = views.some((view) => view.port.balancer === 443);
  if (has80 === has443 || isInternal) return;
  const added = has80 ? 443 : 80;
  work.say('info', 'listener-added', {
    service: source.name,
    at: views[0]?.port.at,
    message: `${source.name} was served on ${has80 ? 80 : 443} only; the shared balancer serves ${added} too.`,
    hint: work.has('httpsRedirect')
      ? 'Port 80 redirects to 443 unless the app parameter RedirectHttps is No: callers must accept a 301 and the certificate.'
      : 'Nothing to do, unless the other port must stay closed.',
  });
}

function reportRawTcp(work: Workspace, { source }: ServicePlan, served: readonly PortView[]): void {
  const raw = served.filter((view) => view.protocol !== 'http' && view.protocol !== 'https');
  const [first] = raw;
  if (first === undefined) return;
  work.say('change', 'protocol-tcp-to-http', {
    service: source.name,
    at: first.port.at,
    message: `Port ${raw.map((view) => view.port.balancer).join(' and ')} of ${source.name} was raw TCP or TLS and becomes an HTTP proxy.`,
    hint: 'X-Forwarded-* headers are added, the Host header decides the route, client certificates do not pass.',
  });
}

function settleProxy(work: Workspace, { source }: ServicePlan, served: readonly PortView[]): void {
  const proxied = served.find((view) => view.isProxy);
  if (proxied === undefined) return;
  const label = source.labels.get(`convox.port.${proxied.port.balancer}.proxy`);
  const at = label?.at ?? proxied.port.at;
  const chosen = work.settle({
    id: `${source.name}.proxy`,
    service: source.name,
    at,
    code: 'proxy-protocol',
    question: `Does ${source.name} still work when it receives no PROXY protocol header?`,
    options: ['not-needed'],
    message: `Generation 2 sends no PROXY protocol to ${source.name}.`,
    hint: 'Switch it off in the container (nginx: remove proxy_protocol) and take the client address from X-Forwarded-For.',
  });
  if (label !== undefined) work.mark(at, chosen === undefined ? 'decision' : 'impossible', 'no PROXY protocol');
}
