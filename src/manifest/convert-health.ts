import { DraftMap } from './draft.ts';
import type { Gen1Service } from './gen1-types.ts';
import { checkedPort } from './port-views.ts';
import { healthCodes } from './rack-features.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** Generation 1 waits 3 s and asks every timeout + 2 s; generation 2, unless told, waits 4 s and asks every 5 s. */
const GEN1_TIMEOUT_SECONDS = 3;
const MIN_TIMEOUT_SECONDS = 2;
const MIN_INTERVAL_SECONDS = 5;

/** The `convox.health.*` labels of a service with a port; the same labels elsewhere never had an effect. */
export function convertHealth(work: Workspace, plan: ServicePlan): void {
  const { source, fields } = plan;
  const labels = [...source.labels].filter(([name]) => name.startsWith('convox.health.'));
  if (plan.port === undefined) {
    for (const [, { at }] of labels)
      work.mark(at, plan.fields.has('nlb') ? 'impossible' : 'dropped', 'no HTTP port to check');
    return;
  }
  const path = choosePath(work, source);
  const numbers = chooseNumbers(work, source);
  const grace = chooseGrace(work, source);
  reportThresholds(work, source);
  reportPort(work, plan);
  if (numbers === undefined && grace === undefined) {
    fields.set('health', path.value, path.comment);
    return;
  }
  const health = new DraftMap().set('path', path.value, path.comment);
  if (numbers !== undefined) health.set('interval', numbers.interval).set('timeout', numbers.timeout);
  if (grace !== undefined) health.set('grace', grace, `Decided: ${source.name}.grace = ${grace}.`);
  fields.set('health', health);
}

function choosePath(
  work: Workspace,
  source: Gen1Service,
): { readonly value: string; readonly comment: string | undefined } {
  const label = source.labels.get('convox.health.path');
  if (label !== undefined && label.value !== '') {
    work.mark(label.at, 'mapped', 'health path');
    return { value: label.value, comment: undefined };
  }
  if (label !== undefined) work.mark(label.at, 'dropped', 'it is empty');
  const id = `${source.name}.health`;
  const chosen = work.settle({
    id,
    service: source.name,
    at: source.ports[0]?.at ?? source.at,
    code: 'health-default',
    question: `Which path of ${source.name} answers a plain GET with ${healthCodes(work.rack.version)}?`,
    accepts: (answer) => /^\/[\x21-\x7e]*$/.test(answer) && !answer.includes('${'),
    fallback: '/',
    message: `${source.name} had a TCP check; generation 2 asks GET of a path and wants ${healthCodes(work.rack.version)}.`,
    hint: 'Name a path that answers without login, redirect or database.',
  });
  const isAnswered = work.decisions.find(id)?.isAnswered === true;
  return { value: chosen ?? '/', comment: isAnswered ? `Decided: ${id}.` : 'Assumed: no health path was declared.' };
}

/** Interval and timeout in seconds, within what AWS accepts; undefined if no label set either. */
function chooseNumbers(
  work: Workspace,
  source: Gen1Service,
): { readonly interval: number; readonly timeout: number } | undefined {
  const timeoutLabel = source.labels.get('convox.health.timeout');
  const intervalLabel = source.labels.get('convox.health.interval');
  const label = timeoutLabel ?? intervalLabel;
  if (label === undefined) return undefined;
  const gen1Timeout = timeoutLabel === undefined ? GEN1_TIMEOUT_SECONDS : Number(timeoutLabel.value);
  const gen1Interval = intervalLabel === undefined ? gen1Timeout + 2 : Number(intervalLabel.value);
  const timeout = Math.max(MIN_TIMEOUT_SECONDS, gen1Timeout);
  const interval = Math.max(MIN_INTERVAL_SECONDS, gen1Interval, timeout + 1);
  const isAdjusted = timeout !== gen1Timeout || interval !== gen1Interval;
  if (timeoutLabel !== undefined)
    work.mark(timeoutLabel.at, timeout === gen1Timeout ? 'mapped' : 'changed', 'health timeout');
  if (intervalLabel !== undefined)
    work.mark(intervalLabel.at, interval === gen1Interval ? 'mapped' : 'changed', 'health interval');
  if (isAdjusted) {
    work.say('change', 'health-interval-adjusted', {
      service: source.name,
      at: label.at,
      message: `The health check of ${source.name} was every ${gen1Interval} s with a timeout of ${gen1Timeout} s; AWS target groups want at least 5 and 2, and the interval above the timeout: ${interval} and ${timeout}.`,
      hint: 'Nothing to do, unless the numbers do not suit.',
    });
  }
  return { interval, timeout };
}

/** Generation 1 had no grace either, but a TCP port opens earlier than a path answers. Asked for, not asked about. */
function chooseGrace(work: Workspace, source: Gen1Service): number | undefined {
  const answer = work.decisions.volunteered({
    id: `${source.name}.grace`,
    service: source.name,
    at: source.at,
    question: `How many seconds does ${source.name} need to start?`,
    accepts: (text) => /^[1-9]\d{0,3}$/.test(text),
  });
  if (answer === undefined) return undefined;
  if (work.has('healthGrace')) return Number(answer);
  work.say('choice', 'health-grace', {
    service: source.name,
    at: source.at,
    message: `Rack ${work.rack.version} knows no health grace; ${source.name} must answer within two checks of its start.`,
    hint: 'Raise the health interval, or update the rack to 20180124232007 or later.',
  });
  return undefined;
}

function reportThresholds(work: Workspace, source: Gen1Service): void {
  for (const kind of ['healthy', 'unhealthy'] as const) {
    const label = source.labels.get(`convox.health.threshold.${kind}`);
    if (label === undefined) continue;
    const isDefault = Number(label.value) === 2;
    work.mark(label.at, isDefault ? 'mapped' : 'impossible', 'thresholds are fixed at 2');
    if (isDefault) continue;
    work.say('change', 'health-threshold', {
      service: source.name,
      at: label.at,
      message: `The ${kind} threshold of ${source.name} was ${label.value} checks; generation 2 has 2, which cannot be changed.`,
      hint: kind === 'unhealthy' ? 'A longer health interval gives a slow service the same time.' : 'Nothing to do.',
    });
  }
}

function reportPort(work: Workspace, { source, port }: ServicePlan): void {
  const label = source.labels.get('convox.health.port');
  const isSame = checkedPort(source) === port;
  if (label !== undefined)
    work.mark(label.at, isSame ? 'mapped' : 'changed', 'the health check goes to the service port');
  if (isSame) return;
  work.say('choice', 'health-port', {
    service: source.name,
    at: label?.at ?? source.ports[0]?.at,
    message: `The health check of ${source.name} went to container port ${String(checkedPort(source))}; generation 2 asks the service port ${String(port)}.`,
    hint: `Check that port ${String(port)} answers the health path.`,
  });
}
