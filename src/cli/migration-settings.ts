import { resolve } from 'node:path';
import type { MigrationSettings } from '../orchestrator/plan.ts';
import { readAnswersFile } from './answers-file.ts';
import { appArgument } from './arguments.ts';
import type { Invocation } from './command.ts';
import { readTls, tlsNotice } from './credentials.ts';
import { findExportKeys } from './export-keys.ts';
import { given } from './given.ts';
import { OPTIONS } from './options/options.ts';

/** What the options of `plan`, `prepare` and `migrate` ask for. @throws {MigrationError} `USAGE`, `ANSWERS_INVALID`. */
export async function readSettings(invocation: Invocation): Promise<MigrationSettings> {
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
    ...given('healthCodes', options.get(OPTIONS.healthCodes)),
    ...given('answers', (await readAnswersFile(invocation, folder)).text),
    ...given('exportKeys', await findExportKeys(invocation)),
    ...given('domains', options.get(OPTIONS.domain)),
    ...given('certificateTimeoutMs', options.get(OPTIONS.certificateTimeout)),
    ...given('tlsNotice', tlsNotice(readTls(invocation))),
  };
}
