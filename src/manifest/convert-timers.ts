import { isUnsafeCommand, wasMangledCron } from './commands.ts';
import { DraftMap, replaceReferences } from './draft.ts';
import type { Gen1Cron } from './gen1-types.ts';
import { findScheduleProblem } from './schedules.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** `convox.cron.NAME` labels become timers, whose names are unique in the app. */
export function convertTimers(work: Workspace): void {
  const count = new Map<string, number>();
  const kept = work.plans.filter((plan) => plan.fate === 'service');
  for (const { source } of kept) for (const { name } of source.crons) count.set(name, (count.get(name) ?? 0) + 1);
  for (const plan of kept) {
    let isFirst = true;
    for (const cron of plan.source.crons) {
      const name = chooseName(work, plan, cron, count);
      if (addTimer(work, plan, cron, name) && isFirst) {
        reportMissingLinks(work, plan, cron);
        isFirst = false;
      }
    }
  }
}

function chooseName(
  work: Workspace,
  plan: ServicePlan,
  { name, at }: Gen1Cron,
  count: ReadonlyMap<string, number>,
): string {
  if (count.get(name) === 1) return name;
  let renamed = `${plan.name}-${name}`;
  while (count.has(renamed) || work.timers.has(renamed)) renamed = `${renamed}-2`;
  work.say('change', 'timer-renamed', {
    service: plan.source.name,
    at,
    message: `Several services have a timer ${name}, and timers are unique in the app: this one becomes ${renamed}.`,
    hint: 'Look for alarms and scripts that know it by its name.',
  });
  return renamed;
}

function addTimer(work: Workspace, plan: ServicePlan, cron: Gen1Cron, name: string): boolean {
  const { at, schedule, words } = cron;
  const service = plan.source.name;
  const problem =
    words < 6 ? `it has ${words} words, and needs five schedule fields and a command` : findScheduleProblem(schedule);
  if (problem !== undefined) {
    work.mark(at, 'decision', 'broken');
    work.say('blocker', 'timer-schedule-invalid', {
      service,
      at,
      message: `The timer ${cron.name} of ${service} is broken: ${problem}.`,
      hint: 'It cannot have run like this. Repair the label, or remove it.',
    });
    return false;
  }
  const command = chooseCommand(work, plan, cron);
  const isMapped = name === cron.name && command === cron.command;
  if (command !== undefined) work.mark(at, isMapped ? 'mapped' : 'changed', `timer ${name}`);
  const timer = new DraftMap()
    .set('command', command ?? cron.command)
    .set('schedule', schedule)
    .set('service', plan.name);
  work.timers.set(name, timer, command === cron.command ? undefined : `Decided: ${service}.timer.${cron.name}.`);
  return true;
}

function chooseCommand(work: Workspace, plan: ServicePlan, { name, command, at }: Gen1Cron): string | undefined {
  const service = plan.source.name;
  const read = replaceReferences(command, () => '');
  if (work.has('plainCommands')) {
    if (wasMangledCron(read)) {
      work.say('change', 'command-unmangled', {
        service,
        at,
        message: `Generation 1 ran the timer ${name} with its &, < and > as HTML entities, so it did not do what it says; generation 2 runs it as it is written.`,
        hint: 'Check that it may do now what it says.',
      });
    }
    return command;
  }
  if (!isUnsafeCommand(read)) return command;
  const chosen = work.settle({
    id: `${service}.timer.${name}`,
    service,
    at,
    code: 'command-unsafe-on-rack',
    question: `What command, without & < > + quotes and backslashes, does the timer ${name} run?`,
    accepts: (answer) => answer.trim() !== '' && !isUnsafeCommand(answer) && !answer.includes('${'),
    message: `Rack ${work.rack.version} changes &, <, >, +, quotes and backslashes in timer commands: ${name} would run something else.`,
    hint: 'Move the command into a script in the image, or update the rack to 20180228170419 or later.',
  });
  if (chosen === undefined) work.mark(at, 'decision', 'the rack would mangle it');
  return chosen;
}

/** Link and resource variables reach timers from 20180813175821 on. */
function reportMissingLinks(work: Workspace, plan: ServicePlan, { at }: Gen1Cron): void {
  if (work.has('timerLinks') || (!plan.fields.has('links') && !plan.fields.has('resources'))) return;
  work.say('choice', 'timer-env-missing', {
    service: plan.source.name,
    at,
    message: `Timers get no link and resource variables on rack ${work.rack.version}; those of ${plan.source.name} got them before.`,
    hint: 'Set the URLs the commands need in the app environment, or update the rack to 20180813175821 or later.',
  });
}
