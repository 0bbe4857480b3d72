import { EXIT_CODES, MigrationError } from '../../errors.ts';
import { orderStage } from '../../orchestrator/order-stage.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { openEngine } from '../state.ts';

/** Has an execution that moves in stages go to one of them now. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, args } = invocation;
  const app = appArgument(invocation);
  const percent = percentOf(args[1]);
  const view = await orderStage(openEngine(invocation), { rack: options.get(OPTIONS.rack), app }, percent);
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ execution: view.id, percent })}\n`);
  else {
    const next = view.holder === undefined ? `; nobody works on it now: \`gen2 resume ${app}\` goes on` : '';
    shell.stdout.write(`${app}: goes to ${percent} % next${next}\n`);
  }
  return EXIT_CODES.ok;
}

function percentOf(text: string | undefined): number {
  const percent = Number(/^\d{1,3}(?=%?$)/.exec(text ?? '')?.[0] ?? NaN);
  if (percent >= 1 && percent <= 100) return percent;
  throw new MigrationError('USAGE', `${JSON.stringify(text ?? '')} is not a share in percent`, {
    hint: 'Give one of the stages of the migration: `gen2 stage <app> 50`.',
  });
}
