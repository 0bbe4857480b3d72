/** Each safeguard turned off, in a world in which it is needed: with it nothing is lost, without it something is. */
import { gen2ProcedureOf } from '../../src/cli/rehearsal/gen2-procedure.ts';
import { PROCEDURE } from '../../src/orchestrator/migration.ts';
import type { Stage } from '../../src/orchestrator/step.ts';
import { runOnce, type RunFigures, type RunOptions } from './one-run.ts';
import { SAFEGUARDS, type Safeguard } from './safeguards.ts';
import { describeRun } from './totals.ts';

export interface WithoutOptions {
  /** The name of a safeguard, or `all`. */
  readonly which: string;
  readonly rate: number;
  readonly scale: number;
  readonly say: (text: string) => void;
}

interface Row {
  readonly safeguard: Safeguard;
  readonly kept: RunFigures;
  readonly off: RunFigures;
}

/** Prints a table; true if every safeguard shown is needed and enough. */
export async function runWithout({ which, rate, scale, say }: WithoutOptions, signal: AbortSignal): Promise<boolean> {
  const chosen = SAFEGUARDS.filter(({ name }) => which === 'all' || name === which);
  if (chosen.length === 0) {
    say(`no safeguard is called ${which}; there are: ${SAFEGUARDS.map(({ name }) => name).join(', ')}`);
    return false;
  }
  const rows: Row[] = [];
  for (const safeguard of chosen) {
    const kept = await run(safeguard, PROCEDURE, { rate, scale }, signal);
    say(describeRun('with', kept));
    const off = await run(safeguard, safeguard.without(PROCEDURE), { rate, scale }, signal);
    say(describeRun('without', off));
    rows.push({ safeguard, kept, off });
  }
  say('\nfailed requests         with  without  in a world in which');
  for (const { safeguard, kept, off } of rows) {
    const { name, world } = safeguard;
    say(`${name.padEnd(22)}${String(kept.failed).padStart(6)}${String(off.failed).padStart(9)}  ${world}`);
  }
  return rows.every(({ kept, off }) => kept.failed === 0 && off.failed > 0);
}

function run(
  { rackVersion, arrange, onEvent, traffic, pace }: Safeguard,
  stages: readonly Stage[],
  usualPace: Pick<WithoutOptions, 'rate' | 'scale'>,
  signal: AbortSignal,
): Promise<RunFigures> {
  const options: RunOptions = {
    procedure: gen2ProcedureOf(stages),
    ...{ rackVersion, seed: 1, ...(pace ?? usualPace) },
    ...(arrange === undefined ? {} : { arrange }),
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(traffic === undefined ? {} : { traffic }),
  };
  return runOnce(options, signal);
}
