import { isUnsafeCommand, shellQuote, wasMangledWord } from './commands.ts';
import { replaceReferences } from './draft.ts';
import type { ServicePlan, Workspace } from './workspace.ts';

/** `command`: text runs with `sh -c` in both generations; a list is the exec form where the rack can do it. */
export function convertCommand(work: Workspace, plan: ServicePlan): void {
  const { source, fields } = plan;
  if (source.command === undefined) return;
  const { value, at } = source.command;
  if (value.length === 0) {
    work.mark(at, 'dropped', 'it is empty');
    return;
  }
  if (typeof value === 'string') {
    work.mark(at, 'mapped', 'command');
    fields.set('command', value);
    if (!work.has('plainCommands') && isUnsafeCommand(asRead(value))) settleUnsafe(work, plan);
    return;
  }
  if (value.some(wasMangledWord)) {
    work.say('change', 'command-unmangled', {
      service: source.name,
      at,
      message: `Generation 1 passed the &, <, > or quotes in the command list of ${source.name} as HTML entities; generation 2 passes them as they are.`,
      hint: 'Check that the program expects what is written.',
    });
  }
  if (work.has('commandList')) {
    work.mark(at, 'mapped', 'command');
    fields.set('command', value);
    return;
  }
  const command = `exec ${value.map(shellQuote).join(' ')}`;
  fields.set('command', command);
  work.mark(at, 'changed', 'one shell string');
  work.say('change', 'command-list-to-string', {
    service: source.name,
    at,
    message: `Rack ${work.rack.version} takes no command list; ${source.name} runs it with sh -c and exec.`,
    hint: 'The image needs sh, and an ENTRYPOINT of the image now receives "sh -c …".',
  });
  if (!work.has('plainCommands') && isUnsafeCommand(command)) settleUnsafe(work, plan);
}

/** What the rack's template sees, interpolated variables aside. */
function asRead(command: string): string {
  return replaceReferences(command, () => '');
}

function settleUnsafe(work: Workspace, { source, fields }: ServicePlan): void {
  const at = source.command?.at ?? source.at;
  const chosen = work.settle({
    id: `${source.name}.command`,
    service: source.name,
    at,
    code: 'command-unsafe-on-rack',
    question: `What command, without & < > + quotes and backslashes, does ${source.name} run?`,
    accepts: (answer) => answer.trim() !== '' && !isUnsafeCommand(answer) && !answer.includes('${'),
    message: `Rack ${work.rack.version} changes &, <, >, +, quotes and backslashes in commands: ${source.name} would run something else.`,
    hint: 'Move the command into a script in the image, or update the rack to 20180228170419 or later.',
  });
  work.mark(at, chosen === undefined ? 'decision' : 'changed', 'the rack would mangle it');
  if (chosen !== undefined) fields.set('command', chosen, `Decided: ${source.name}.command.`);
}
