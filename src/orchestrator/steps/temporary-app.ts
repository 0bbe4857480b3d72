import { MigrationError } from '../../errors.ts';
import { build, promote, putEnvironment, stackName } from '../app-changes.ts';
import { createApp, deleteApp } from '../app-lifecycle.ts';
import { domainVariables, fingerprint, withDomains } from '../environments.ts';
import { assertNamesAreBack } from '../invariants.ts';
import { keepPlainHttp, keepsHttpSays } from '../plain-http.ts';
import { toDo, type Step, type StepContext } from '../step.ts';

const MINUTE = 60_000;

/** Creates the temporary app beside the old one. Its name was found free when the migration was planned. */
export const createTemporaryApp: Step = {
  id: 'create-temporary-app',
  phase: 'prepare',
  title: 'Create the temporary app',
  expectedMs: MINUTE,
  plan: ({ facts }) => toDo(`create generation 2 app ${facts.temporaryApp} beside ${facts.app}${keepsHttpSays(facts)}`),
  async run(context, signal) {
    const { temporaryApp } = context.facts;
    const stackArn = await createApp(context, { app: temporaryApp, generation: '2' }, signal);
    await context.once('stack', () => Promise.resolve(stackArn));
    await keepPlainHttp(context, temporaryApp, signal);
    return `app ${temporaryApp} created`;
  },
  // To settle takes up to an hour, to be deleted another.
  undoLimitMs: 130 * MINUTE,
  async undo(context, signal) {
    const { temporaryApp, rack } = context.facts;
    const recorded = context.recorded('stack');
    // Killed before the stack's ARN was written: it was free when planned, so a stack of that name is ours.
    const found = await context.ports.aws.findStack(stackName(rack.name, temporaryApp), signal);
    const stackArn = typeof recorded === 'string' ? recorded : found?.arn;
    if (stackArn === undefined) return;
    await assertNamesAreBack(context, signal);
    await waitUntilDeletable(context, stackArn, signal);
    await deleteApp(context, { app: temporaryApp, stackArn }, signal);
  },
};

/** ARN of the temporary app's stack, recorded when it was created. */
export function temporaryStack(context: StepContext): string {
  const arn = context.recorded('stack', createTemporaryApp.id);
  if (typeof arn === 'string') return arn;
  throw new MigrationError('EXECUTION_STATE', 'the temporary app has not been created in this execution');
}

export const copyEnvironment: Step = {
  id: 'copy-environment',
  phase: 'prepare',
  title: 'Copy the environment',
  expectedMs: 10_000,
  plan({ facts }) {
    const added = [...domainVariables(facts.services).keys()];
    const adds = added.length === 0 ? '' : `, and set ${added.join(', ')} for the domains`;
    return toDo(
      `copy ${facts.old.environmentNames.length} variables from ${facts.app} to ${facts.temporaryApp}${adds}`,
    );
  },
  async run(context, signal) {
    const { facts, ports } = context;
    const old = await ports.rack.environment.get(facts.app, signal);
    const wanted = withDomains(old, facts.services, 'on');
    await putEnvironment(
      context,
      {
        app: facts.temporaryApp,
        env: wanted,
        hint: 'Somebody changed it meanwhile, or the rack cannot hold these values. `gen2 resume` sets it again; or `gen2 abort`.',
      },
      signal,
    );
    await context.once('fingerprint', () => Promise.resolve(fingerprint(old, context.execution)));
    return `${old.size} variables copied and read back equal`;
  },
};

export const buildTemporaryApp: Step = {
  id: 'build-temporary-app',
  phase: 'prepare',
  title: 'Build',
  expectedMs: 3 * MINUTE,
  plan: ({ facts, settings }) =>
    toDo(
      `package ${settings.sourceFolder} with the ${facts.manifest.origin} convox.yml and build it as ${facts.temporaryApp}`,
    ),
  async run(context, signal) {
    const { facts, settings, ports, execution } = context;
    const app = facts.temporaryApp;
    const description = `convox-gen2 ${execution}`;
    const start = async (): Promise<string> => {
      const earlier = (await ports.rack.builds.list(app, {}, signal)).find(
        (found) => found.description === description,
      );
      if (earlier !== undefined && earlier.status !== 'failed') return earlier.id;
      const overlay = new Map([['convox.yml', facts.manifest.text]]);
      const source = { folder: settings.sourceFolder, overlay };
      return (await ports.rack.builds.create(app, source, { description }, signal)).id;
    };
    const built = await build(context, { app, start }, signal);
    await context.once('build', () => Promise.resolve(built));
    return `build ${built.build} made release ${built.release}`;
  },
};

export interface BuiltRelease {
  readonly build: string;
  readonly release: string;
}

export function builtRelease(context: StepContext, step: string): BuiltRelease {
  // Recorded by the build steps, gone through JSON.
  const built = context.recorded('build', step) as BuiltRelease | undefined;
  if (built !== undefined) return built;
  throw new MigrationError('EXECUTION_STATE', 'the app has not been built in this execution');
}

export const promoteTemporaryApp: Step = {
  id: 'promote-temporary-app',
  phase: 'prepare',
  title: 'Promote the temporary app',
  expectedMs: 6 * MINUTE,
  plan({ facts }) {
    const mails = facts.certificates.filter(({ way }) => way === 'mail').flatMap((forecast) => forecast.mails);
    const says = mails.map(({ domain, mailboxes }) => `${domain} (${mailboxes[0] ?? 'no mailbox'} and others)`);
    const asks =
      mails.length === 0 ? 'no mail will be sent' : `certificate mail must be approved for ${says.join(', ')}`;
    return toDo(`start ${facts.temporaryApp}; ${asks}`);
  },
  async run(context, signal) {
    const { release } = builtRelease(context, buildTemporaryApp.id);
    const app = context.facts.temporaryApp;
    await promote(context, { app, release, stackArn: temporaryStack(context) }, signal);
    return `release ${release} of ${app} runs`;
  },
};

/** A stack in the middle of an update cannot be deleted by the rack: cancel what waits, and let it settle. */
async function waitUntilDeletable(context: StepContext, stackArn: string, signal: AbortSignal): Promise<void> {
  const { rack, aws } = context.ports;
  const app = context.facts.temporaryApp;
  await context.once('cancel', async () => {
    const stack = await aws.findStack(stackArn, signal);
    if (stack?.status !== 'UPDATE_IN_PROGRESS') return false;
    await rack.apps.cancel(app, signal);
    return true;
  });
  await context.wait(
    async () => {
      const stack = await aws.findStack(stackArn, signal);
      const isMoving = stack !== undefined && /_IN_PROGRESS$/.test(stack.status) && !stack.status.startsWith('DELETE');
      return isMoving ? { state: 'pending', saw: stack.status } : { state: 'ready', value: undefined };
    },
    { what: `${app} to settle before it is deleted`, timeoutMs: 60 * MINUTE },
    signal,
  );
}
