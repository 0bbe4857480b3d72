import { DraftMap } from './draft.ts';
import { isAgent } from './gen1-types.ts';
import type { Gen1Port } from './gen1-types.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** Agents, their host ports, UDP and ports without a balancer: what generation 1 published on each instance. */
export function convertHostPorts(work: Workspace, plan: ServicePlan, ports: readonly Gen1Port[]): void {
  const { source, fields } = plan;
  if (!isAgent(source)) {
    for (const port of ports) settleLostPort(work, plan, port);
    return;
  }
  for (const name of ['convox.agent', 'convox.daemon']) {
    const label = source.labels.get(name);
    if (label === undefined) continue;
    work.mark(label.at, 'mapped', 'agent');
    if (label.value === 'false') {
      work.say('info', 'agent', {
        service: source.name,
        at: label.at,
        message: `${source.name} is an agent although ${name} is false: the presence of the label counts, and it stays one.`,
        hint: 'Remove the label if one task an instance is not meant.',
      });
    }
  }
  if (!work.has('agent')) {
    work.say('blocker', 'agent', {
      service: source.name,
      at: source.at,
      message: `Rack ${work.rack.version} has no agents; ${source.name} would run as one ordinary task.`,
      hint: 'Update the rack to 20171206030124 or later.',
    });
  }
  const kept = ports.flatMap((port) => agentPort(work, plan, port));
  fields.set('agent', kept.length === 0 ? true : new DraftMap().set('enabled', true).set('ports', kept));
}

/** `8125/udp` for a port an agent can publish. */
function agentPort(work: Workspace, { source }: ServicePlan, port: Gen1Port): readonly string[] {
  const { balancer, container, protocol, at } = port;
  if (!work.has('agentPorts')) {
    const chosen = work.settle({
      id: `${source.name}.port.${balancer}`,
      service: source.name,
      at,
      code: 'agent-ports',
      question: `Rack ${work.rack.version} publishes no host ports of agents. Drop port ${balancer} of ${source.name}?`,
      options: ['drop'],
      message: `Host port ${balancer}/${protocol} of the agent ${source.name} is not published by rack ${work.rack.version}.`,
      hint: 'Update the rack to 20190302180422 or later.',
    });
    work.mark(at, chosen === undefined ? 'decision' : 'impossible', 'no host ports on this rack');
    return [];
  }
  const hadBalancer = protocol === 'tcp' && source.labels.get('convox.balancer')?.value !== 'false';
  if (balancer === container && !hadBalancer) {
    work.mark(at, 'mapped', 'agent.ports');
    return [`${container}/${protocol}`];
  }
  const chosen = work.settle({
    id: `${source.name}.port.${balancer}`,
    service: source.name,
    at,
    code: 'agent-ports',
    question: `Publish container port ${container} of the agent ${source.name} as host port ${container}?`,
    options: ['host', 'drop'],
    message: hadBalancer
      ? `Port ${balancer} of the agent ${source.name} had a balancer; agents of generation 2 have host ports only.`
      : `Host port ${balancer} of the agent ${source.name} led to container port ${container}; in generation 2 they are the same number.`,
    hint: `Make the container listen on ${balancer}, or callers use ${container}.`,
  });
  work.mark(at, chosen === undefined ? 'decision' : chosen === 'host' ? 'changed' : 'impossible', 'agent port');
  return chosen === 'host' ? [`${container}/${protocol}`] : [];
}

function settleLostPort(work: Workspace, { source }: ServicePlan, port: Gen1Port): void {
  const { balancer, protocol, at } = port;
  const isUdp = protocol === 'udp';
  const chosen = work.settle({
    id: `${source.name}.port.${balancer}${isUdp ? '.udp' : ''}`,
    service: source.name,
    at,
    code: isUdp ? 'udp' : 'balancer-disabled',
    question: `Host port ${balancer}/${protocol} of ${source.name} cannot be published. Drop it?`,
    options: ['drop'],
    message: `Generation 2 does not publish host port ${balancer}/${protocol} of ${source.name}: only agents have host ports.`,
    hint: isUdp
      ? 'Make it an agent (one task an instance), or use TCP.'
      : 'Give the service a balancer, or make it an agent.',
  });
  work.mark(at, chosen === undefined ? 'decision' : 'impossible', 'no host ports');
}
