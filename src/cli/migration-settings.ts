import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MigrationError } from '../errors.ts';
import type { MigrationSettings } from '../orchestrator/plan.ts';
import { appArgument } from './arguments.ts';
import type { Invocation } from './command.ts';
import { readTls, tlsNotice } from './credentials.ts';
import { given } from './given.ts';
import { OPTIONS } from './options/options.ts';

/** What the options of `plan`, `prepare` and `migrate` ask for. @throws {MigrationError} `USAGE`, `ANSWERS_INVALID`. */
export async function readSettings(invocation: Invocation): Promise<MigrationSettings> {
  const { shell, options } = invocation;
  return {
    app: appArgument(invocation),
    sourceFolder: resolve(shell.cwd, options.get(OPTIONS.source) ?? '.'),
    ...given('temporaryApp', options.get(OPTIONS.temporaryApp)),
    ...given('finish', options.get(OPTIONS.finish)),
    ...given('updateRackTo', options.get(OPTIONS.updateRack)),
    ...given('stagePercents', options.get(OPTIONS.stages)),
    ...given('bakeMs', options.get(OPTIONS.bake)),
    ...given('healthCodes', options.get(OPTIONS.healthCodes)),
    ...given('answers', await readAnswers(invocation)),
    ...given('certificateTimeoutMs', options.get(OPTIONS.certificateTimeout)),
    ...given('tlsNotice', tlsNotice(readTls(invocation))),
  };
}

/** Text of the file named by --answers. */
export async function readAnswers({
  shell,
  options,
}: Pick<Invocation, 'shell' | 'options'>): Promise<string | undefined> {
  const file = options.get(OPTIONS.answers);
  if (file === undefined) return undefined;
  const path = resolve(shell.cwd, file);
  return readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new MigrationError('ANSWERS_INVALID', `${path}: the answers file cannot be read (${code})`, {
      hint: '`gen2 convert` tells which questions there are; the file has one line a question.',
    });
  });
}
