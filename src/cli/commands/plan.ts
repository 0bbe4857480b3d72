import { ERROR_CODES, EXIT_CODES } from '../../errors.ts';
import { planMigration } from '../../orchestrator/migrate.ts';
import type { Invocation } from '../command.ts';
import { readSettings } from '../migration-settings.ts';
import { OPTIONS } from '../options/options.ts';
import { planMarkdown } from '../output/plan-markdown.ts';
import { planText } from '../output/plan-text.ts';
import { openConnection } from '../wiring.ts';
import { writeOutput } from '../write-output.ts';

/** Says what a migration would do; its clients cannot write. Exit code 3 when something keeps it from being done. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, style } = invocation;
  const settings = await readSettings(invocation);
  const connection = await openConnection(invocation, { readOnly: true }, shell.signal);
  try {
    const plan = await planMigration({ ports: connection.ports, settings }, shell.signal);
    const text = options.has(OPTIONS.json)
      ? `${JSON.stringify(plan)}\n`
      : options.has(OPTIONS.markdown)
        ? planMarkdown(plan)
        : planText(plan, { style, width: Math.min(shell.stdout.columns(), 120) });
    await writeOutput(invocation, text);
    const isBlocked = plan.findings.some(({ severity }) => severity === 'blocker');
    return isBlocked ? EXIT_CODES[ERROR_CODES.PLAN_BLOCKED] : EXIT_CODES.ok;
  } finally {
    connection.close();
  }
}
