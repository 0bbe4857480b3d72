import { join } from 'node:path';
import { DNS_RATE } from '../../aws/clients.ts';
import { exportFolder } from '../../connect/folders.ts';
import { EXIT_CODES, MigrationError } from '../../errors.ts';
import { driveMigration } from '../../orchestrator/engines/dbos/drive-migration.ts';
import { openDbosEngine } from '../../orchestrator/engines/dbos/open-dbos-engine.ts';
import { runWorker, type WorkerEvent, type WorkItem } from '../../orchestrator/engines/dbos/worker.ts';
import type { Invocation } from '../command.ts';
import { heartbeat } from '../heartbeat.ts';
import { OPTIONS } from '../options/options.ts';
import { verbosityOf } from '../output/choose-view.ts';
import { jsonLine } from '../output/json-line.ts';
import { PlainLines, type ProgressView } from '../output/progress-view.ts';
import { findSandbox } from '../sandbox-access.ts';
import { leaveReport } from '../report/report-files.ts';
import { databaseOptions, findDatabaseUrl, stateFolder } from '../state.ts';
import { openConnection } from '../open-connection.ts';

/** Works on the executions of a rack that wait in the database, until it is told to stop. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options } = invocation;
  const databaseUrl = getDatabaseUrl(invocation);
  const engine = await openDbosEngine(databaseOptions(invocation, databaseUrl));
  // The database counts in real time; a sandbox's seconds are shorter.
  const scale = findSandbox(invocation)?.scale ?? 1;
  const dnsLimit = engine.rateLimit({ name: 'route53', ...DNS_RATE, perSecond: DNS_RATE.perSecond * scale });
  const connection = await openConnection(invocation, { readOnly: false, dnsLimit }, shell.signal);
  const { ports } = connection;
  try {
    const { name } = await ports.rack.system.get(shell.signal);
    tell(invocation, { type: 'ready', rack: name });
    await runWorker(
      {
        engine,
        racks: [name],
        perRack: options.get(OPTIONS.perRack) ?? 1,
        drive: async (item, signal) => {
          const view = viewOf(invocation, item);
          const exportTo = (execution: string) =>
            exportFolder(join(stateFolder(invocation), item.rack, item.app, execution, 'export'));
          try {
            return await driveMigration(item, { ports, exportTo, listener: (event) => view.show(event) }, signal);
          } finally {
            await leaveReport(invocation, { engine, execution: item.execution.id });
          }
        },
        onBeat: heartbeat(shell),
        onEvent: (event) => tell(invocation, event),
      },
      shell.signal,
    );
  } finally {
    await engine.close();
    connection.close();
  }
  return EXIT_CODES.ok;
}

function getDatabaseUrl(invocation: Invocation): string {
  const databaseUrl = findDatabaseUrl(invocation);
  if (databaseUrl !== undefined) return databaseUrl;
  throw new MigrationError('USAGE', 'a worker needs a database', {
    hint: 'Set GEN2_STATE=postgres://user:password@host:5432/name, here and where `gen2 migrate` is called.',
  });
}

/** One view an execution, since several can run at once. Each line says which app it is about. */
function viewOf(
  { shell, options, errorStyle: style }: Invocation,
  { rack, app }: WorkItem,
): Pick<ProgressView, 'show'> {
  const { stderr } = shell;
  if (options.has(OPTIONS.json)) {
    return { show: (event) => stderr.write(jsonLine(event, { rack, app })) };
  }
  const output = { ...stderr, write: (text: string) => stderr.write(`${app}: ${text}`) };
  return new PlainLines({ output, style, verbosity: verbosityOf({ options }) });
}

function tell(
  { shell, options }: Invocation,
  event: WorkerEvent | { readonly type: 'ready'; readonly rack: string },
): void {
  if (options.has(OPTIONS.json)) {
    shell.stderr.write(`${JSON.stringify({ type: 'worker', event })}\n`);
    return;
  }
  shell.stderr.write(
    `worker: ${event.type === 'ready' ? `waits for executions on rack ${event.rack}` : textOf(event)}\n`,
  );
}

function textOf({ type, execution, code, message }: WorkerEvent): string {
  const why = code === undefined ? '' : `: [${code}] ${message ?? ''}`;
  return `${execution} ${type.replaceAll('-', ' ')}${why}`;
}
