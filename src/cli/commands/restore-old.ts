import { join } from 'node:path';
import { exportReader } from '../../connect/folders.ts';
import { EXIT_CODES, MigrationError } from '../../errors.ts';
import { LocalEngine } from '../../orchestrator/engines/local/local-engine.ts';
import {
  readOldAppExport,
  readOldEnvironment,
  type EnvironmentSource,
  type OldAppExport,
} from '../../orchestrator/old-app/read-export.ts';
import { planRestore, restoreOldApp, type Restored } from '../../orchestrator/old-app/restore.ts';
import type { Ports } from '../../orchestrator/ports.ts';
import { appArgument } from '../arguments.ts';
import { askYes } from '../ask-yes.ts';
import type { Invocation } from '../command.ts';
import { findIdentityFile } from '../export-keys.ts';
import { findExportFolder } from '../export-folder.ts';
import { OPTIONS } from '../options/options.ts';
import { chooseView } from '../output/choose-view.ts';
import { restorePlanText, restoredText } from '../output/restore-text.ts';
import { writeRecordFile } from '../record-file.ts';
import { clockOf, findSandbox } from '../sandbox-access.ts';
import { openEngine } from '../state.ts';
import { openConnection } from '../open-connection.ts';

/** Brings an old app back from its export, and says which records would lead users to it. */
export async function run(invocation: Invocation): Promise<number> {
  const { shell, options, style } = invocation;
  const { signal } = shell;
  const app = appArgument(invocation);
  const as = options.get(OPTIONS.as);
  const connection = await openConnection(invocation, { readOnly: false }, signal);
  try {
    const { ports } = connection;
    const folder = findExportFolder(invocation, { app, rack: await rackName(ports, signal) });
    const exported = await readOldAppExport(exportReader(folder), signal);
    if (as === undefined) await assertNoMigration(invocation, app);
    const source = await sourceOf(invocation);
    const environment = await readOldEnvironment({ rack: ports.rack, exported, source }, signal);
    invocation.secrets.addEnvironment(environment);
    const request = { ports, exported, environment, as, engine: engineFor(invocation, exported) };
    const plan = await planRestore(request, signal);
    if (!options.has(OPTIONS.quiet)) shell.stderr.write(restorePlanText(plan, exported, style));
    const isLeft = plan.steps.some(({ state }) => state === 'todo');
    if (isLeft && !(await askYes(invocation, `Create ${plan.app}?`))) return EXIT_CODES.ok;

    const view = chooseView(invocation, ports.clock);
    const restored = await restoreOldApp({ ...request, listener: (event) => view.show(event) }, signal)
      .catch((error: unknown) => {
        throw goesOn(error, invocation);
      })
      .finally(() => view.close());
    const file = await writeRecords(exported, restored, ports);
    if (options.has(OPTIONS.json))
      shell.stdout.write(
        `${JSON.stringify({ ...restored, records: restored.records.changes, recordFile: file ?? null })}\n`,
      );
    else shell.stdout.write(restoredText(restored, file));
    return EXIT_CODES.ok;
  } finally {
    connection.close();
  }
}

async function rackName({ rack }: Ports, signal: AbortSignal): Promise<string> {
  return (await rack.system.get(signal)).name;
}

/** Under its own name it would be in the way of a migration that is about to create the final app. */
async function assertNoMigration(invocation: Invocation, app: string): Promise<void> {
  const [newest] = await openEngine(invocation).list({ rack: invocation.options.get(OPTIONS.rack), app });
  if (newest === undefined || newest.outcome !== undefined) return;
  throw new MigrationError('EXECUTION_STATE', `${app}: the migration ${newest.id} is not over and needs the name`, {
    hint: `Go on with it (\`gen2 resume ${app}\`), or give the old app another name with \`--as ${app}-old\`.`,
    details: { execution: newest.id },
  });
}

async function sourceOf(invocation: Invocation): Promise<EnvironmentSource | undefined> {
  const app = invocation.options.get(OPTIONS.envFrom);
  if (app !== undefined) return { app };
  const identityFile = await findIdentityFile(invocation);
  return identityFile === undefined ? undefined : { identityFile };
}

/** What is done is written down beside the export, whatever keeps the migrations. */
function engineFor({ shell, options }: Invocation, { location }: OldAppExport): LocalEngine {
  return new LocalEngine({
    state: join(location, '..', 'restore'),
    clock: clockOf(findSandbox({ shell, options })),
    process: { pid: shell.pid, exists: (pid) => shell.processExists(pid) },
  });
}

async function writeRecords({ location }: OldAppExport, { records, app }: Restored, { clock }: Ports) {
  if (records.batches.length === 0) return undefined;
  // A file for each look: an older one may hold what stood there before.
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]|\..*/g, '');
  const file = join(location, '..', 'restore', `${app}-records-${stamp}.json`);
  await writeRecordFile(file, records.batches);
  return file;
}

function goesOn(error: unknown, { args }: Invocation): unknown {
  if (!MigrationError.is(error, 'STOPPED')) return error;
  return new MigrationError('STOPPED', error.message, {
    hint: `Nothing is half done. The same command goes on with ${args[0] ?? 'it'} where it stopped.`,
    cause: error.cause,
  });
}
