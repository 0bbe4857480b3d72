import { resolve } from 'node:path';
import { ERROR_CODES, EXIT_CODES } from '../../errors.ts';
import { planMigration } from '../../orchestrator/migrate.ts';
import type { MigrationSettings, Plan } from '../../orchestrator/plan.ts';
import type { Invocation } from '../command.ts';
import { readSettings } from '../migration-settings.ts';
import { OPTIONS } from '../options/options.ts';
import { planMarkdown } from '../output/plan-markdown.ts';
import { planText } from '../output/plan-text.ts';
import { fit } from '../output/style.ts';
import { planFile } from '../plan-file.ts';
import { openConnection } from '../open-connection.ts';
import { clockOf, findSandbox } from '../sandbox-access.ts';
import { writeOutput } from '../write-output.ts';

/** Says what a migration would do; its clients cannot write. Exit code 3 when something keeps it from being done. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell } = invocation;
  const settings = await readSettings(invocation);
  const connection = await openConnection(invocation, { readOnly: true }, shell.signal);
  try {
    const plan = await planMigration({ ports: connection.ports, settings }, shell.signal);
    await write(invocation, plan, settings);
    const isBlocked = plan.findings.some(({ severity }) => severity === 'blocker');
    return isBlocked ? EXIT_CODES[ERROR_CODES.PLAN_BLOCKED] : EXIT_CODES.ok;
  } finally {
    connection.close();
  }
}

/** With --output a plan is kept in the form that `gen2 migrate --plan` reads, and shown as well. */
async function write(invocation: Invocation, plan: Plan, settings: MigrationSettings): Promise<void> {
  const { shell, options, style } = invocation;
  if (options.has(OPTIONS.markdown)) return writeOutput(invocation, planMarkdown(plan));
  const file = options.get(OPTIONS.output);
  if (file !== undefined) {
    const nowMs = clockOf(findSandbox(invocation)).now();
    const saved = planFile(plan, { settings, path: resolve(shell.cwd, file), nowMs });
    await writeOutput(invocation, `${JSON.stringify(saved, undefined, 2)}\n`);
    if (file === '-') return;
  }
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify(plan)}\n`);
  else {
    const width = Math.min(shell.stdout.columns(), 120);
    shell.stdout.write(fit(planText(plan, { style, width, file }), shell.stdout.isTTY ? width : undefined));
  }
}
