import { resolve } from 'node:path';
import { MigrationError } from '../errors.ts';
import type { MigrationSettings } from '../orchestrator/plan.ts';
import { readAnswersFile } from './answers-file.ts';
import { appArgument } from './arguments.ts';
import type { Invocation } from './command.ts';
import { readTls, tlsNotice } from './credentials.ts';
import { findExportKeys } from './export-keys.ts';
import { given } from './given.ts';
import { OPTIONS, PROCEDURE_OPTIONS } from './options/options.ts';
import { readPlanFile } from './plan-file.ts';

/**
 * What the options of `plan`, `prepare` and `migrate` ask for, or the plan given with --plan asked for.
 *
 * @throws {MigrationError} `USAGE`, `ANSWERS_INVALID`, `PLAN_INVALID`, `PLAN_BLOCKED`.
 */
export async function readSettings(invocation: Invocation): Promise<MigrationSettings> {
  const planned = invocation.options.get(OPTIONS.plan);
  return planned === undefined ? readOptions(invocation) : readPlanned(invocation, planned);
}

async function readOptions(invocation: Invocation): Promise<MigrationSettings> {
  const { shell, options } = invocation;
  const app = appArgument(invocation);
  const folder = resolve(shell.cwd, options.get(OPTIONS.source) ?? '.');
  return {
    app,
    sourceFolder: folder,
    ...given('temporaryApp', options.get(OPTIONS.temporaryApp)),
    ...given('finish', options.get(OPTIONS.finish)),
    ...given('updateRackTo', options.get(OPTIONS.updateRack)),
    ...given('stagePercents', options.get(OPTIONS.stages)),
    ...given('bakeMs', options.get(OPTIONS.bake)),
    ...given('maxErrorPercent', options.get(OPTIONS.maxErrorRate)),
    ...given('maxLatencyMs', options.get(OPTIONS.maxLatency)),
    ...given('minHealthyPercent', options.get(OPTIONS.minHealthy)),
    ...given('probePath', options.get(OPTIONS.probePath)),
    ...given('oldTrafficWaitMs', options.get(OPTIONS.oldTrafficWait)),
    ...given('plainHttp', options.get(OPTIONS.plainHttp)),
    ...given('healthCodes', options.get(OPTIONS.healthCodes)),
    ...given('answers', (await readAnswersFile(invocation, folder)).text),
    ...given('exportKeys', await findExportKeys(invocation)),
    ...given('domains', options.get(OPTIONS.domain)),
    ...given('prices', options.get(OPTIONS.price)),
    ...given('certificateTimeoutMs', options.get(OPTIONS.certificateTimeout)),
    ...given('tlsNotice', tlsNotice(readTls(invocation))),
  };
}

/** A plan was agreed to with its options: only where the source is may be another place here. */
async function readPlanned(invocation: Invocation, file: string): Promise<MigrationSettings> {
  const { shell, options } = invocation;
  const app = appArgument(invocation);
  const others = PROCEDURE_OPTIONS.filter((name) => name !== 'source' && options.isGiven(OPTIONS[name]));
  if (others.length > 0) {
    const flags = others.map((name) => OPTIONS[name].flags.split(' ')[0]).join(', ');
    throw new MigrationError('USAGE', `${flags}: is fixed by the plan`, {
      hint: 'Leave it out, or plan again with it.',
    });
  }
  const { settings, approved } = await readPlanFile(resolve(shell.cwd, file));
  if (settings.app !== app) {
    throw new MigrationError('USAGE', `${file} is a plan for ${settings.app}, not for ${app}`, {
      hint: `Name the app it was made for, or plan ${app}.`,
    });
  }
  const source = options.isGiven(OPTIONS.source) ? options.get(OPTIONS.source) : undefined;
  return {
    ...settings,
    approvedPlan: approved,
    ...given('sourceFolder', source === undefined ? undefined : resolve(shell.cwd, source)),
    ...given('tlsNotice', tlsNotice(readTls(invocation))),
  };
}
