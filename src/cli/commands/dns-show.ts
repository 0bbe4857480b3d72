import { EXIT_CODES } from '../../errors.ts';
import { readAppRecords } from '../app-records.ts';
import { appArgument } from '../arguments.ts';
import type { Invocation } from '../command.ts';
import { OPTIONS } from '../options/options.ts';
import { columns } from '../output/style.ts';
import { openConnection } from '../open-connection.ts';

/** Shows every record in every zone that leads to an app's own balancers. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const app = appArgument(invocation);
  const connection = await openConnection(invocation, { readOnly: true }, shell.signal);
  try {
    const { records, balancers } = await readAppRecords(connection.ports, app, shell.signal);
    if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify({ app, records, balancers })}\n`);
    else if (records.length === 0) shell.stdout.write(`no record in Route 53 leads to a balancer of ${app}\n`);
    else {
      const rows = records.map(({ name, type, view, zoneName, service, says }) => [
        ...[name, type, service, `${view} zone ${zoneName}`, says],
      ]);
      shell.stdout.write(`${columns(rows).join('\n')}\n`);
    }
    return EXIT_CODES.ok;
  } finally {
    connection.close();
  }
}
