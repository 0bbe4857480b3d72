/** Environment, builds and promotions: what several steps do to an app, and how each is known to have worked. */
import { MigrationError } from '../errors.ts';
import { DEFAULT_INTERVAL_MS, growingPace, type Observation } from '../time/wait.ts';
import type { AppFacts, EnvironmentMap, StackFacts } from './ports.ts';
import { currentTry, failTry } from './attempts.ts';
import { confirmEnvironment } from './confirm-environment.ts';
import { sameEnvironment } from './environments.ts';
import type { StepContext } from './step.ts';

const MINUTE = 60_000;
/** CloudFormation gives an ECS service about 3 h to become stable (convox/rack@20171213132441 provider/aws/releases.go). */
const PROMOTE_TIMEOUT_MS = 190 * MINUTE;
const BUILD_TIMEOUT_MS = 90 * MINUTE;
/** New tasks must be pulled, begin to listen and answer their checks; those they take the place of must drain then. */
const PROMOTE_PACE = {
  first: growingPace({ firstMs: 25_000, everyMs: 2_000 }),
  later: growingPace({ firstMs: 50_000, everyMs: 2_000 }),
};
/** What racks say to internal services until their API knows of the balancer (convox/rack provider/aws/releases.go). */
const STALE_REFUSAL = 'rack does not support internal services';
const STALE_REFUSAL_TIMEOUT_MS = 2 * MINUTE;
/** The end of its log tells that a build is over; this is for a log that cannot be followed. */
const BUILD_PACE = growingPace({ firstMs: 30_000, everyMs: 15_000 });
/** A stack that runs for minutes is asked for certificates it waits for only at each n-th look. */
const CERTIFICATE_LOOKS = { foreseen: 4, unforeseen: 20 };

export function stackName(rack: string, app: string): string {
  return `${rack}-${app}`;
}

/** Sets an environment unless the newest release has it already; gives the release that holds it. */
export async function setEnvironment(
  context: StepContext,
  app: string,
  env: EnvironmentMap,
  signal: AbortSignal,
): Promise<string> {
  const { rack } = context.ports;
  const [newest] = await rack.releases.list(app, { limit: 1 }, signal);
  if (newest !== undefined && sameEnvironment(await rack.environment.get(app, signal), env)) return newest.id;
  const { releaseId } = await rack.environment.set(app, env, signal);
  return releaseId;
}

/**
 * Sets an environment and reads it back.
 *
 * @throws {MigrationError} `ENVIRONMENT_MISMATCH` with the names that differ; the next run of the step sets it anew.
 */
export async function putEnvironment(
  context: StepContext,
  { app, env, hint }: { readonly app: string; readonly env: EnvironmentMap; readonly hint: string },
  signal: AbortSignal,
): Promise<void> {
  const thisTry = currentTry(context, 'set');
  await context.once(thisTry, () => setEnvironment(context, app, env, signal));
  try {
    await confirmEnvironment(context, { app, wanted: env, hint }, signal);
  } catch (error) {
    if (MigrationError.is(error, 'ENVIRONMENT_MISMATCH')) await failTry(context, thisTry, error);
    throw error;
  }
}

/**
 * Gets a build made, by `start` unless that was done before, and waits for its release. A build that failed is not
 * taken up again: the next run of the step starts another one.
 */
export async function build(
  context: StepContext,
  { app, start }: { readonly app: string; readonly start: () => Promise<string> },
  signal: AbortSignal,
): Promise<{ readonly build: string; readonly release: string }> {
  const thisTry = currentTry(context, 'start');
  const id = await context.once(thisTry, start);
  try {
    return { build: id, release: await waitForBuild(context, { app, build: id }, signal) };
  } catch (error) {
    if (MigrationError.is(error, 'BUILD_FAILED')) return await failTry(context, thisTry, error);
    throw error;
  }
}

/** Waits for a build and gives its release; its log is passed on line by line, and its end is looked at at once. */
async function waitForBuild(
  context: StepContext,
  { app, build }: { app: string; build: string },
  signal: AbortSignal,
): Promise<string> {
  const { rack } = context.ports;
  const stopLogs = new AbortController();
  const logSignal = AbortSignal.any([signal, stopLogs.signal]);
  let lastLine = '';
  const following = (async () => {
    for await (const line of rack.builds.logs(app, build, logSignal)) {
      lastLine = line.trimEnd();
      context.log(lastLine);
    }
  })().catch(() => undefined); // the log is for people; the build's status decides
  let isLogOver = false;
  const logEnd = following.then(() => (isLogOver = true));
  const pace = (elapsedMs: number): number => (isLogOver ? DEFAULT_INTERVAL_MS : BUILD_PACE(elapsedMs));
  try {
    return await context.wait(
      async () => {
        const found = await rack.builds.get(app, build, signal);
        if (found.status === 'complete' && found.release !== '') return { state: 'ready', value: found.release };
        if (found.status === 'failed')
          return { state: 'failed', error: buildFailed(app, build, found.reason || lastLine) };
        return { state: 'pending', saw: lastLine === '' ? found.status : lastLine };
      },
      { what: `build ${build} of ${app}`, timeoutMs: BUILD_TIMEOUT_MS, intervalMs: pace, sign: logEnd },
      signal,
    );
  } finally {
    stopLogs.abort();
    await following;
  }
}

/**
 * Promotes a release and waits until the stack says that it runs. The rack's own word is read from the same stack, up to
 * 5 s late, and is `running` also after a rollback (convox/rack provider/aws/helpers.go `humanStatus`).
 */
export async function promote(
  context: StepContext,
  { app, release, stackArn }: { app: string; release: string; stackArn: string },
  signal: AbortSignal,
): Promise<void> {
  const { rack, aws, clock } = context.ports;
  const thisTry = currentTry(context, 'promote');
  const before = await context.once(`before-${thisTry}`, async () => ({
    changedAt: (await getStack(context, stackArn, signal)).changedAt ?? null,
    at: clock.now(),
  }));
  // Journals of earlier versions have `true` here.
  const { replaces } = await context.once<{ readonly replaces?: string }>(thisTry, async () => {
    const settled = await context.wait(
      async () => settledApp(await rack.apps.find(app, signal)),
      { what: `app ${app} to settle`, timeoutMs: PROMOTE_TIMEOUT_MS },
      signal,
    );
    if (settled.release !== release) await requestPromotion(context, { app, release }, signal);
    return { replaces: settled.release };
  });
  let looks = 0;
  const mails = context.facts.certificates.flatMap((certificate) =>
    certificate.way === 'mail' ? certificate.mails : [],
  );
  const lookEvery = mails.length > 0 ? CERTIFICATE_LOOKS.foreseen : CERTIFICATE_LOOKS.unforeseen;
  const asked = new Set<string>();
  const failure = await context.wait<Error | undefined>(
    async () => {
      const stack = await getStack(context, stackArn, signal);
      const isNew = (stack.changedAt ?? null) !== before.changedAt;
      if (stack.status === 'UPDATE_COMPLETE' && releaseOf(stack) === release)
        return { state: 'ready', value: undefined };
      if (isNew && /^UPDATE_ROLLBACK_(COMPLETE|FAILED)$/.test(stack.status)) {
        const cause = await aws.firstCause(stackArn, before.at, signal);
        return { state: 'ready', value: promoteFailed(app, release, stack.status, cause) };
      }
      looks += 1;
      const areAllAsked = mails.length > 0 && asked.size >= mails.length;
      if (!areAllAsked && looks % lookEvery === 0) await tellAboutMail(context, stackArn, asked, signal);
      return { state: 'pending', saw: asked.size === 0 ? stack.status : `${stack.status}, ${[...asked].join('; ')}` };
    },
    {
      what: `release ${release} of ${app} to run`,
      timeoutMs: context.settings.certificateTimeoutMs ?? PROMOTE_TIMEOUT_MS * 4,
      intervalMs: replaces === '' ? PROMOTE_PACE.first : PROMOTE_PACE.later,
    },
    signal,
  );
  if (failure !== undefined) await failTry(context, thisTry, failure);
}

/** Asks for it; right after the rack got its internal balancer, some of its API processes do not know yet. */
function requestPromotion(
  context: StepContext,
  { app, release }: { readonly app: string; readonly release: string },
  signal: AbortSignal,
): Promise<void> {
  return context.wait(
    async () => {
      try {
        await context.ports.rack.releases.promote(app, release, {}, signal);
        return { state: 'ready', value: undefined };
      } catch (error) {
        if (!MigrationError.is(error) || !error.message.includes(STALE_REFUSAL)) throw error;
        return { state: 'pending', saw: error.message };
      }
    },
    {
      what: `rack to accept the promotion of ${release}`,
      timeoutMs: STALE_REFUSAL_TIMEOUT_MS,
      isTransient: () => false, // a promotion of which nobody knows whether it landed is not asked for twice
    },
    signal,
  );
}

/** Generation 2 keeps the release in an output, which changes when an update ends; generation 1 in a parameter. */
function releaseOf({ outputs, parameters }: StackFacts): string | undefined {
  return outputs['Release'] ?? parameters['Release'];
}

/** Tells once about each mail that somebody must answer before the stack can go on. */
async function tellAboutMail(
  context: StepContext,
  stackArn: string,
  asked: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  for (const certificate of await context.ports.aws.pendingCertificates(stackArn, signal)) {
    for (const { domain, status, method, mailboxes } of certificate.validations) {
      const what = `certificate for ${domain}: approve the mail sent to ${mailboxes.join(', ')}`;
      if (status !== 'PENDING_VALIDATION' || method !== 'EMAIL' || asked.has(what)) continue;
      asked.add(what);
      context.askPerson(what);
    }
  }
}

async function getStack(context: StepContext, stackArn: string, signal: AbortSignal): Promise<StackFacts> {
  const stack = await context.ports.aws.findStack(stackArn, signal);
  if (stack !== undefined) return stack;
  throw new MigrationError('AWS_NOT_FOUND', `stack ${stackArn} does not exist`, {
    hint: 'The app was deleted by somebody else. See `gen2 status`.',
  });
}

function settledApp(app: AppFacts | undefined): Observation<AppFacts> {
  if (app === undefined) return { state: 'pending', saw: 'not listed' };
  return app.status === 'running' ? { state: 'ready', value: app } : { state: 'pending', saw: app.status };
}

function buildFailed(app: string, build: string, why: string): MigrationError {
  return new MigrationError('BUILD_FAILED', `build ${build} of ${app} failed: ${why === '' ? 'see its log' : why}`, {
    hint: 'Mend the source, then `gen2 abort` and begin again; or `gen2 resume` to build once more.',
    details: { app, build },
  });
}

function promoteFailed(app: string, release: string, status: string, cause: string | undefined): MigrationError {
  return new MigrationError(
    'PROMOTE_FAILED',
    `release ${release} of ${app} was rolled back (${status}): ${cause ?? 'no cause in its events'}`,
    {
      hint: 'The app runs its previous release. Mend the cause, then `gen2 resume` to try again or `gen2 abort`.',
      details: { app, release, status },
    },
  );
}
