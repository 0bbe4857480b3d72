import { isBalanced } from './convert-runtime.ts';
import { DraftMap } from './draft.ts';
import { isAgent } from './gen1-types.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** Labels about draining, deployment, stickiness, idle time and names, and the books of all other labels. */
export function convertLabels(work: Workspace, plan: ServicePlan): void {
  convertDrain(work, plan);
  convertDeployment(work, plan);
  convertSticky(work, plan);
  convertIdleTimeout(work, plan);
  convertBalancerName(work, plan);
  markOthers(work, plan);
}

const GEN1_DRAIN_SECONDS = 60;

function convertDrain(work: Workspace, plan: ServicePlan): void {
  const { source, fields } = plan;
  const label = source.labels.get('convox.draining.timeout');
  if (!isBalanced(plan)) {
    if (label !== undefined) work.mark(label.at, 'dropped', 'no balancer');
    return;
  }
  const seconds = label === undefined ? GEN1_DRAIN_SECONDS : Number(label.value);
  if (work.has('drain')) {
    fields.set('drain', seconds);
    if (label !== undefined) work.mark(label.at, 'mapped', 'drain');
    return;
  }
  if (label !== undefined) work.mark(label.at, seconds === 30 ? 'mapped' : 'impossible', 'fixed at 30 s on this rack');
  if (seconds === 30) return;
  work.say(label === undefined ? 'info' : 'change', 'drain', {
    service: source.name,
    at: label?.at ?? source.at,
    message: `Connections of ${source.name} were drained for ${seconds} s; rack ${work.rack.version} gives 30 s.`,
    hint: 'Requests that take longer are cut at a deployment. Later racks (20181115134335) can be told.',
  });
}

function convertDeployment(work: Workspace, plan: ServicePlan): void {
  const { source, fields } = plan;
  const minimumLabel = source.labels.get('convox.deployment.minimum');
  const maximumLabel = source.labels.get('convox.deployment.maximum');
  const labels = [minimumLabel, maximumLabel].filter((label) => label !== undefined);
  const [first] = labels;
  if (first === undefined) return;
  const minimum = Number(minimumLabel?.value ?? '50');
  const maximum = Number(maximumLabel?.value ?? '200');
  const mark = (disposition: 'mapped' | 'changed' | 'impossible' | 'decision', note: string): void =>
    labels.forEach((label) => work.mark(label.at, disposition, note));
  const isDefault = minimum === 50 && maximum === 200 && !isAgent(source);
  if (isDefault || work.has('deployment')) {
    mark('mapped', 'deployment');
    if (!isDefault) fields.set('deployment', new DraftMap().set('minimum', minimum).set('maximum', maximum));
    return;
  }
  if (maximum !== 100) {
    mark('impossible', 'fixed at 50 and 200 on this rack');
    work.say('change', 'deployment', {
      service: source.name,
      at: first.at,
      message: `${source.name} was deployed with ${minimum} to ${maximum} percent of its tasks; rack ${work.rack.version} always does 50 to 200.`,
      hint: 'Later racks (20200402141528) can be told.',
    });
    return;
  }
  // 100 percent is how programs that must not run twice are declared.
  const chosen = work.settle({
    id: `${source.name}.deployment`,
    service: source.name,
    at: first.at,
    code: 'deployment',
    question: `May two tasks of ${source.name} run side by side during a deployment? singleton: no, it may be down for a moment.`,
    options: work.has('singleton') ? ['side-by-side', 'singleton'] : ['side-by-side'],
    message: `${source.name} never ran more tasks than its count; rack ${work.rack.version} runs up to twice as many during a deployment.`,
    hint: 'Racks from 20180620190730 have singleton, from 20200402141528 deployment.maximum.',
  });
  if (chosen === 'singleton') fields.set('singleton', true, `Decided: ${source.name}.deployment = singleton.`);
  mark(chosen === undefined ? 'decision' : 'changed', 'deployment');
}

/** Classic ELBs of generation 1 are not sticky: their cookie policy is attached to no listener. */
function convertSticky(work: Workspace, plan: ServicePlan): void {
  if (!isBalanced(plan)) return;
  const { source, fields } = plan;
  if (work.has('sticky')) {
    fields.set('sticky', false);
    return;
  }
  work.say('change', 'sticky', {
    service: source.name,
    at: source.at,
    message: `Rack ${work.rack.version} always binds a client of ${source.name} to one task by a cookie; generation 1 did not.`,
    hint: 'Racks from 20180618124906 can be told not to.',
  });
}

function convertIdleTimeout(work: Workspace, plan: ServicePlan): void {
  const label = plan.source.labels.get('convox.idle.timeout');
  if (label === undefined) return;
  if (!isBalanced(plan)) {
    work.mark(label.at, 'dropped', 'no balancer');
    return;
  }
  const isDefault = Number(label.value) === 3600;
  work.mark(label.at, isDefault ? 'mapped' : 'impossible', 'the rack has one idle timeout for all');
  if (isDefault) return;
  work.say('change', 'idle-timeout', {
    service: plan.source.name,
    at: label.at,
    message: `The idle timeout of ${plan.source.name} was ${label.value} s; the shared balancer has the rack's, 3600 s.`,
    hint: 'Clients or the program itself must close idle connections.',
  });
}

/** Read by racks from 20180406232320 on. */
function convertBalancerName(work: Workspace, { source }: ServicePlan): void {
  const label = source.labels.get('convox.balancer.name');
  if (label === undefined) return;
  if (!work.sourceHas('balancerName')) {
    work.mark(label.at, 'dropped', 'this rack does not read it');
    return;
  }
  work.mark(label.at, 'impossible', 'the balancer is shared');
  work.say('change', 'balancer-name', {
    service: source.name,
    at: label.at,
    message: `The balancer of ${source.name} had a name of its own; the shared one cannot be named.`,
    hint: 'Look for what finds the balancer by its name (dashboards, alarms, scripts).',
  });
}

const HANDLED =
  /^convox\.(?:agent|daemon|balancer|balancer\.name|cron\..+|deployment\.(?:minimum|maximum)|draining\.timeout|environment\.secure|health\.(?:path|port|timeout|interval|threshold\.(?:healthy|unhealthy))|idle\.timeout)$/;

/** Port labels, `convox.start.shift`, and labels no rack reads. */
function markOthers(work: Workspace, plan: ServicePlan): void {
  const { source } = plan;
  for (const [name, { value, at }] of source.labels) {
    const [, balancer, kind] = /^convox\.port\.(\d+)\.(protocol|secure|proxy)$/.exec(name) ?? [];
    if (balancer !== undefined && kind !== undefined) {
      const isPort = source.ports.some((port) => port.protocol === 'tcp' && port.balancer === Number(balancer));
      const hasEffect = kind === 'protocol' ? ['http', 'https', 'tcp', 'tls'].includes(value) : value === 'true';
      if (!isPort || !hasEffect || !isBalancedBefore(plan)) work.mark(at, 'dropped', 'it had no effect');
      else if (kind === 'protocol') work.mark(at, value.startsWith('http') ? 'mapped' : 'changed', 'an HTTP balancer');
      else if (kind === 'secure') work.mark(at, 'mapped', 'scheme https, if this port is the one served');
    } else if (name === 'convox.start.shift') {
      work.mark(at, 'dropped', 'local runs only');
    } else if (!HANDLED.test(name)) {
      work.mark(at, 'dropped', 'no rack reads this label');
    }
  }
}

function isBalancedBefore({ source }: ServicePlan): boolean {
  return source.labels.get('convox.balancer')?.value !== 'false';
}
