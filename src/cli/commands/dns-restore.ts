import { resolve } from 'node:path';
import { EXIT_CODES } from '../../errors.ts';
import { askYes } from '../ask-yes.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { readRecordFile } from '../record-file.ts';
import { waitForSync } from '../wait-for-sync.ts';
import { openConnection } from '../open-connection.ts';

/** Puts records back from the file alone. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, args } = invocation;
  const { signal } = shell;
  const batches = await readRecordFile(resolve(shell.cwd, args[0] ?? ''));
  const zones = [...new Set(batches.map(({ zoneName }) => zoneName))];
  const records = batches.reduce((sum, { before }) => sum + before.length, 0);
  if (!(await askYes(invocation, `Put back ${records} records in ${zones.join(', ')}?`))) return EXIT_CODES.ok;
  const connection = await openConnection(invocation, { readOnly: false }, signal);
  try {
    const { ports } = connection;
    const changeIds = await ports.aws.restoreBatches(batches, signal);
    await waitForSync(ports, changeIds, signal);
    if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ zones, records, changeIds })}\n`);
    else shell.stdout.write(changeIds.length === 0 ? 'they were as before already\n' : 'put back\n');
    return EXIT_CODES.ok;
  } finally {
    connection.close();
  }
}
