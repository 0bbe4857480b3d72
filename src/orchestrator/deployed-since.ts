/** Whether somebody has deployed to one of the two apps since the migration began: what runs there now would be lost. */
import { MigrationError } from '../errors.ts';
import type { StepContext } from './step.ts';
import { buildTemporaryApp, builtRelease } from './steps/temporary-app.ts';

/** The rack's own answers may be a few seconds old. */
const LOOK_TIMEOUT_MS = 30_000;

interface Expected {
  readonly app: string;
  readonly build: string;
  /** What state things are in. */
  readonly instead: string;
  /** What to do about another one. */
  readonly hint: string;
}

/**
 * The temporary app was made of what the old one ran at first, and the final one is made of what was tested in the
 * temporary one: both must still run that.
 *
 * @throws {MigrationError} `INVARIANT` with the app and its build.
 */
export async function assertNotDeployedSince(
  context: StepContext,
  instead: 'no record is moved' | 'nothing is deleted',
  signal: AbortSignal,
): Promise<void> {
  const { facts, ports } = context;
  const { app, temporaryApp, old } = facts;
  if (old.release !== '') {
    const { build } = await ports.rack.releases.get(app, old.release, signal);
    const hint = `Promote release ${old.release} of ${app} again, then \`gen2 resume ${app}\`; or \`gen2 abort ${app}\` and begin again with the source that ${app} runs now.`;
    await assertRuns(context, { app, build, instead, hint }, signal);
  }
  const tested = builtRelease(context, buildTemporaryApp.id);
  const hint = `Promote release ${tested.release} of ${temporaryApp} again, then \`gen2 resume ${app}\`; or \`gen2 abort ${app}\` and begin again with the source that is wanted.`;
  await assertRuns(context, { app: temporaryApp, build: tested.build, instead, hint }, signal);
}

async function assertRuns(
  context: StepContext,
  { app, build, instead, hint }: Expected,
  signal: AbortSignal,
): Promise<void> {
  const { rack } = context.ports;
  let running = '';
  await context
    .wait(
      async () => {
        const release = (await rack.apps.find(app, signal))?.release ?? '';
        running = release === '' ? '' : (await rack.releases.get(app, release, signal)).build;
        return running === build
          ? { state: 'ready', value: undefined }
          : { state: 'pending', saw: running === '' ? 'no release' : `build ${running}` };
      },
      { what: `${app} to run build ${build}`, timeoutMs: LOOK_TIMEOUT_MS },
      signal,
    )
    .catch((error: unknown) => {
      if (!MigrationError.is(error, 'TIMED_OUT')) throw error;
      throw new MigrationError(
        'INVARIANT',
        `${instead}: ${app} was deployed since this migration began: it runs ${running === '' ? 'no release' : `build ${running}`}, not ${build}, and what it runs would be lost`,
        { hint, details: { app, running, expected: build }, cause: error },
      );
    });
}
