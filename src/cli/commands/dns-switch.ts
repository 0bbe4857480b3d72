import { resolve } from 'node:path';
import { EXIT_CODES, MigrationError } from '../../errors.ts';
import type { SwitchPlan } from '../../orchestrator/ports.ts';
import { planAppSwitch, readAppRecords } from '../app-records.ts';
import { appArgument } from '../arguments.ts';
import { askYes } from '../ask-yes.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { columns } from '../output/style.ts';
import { writeRecordFile } from '../record-file.ts';
import { waitForSync } from '../wait-for-sync.ts';
import { openConnection } from '../open-connection.ts';

/** Leads an app's records to the rack's balancers; the records as they were are on disk before that. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const { signal } = shell;
  const app = appArgument(invocation);
  const connection = await openConnection(invocation, { readOnly: false }, signal);
  const { ports } = connection;
  try {
    const found = await readAppRecords(ports, app, signal);
    const plan = await planAppSwitch({ ports, found, to: options.get(OPTIONS.to) }, signal);
    const batches = plan.stages.flat();
    shell.stderr.write(describe(plan));
    assertAllCanMove(plan);
    if (batches.length === 0) {
      shell.stderr.write('nothing to change\n');
      return EXIT_CODES.ok;
    }
    const file = resolve(shell.cwd, options.get(OPTIONS.record) ?? `${app}-records.json`);
    if (!(await askYes(invocation, 'Change these records?'))) return EXIT_CODES.ok;
    await writeRecordFile(file, batches);
    const changeIds: string[] = [];
    for (const batch of batches) {
      const { changeId } = await ports.aws.applyBatch(batch, signal);
      if (changeId !== undefined) changeIds.push(changeId);
    }
    await waitForSync(ports, changeIds, signal);
    if (options.has(OPTIONS.json))
      shell.stdout.write(`${JSON.stringify({ changes: plan.changes, marks: plan.marks, file })}\n`);
    else shell.stdout.write(`changed; \`gen2 dns restore ${file}\` puts them back\n`);
    return EXIT_CODES.ok;
  } finally {
    connection.close();
  }
}

function describe({ changes, notices, marks }: SwitchPlan): string {
  const rows = changes.map(({ name, type, before, after }) => [name, type, `${before} → ${after}`]);
  const warnings = [...notices, ...marks.map(({ says }) => says)];
  return [...columns(rows), ...warnings.map((text) => `! ${text}`)].map((line) => `${line}\n`).join('');
}

function assertAllCanMove({ refused }: SwitchPlan): void {
  if (refused.length === 0) return;
  const reasons = refused.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new MigrationError('DNS_RECORD_UNSUPPORTED', `not every record can be moved: ${reasons}`, {
    hint: 'Change these records to a form that can be moved, or move them by hand. Nothing was changed.',
  });
}
