import { EXIT_CODES, MigrationError } from '../errors.ts';
import type { Phase } from '../orchestrator/events.ts';
import {
  resumeMigration,
  startMigration,
  undoMigration,
  type MigrateRequest,
  type MigrationPhase,
  type MigrationResult,
} from '../orchestrator/migrate.ts';
import { appArgument } from './arguments.ts';
import type { Invocation } from './command.ts';
import { exportsOf } from './export-folder.ts';
import { gatePrompt } from './gate-prompt.ts';
import { leaveToWorkers } from './leave-to-workers.ts';
import { readSettings } from './migration-settings.ts';
import { OPTIONS } from './options/options.ts';
import { chooseView } from './output/choose-view.ts';
import { buildReport } from './report/report.ts';
import { leaveReport } from './report/report-files.ts';
import { reportText, tableWidth } from './report/report-text.ts';
import { clockOf, findSandbox } from './sandbox-access.ts';
import { findDatabaseUrl, newestExecution, openEngine, stateFolder } from './state.ts';
import { openConnection } from './open-connection.ts';

export type MigrationCall =
  | { readonly kind: 'start'; readonly until?: MigrationPhase }
  | { readonly kind: 'resume'; readonly until?: MigrationPhase }
  | { readonly kind: 'undo'; readonly direction: 'rollback' | 'abort' };

/**
 * Runs, resumes or takes back the migration of an app at this terminal, and prints what came of it; with the state in a
 * database, leaves it to the workers.
 */
export async function runMigration(invocation: Invocation, call: MigrationCall): Promise<number> {
  const { shell, options } = invocation;
  const databaseUrl = findDatabaseUrl(invocation);
  if (databaseUrl !== undefined) return leaveToWorkers(invocation, call, databaseUrl);
  const app = appArgument(invocation);
  const settings = call.kind === 'start' ? await readSettings(invocation) : undefined;
  const view = chooseView(invocation, clockOf(findSandbox(invocation)));
  const approver = gatePrompt({ invocation, app, view });
  const engine = openEngine(invocation, approver);
  const connection = await openConnection(invocation, { readOnly: false }, shell.signal);
  let execution: string | undefined;
  const request: MigrateRequest = {
    ports: connection.ports,
    engine,
    listener: (event) => {
      view.show(event);
      const isLeft = event.type === 'gate-opened' && approver === undefined;
      if (isLeft && !options.has(OPTIONS.json)) shell.stderr.write(waitText(invocation, app));
    },
    exportTo: (id) => {
      execution = id;
      return exportsOf(stateFolder(invocation), app, id);
    },
    ...('until' in call ? { until: call.until } : {}),
  };
  const filter = { rack: options.get(OPTIONS.rack), app };
  let result: MigrationResult;
  try {
    switch (call.kind) {
      case 'start':
        result = await startMigration(
          { ...request, settings: settings ?? (await readSettings(invocation)) },
          shell.signal,
        );
        break;
      case 'resume':
        result = await resumeMigration({ ...request, filter }, shell.signal);
        break;
      case 'undo':
        result = await undoMigration({ ...request, filter, direction: call.direction }, shell.signal);
        break;
    }
  } catch (error) {
    throw await explained(error, invocation, app);
  } finally {
    view.close();
    connection.close();
    if (execution !== undefined) await leaveReport(invocation, { engine, execution });
  }
  return printResult(invocation, app, result);
}

/** What to do about a gate that nobody at this terminal is asked about. */
function waitText({ options }: Invocation, app: string): string {
  if (options.get(OPTIONS.onGate) === 'exit') return '';
  return `         waits for \`gen2 approve ${app}\` (or \`--reject\`) from another terminal\n`;
}

async function printResult(invocation: Invocation, app: string, result: MigrationResult): Promise<number> {
  const { shell, options, style } = invocation;
  const report = buildReport(await newestExecution(openEngine(invocation), { rack: options.get(OPTIONS.rack), app }));
  if (options.has(OPTIONS.json)) shell.stdout.write(`${JSON.stringify(report)}\n`);
  else if (!options.has(OPTIONS.quiet)) {
    shell.stdout.write(reportText(report, { style, ...tableWidth(shell.stdout) }));
    if (result.outcome === undefined)
      shell.stdout.write(`\nGo on with \`gen2 ${nextVerb(report.steps.at(-1)?.phase)} ${app}\`.\n`);
  }
  return result.outcome === 'failed' ? EXIT_CODES.failed : EXIT_CODES.ok;
}

function nextVerb(phase: Phase | undefined): string {
  return phase === 'prepare' ? 'cutover' : phase === 'cutover' ? 'commit' : 'resume';
}

/** The library cannot know what the command lines are that lead on from here. */
async function explained(error: unknown, invocation: Invocation, app: string): Promise<unknown> {
  if (!MigrationError.is(error, 'GATE_PENDING', 'STOPPED')) return error;
  const { message, details, cause, retryable, code } = error;
  const [newest] = await openEngine(invocation).list({ rack: invocation.options.get(OPTIONS.rack), app });
  const hint =
    code === 'GATE_PENDING'
      ? `Approve it with \`gen2 approve ${app}\`, then run \`gen2 resume ${app}\`.`
      : newest === undefined || newest.outcome !== undefined
        ? 'Nothing had begun.'
        : `Nothing is half done. Go on with \`gen2 resume ${app}\`; \`gen2 status ${app}\` shows where it stands.`;
  return new MigrationError(code, message, { hint, details, cause, retryable });
}
