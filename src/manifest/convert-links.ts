import type { Place } from './finding.ts';
import { hasBalancer, variablePrefix } from './gen1-types.ts';
import type { Located } from './gen1-types.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** `links`: to services that speak HTTP, to resources, or to nothing any more. */
export function convertLinks(work: Workspace, plan: ServicePlan): void {
  const links: string[] = [];
  const resources: string[] = [];
  for (const link of plan.source.links) {
    const target = work.plan(link.value);
    if (target === undefined) continue;
    if (target.fate === 'resource') {
      resources.push(target.name);
      linkResource(work, plan, link, target);
    } else if (target.fate === 'left-out') {
      work.mark(link.at, 'changed', `${link.value} is left out`);
      reportLeftOut(work, plan, link);
    } else if (target.isReachable && linkService(work, plan, link, target)) {
      links.push(target.name);
    } else if (!target.isReachable) {
      linkNothing(work, plan, link);
    }
  }
  if (links.length > 0) plan.fields.set('links', [...new Set(links)]);
  if (resources.length > 0) plan.fields.set('resources', [...new Set(resources)]);
}

const LOST = ['HOST', 'PORT', 'SCHEME', 'PATH', 'USERNAME', 'PASSWORD'] as const;

function lostVariables(work: Workspace, prefix: string, kept: readonly string[]): readonly string[] {
  return LOST.filter((suffix) => !kept.includes(suffix))
    .map((suffix) => `${prefix}_${suffix}`)
    .filter((name) => work.envNames?.has(name) !== true);
}

/** True if the link can be written. */
function linkService(work: Workspace, plan: ServicePlan, link: Located<string>, target: ServicePlan): boolean {
  const { source } = plan;
  const { at } = link;
  const prefix = variablePrefix(link.value);
  if (!work.has('links')) {
    work.say('blocker', 'feature-missing', {
      service: source.name,
      at,
      message: `Rack ${work.rack.version} knows no links.`,
      hint: 'Update the rack to 20171130011815 or later.',
    });
    work.mark(at, 'decision', 'no links on this rack');
    return false;
  }
  work.mark(at, 'changed', 'only the URL, https and a new host');
  if (!work.envNames?.has(`${prefix}_URL`)) {
    work.say('change', 'link-url-changed', {
      service: source.name,
      at,
      message: `${prefix}_URL in ${source.name} changes to https:// and a new host name on port 443${target.isInternal ? ', inside the VPC' : ''}.`,
      hint: 'The client must speak https, follow the URL as it is, and send its host name as Host.',
    });
  }
  const lost = lostVariables(work, prefix, []);
  if (lost.length > 0) {
    const message = `${source.name} no longer gets ${lost.join(', ')}.`;
    work.say('change', 'link-vars-lost', { service: source.name, at, message, hint: `Take them from ${prefix}_URL.` });
  }
  if (target.name.includes('-') && !work.has('dashesInVariables') && !work.envNames?.has(`${prefix}_URL`)) {
    const chosen = work.settle({
      id: `${source.name}.link.${link.value}`,
      service: source.name,
      at,
      code: 'link-vars-lost',
      question: `Will ${prefix}_URL be set in the app environment, or does ${source.name} not read it?`,
      options: ['in-app-env', 'not-read'],
      message: `Rack ${work.rack.version} calls the link variable ${target.name.toUpperCase()}_URL, with the dash, not ${prefix}_URL.`,
      hint: `Set ${prefix}_URL in the app environment, or update the rack to 20210201145337 or later.`,
    });
    if (chosen === 'in-app-env') promise(work, plan, `${prefix}_URL`);
    if (chosen === undefined) work.mark(at, 'decision', 'the variable has another name');
  }
  return true;
}

function linkResource(work: Workspace, { source }: ServicePlan, link: Located<string>, target: ServicePlan): void {
  const prefix = variablePrefix(link.value);
  const hasParts = work.has('resourceUserPass');
  work.mark(link.at, 'changed', `resource ${target.name}`);
  sayResourceUrl(work, source.name, { at: link.at, prefix, hasParts });
  const lost = lostVariables(work, prefix, hasParts ? ['HOST', 'PORT'] : []);
  if (lost.length === 0) return;
  work.say('change', 'link-vars-lost', {
    service: source.name,
    at: link.at,
    message: `${source.name} no longer gets ${lost.join(', ')} of ${link.value}.`,
    hint: hasParts
      ? `Use ${prefix}_URL, or ${prefix}_USER, ${prefix}_PASS and ${prefix}_NAME.`
      : `Use ${prefix}_URL; the resource gives nothing else on this rack.`,
  });
}

/** The variables that stay, with the values of the new resource. */
function sayResourceUrl(
  work: Workspace,
  service: string,
  { at, prefix, hasParts }: { at: Place; prefix: string; hasParts: boolean },
): void {
  const kept = (hasParts ? ['URL', 'HOST', 'PORT'] : ['URL'])
    .map((suffix) => `${prefix}_${suffix}`)
    .filter((name) => work.envNames?.has(name) !== true);
  if (kept.length === 0) return;
  work.say('change', 'link-url-changed', {
    service,
    at,
    message: `${kept.join(', ')} in ${service} ${kept.length === 1 ? 'is' : 'are'} now of the new resource.`,
    hint: 'Follow the URL as it is: user, password, database and host are new.',
  });
}

function reportLeftOut(work: Workspace, plan: ServicePlan, link: Located<string>): void {
  const { source } = plan;
  const prefix = variablePrefix(link.value);
  const hasUrl = work.envNames?.has(`${prefix}_URL`) === true || work.promisedVariables.has(`${prefix}_URL`);
  if (hasUrl) promise(work, plan, `${prefix}_URL`);
  const lost = lostVariables(work, prefix, []);
  work.say('change', 'link-vars-lost', {
    service: source.name,
    at: link.at,
    message: `${link.value} is left out; ${source.name} no longer gets ${(hasUrl ? lost : [`${prefix}_URL`, ...lost]).join(', ')}${hasUrl ? `, and takes ${prefix}_URL from the app environment` : ''}.`,
    hint: hasUrl ? `Use ${prefix}_URL.` : `Set ${prefix}_URL in the app environment if ${source.name} needs it.`,
  });
}

/** A target without an HTTP port; without a balancer it gave no variables in generation 1 either. */
function linkNothing(work: Workspace, plan: ServicePlan, link: Located<string>): void {
  const { source } = plan;
  const target = work.plan(link.value);
  if (target !== undefined && !hasBalancer(target.source)) {
    work.mark(link.at, 'dropped', 'a service without a balancer gives no variables');
    return;
  }
  const prefix = variablePrefix(link.value);
  const lost = [`${prefix}_URL`, ...lostVariables(work, prefix, [])];
  const chosen = work.settle({
    id: `${source.name}.link.${link.value}`,
    service: source.name,
    at: link.at,
    code: 'link-no-http',
    question: `${link.value} cannot be linked. Does ${source.name} do without ${prefix}_URL, or will it be in the app environment?`,
    options: ['drop', 'in-app-env'],
    message: `${source.name} links to ${link.value}, which has no HTTP port that generation 2 could link to: it no longer gets ${lost.join(', ')}.`,
    hint: `Set ${prefix}_URL in the app environment, or remove the link.`,
  });
  if (chosen === 'in-app-env') promise(work, plan, `${prefix}_URL`);
  work.mark(link.at, chosen === undefined ? 'decision' : 'impossible', 'no HTTP port to link to');
}

/** Notes that the operator puts a variable into the app environment, which must then be delivered. */
function promise(work: Workspace, plan: ServicePlan, name: string): void {
  work.promisedVariables.add(name);
  plan.promisedVariables.add(name);
}

/** Circles of links, which generation 2 accepts; said once. */
export function reportCircularLinks(work: Workspace): void {
  const linkedBy = new Map<string, string[]>();
  const openLinks = new Map<string, number>();
  for (const { name, links } of work.manifest.services) {
    openLinks.set(name, links.length);
    for (const { value } of links) append(linkedBy, value, name);
  }
  // Takes away services without open links until only circles, and what links into them, remain.
  const done = [...openLinks].filter(([, open]) => open === 0).map(([name]) => name);
  for (let name = done.pop(); name !== undefined; name = done.pop()) {
    openLinks.delete(name);
    for (const from of linkedBy.get(name) ?? []) {
      const open = (openLinks.get(from) ?? 0) - 1;
      openLinks.set(from, open);
      if (open === 0) done.push(from);
    }
  }
  const first = work.plans.find(({ source }) => openLinks.has(source.name));
  if (first === undefined) return;
  work.say('info', 'link-circular', {
    service: first.source.name,
    at: first.source.links[0]?.at,
    message: `Links go in a circle among ${[...openLinks.keys()].slice(0, 20).join(', ')}. Generation 2 accepts it.`,
    hint: 'Nothing to do.',
  });
}

function append(lists: Map<string, string[]>, key: string, item: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
