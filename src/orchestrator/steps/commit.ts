import { assertMayDelete } from '../invariants.ts';
import { MigrationError } from '../../errors.ts';
import { build, promote, putEnvironment, setEnvironment } from '../app-changes.ts';
import { createApp, deleteApp } from '../app-lifecycle.ts';
import { domainVariables, fingerprint, withDomains, withoutDomainVariables } from '../environments.ts';
import { oldRows, recordRows, waitForCleanUp, watchCleanUp } from '../old-rows.ts';
import { linkResource, unlinkResource } from '../resource-links.ts';
import { keepPlainHttp, keepsHttpSays } from '../plain-http.ts';
import { sideBySide } from '../side-by-side.ts';
import { alreadyDone, toDo, type Step, type StepContext } from '../step.ts';
import {
  currentBalancers,
  verifyCertificatesWithout,
  verifyDefaultHosts,
  verifyDomains,
  waitForHealthyTargets,
  waitForRules,
} from '../verification.ts';
import { approveCommit } from './gates.ts';
import { holdWhilePaused } from './stage-moves.ts';
import { buildTemporaryApp, builtRelease, copyEnvironment, temporaryStack } from './temporary-app.ts';

const MINUTE = 60_000;
/** What `delete-old-app` writes down when all is verified, right before its first effect. */
export const POINT_OF_NO_RETURN = 'point-of-no-return';

/** Holds the point of no return: from there on the app ends as generation 2. */
export const deleteOldApp: Step = {
  id: 'delete-old-app',
  phase: 'commit',
  title: 'Delete the old app',
  expectedMs: 5 * MINUTE,
  pausesItself: true,
  plan: ({ facts }) => toDo(`POINT OF NO RETURN: delete generation 1 app ${facts.app} (${facts.destroys.join('; ')})`),
  async run(context, signal) {
    const { facts } = context;
    const { app, temporaryApp: successor } = facts;
    const { stackArn } = facts.old;
    const isDeleting = (await context.ports.aws.findStack(stackArn, signal))?.status.startsWith('DELETE_') ?? true;
    if (!isDeleting) {
      const approvedBy = approveCommit.id;
      // A pause may last for days: what was verified before it is verified again after it.
      do {
        await holdWhilePaused(context, signal);
        await assertMayDelete(context, { app, stackArn, generation: '1', successor, approvedBy }, signal);
      } while ((await context.steering()).isPaused);
      await recordRows(context, app, signal);
    }
    await context.once(POINT_OF_NO_RETURN, () => Promise.resolve(true));
    if (!isDeleting) for (const resource of facts.old.links) await unlinkResource(context, { resource, app }, signal);
    await deleteApp(context, { app, stackArn, meanwhile: watchCleanUp(context, app, signal) }, signal);
    return `${app} is deleted`;
  },
};

export const createFinalApp: Step = {
  id: 'create-final-app',
  phase: 'commit',
  title: 'Create the final app',
  expectedMs: 2 * MINUTE,
  plan: ({ facts }) => toDo(`create ${facts.app} again, as generation 2${keepsHttpSays(facts)}`),
  async run(context, signal) {
    const { app } = context.facts;
    const stackArn = await createApp(context, { app, generation: '2' }, signal);
    await context.once('stack', () => Promise.resolve(stackArn));
    await keepPlainHttp(context, app, signal);
    const left = await waitForCleanUp(context, app, signal);
    if (left > 0) context.warn(`${left} builds and releases of the old ${app} stay listed: the rack did not clean up`);
    return `${app} exists as generation 2`;
  },
};

function finalStack(context: StepContext): string {
  const arn = context.recorded('stack', createFinalApp.id);
  if (typeof arn === 'string') return arn;
  throw new MigrationError('EXECUTION_STATE', 'the final app has not been created in this execution');
}

export const copyEnvironmentBack: Step = {
  id: 'copy-environment-back',
  phase: 'commit',
  title: 'Copy the environment back',
  expectedMs: 10_000,
  plan: ({ facts }) =>
    toDo(`copy the environment from ${facts.temporaryApp} to ${facts.app}, its domain variables empty`),
  async run(context, signal) {
    const { facts, ports } = context;
    const env = await ports.rack.environment.get(facts.temporaryApp, signal);
    const expected = context.recorded('fingerprint', copyEnvironment.id);
    if (fingerprint(withoutDomainVariables(env, facts.services), context.execution) !== expected) {
      context.warn(
        `the environment of ${facts.temporaryApp} was changed since it was copied; its present values are taken`,
      );
    }
    const wanted = withDomains(env, facts.services, 'off');
    await putEnvironment(
      context,
      {
        app: facts.app,
        env: wanted,
        hint: 'Find out who changes it, then `gen2 resume`. The temporary app holds the values and serves all traffic.',
      },
      signal,
    );
    return `${wanted.size} variables copied and read back equal`;
  },
};

/** Brings the tested image over instead of building it again. */
export const importBuild: Step = {
  id: 'import-build',
  phase: 'commit',
  title: 'Bring the build over',
  expectedMs: 2 * MINUTE,
  plan: ({ facts }) =>
    toDo(`export the build of ${facts.temporaryApp} and import it into ${facts.app}: the tested image`),
  async run(context, signal) {
    const { facts, ports } = context;
    const { build: tested } = builtRelease(context, buildTemporaryApp.id);
    const start = async (): Promise<string> => {
      // The app is new: a build in it that was not the old app's is the one that was being imported.
      const old = oldRows(context);
      const earlier = (await ports.rack.builds.list(facts.app, {}, signal)).find(({ id }) => !old.has(id));
      if (earlier !== undefined && earlier.status !== 'failed') return earlier.id;
      const archive = await ports.rack.builds.export(facts.temporaryApp, tested, signal);
      return (await ports.rack.builds.import(facts.app, archive, signal)).id;
    };
    const imported = await build(context, { app: facts.app, start }, signal);
    await context.once('build', () => Promise.resolve(imported));
    return `build ${imported.build} made release ${imported.release}`;
  },
};

export const promoteFinalApp: Step = {
  id: 'promote-final-app',
  phase: 'commit',
  title: 'Promote the final app without domains',
  expectedMs: 5 * MINUTE,
  plan: ({ facts }) =>
    toDo(`start ${facts.app} without its domains: ${facts.temporaryApp} serves them until its targets are healthy`),
  async run(context, signal) {
    const { app } = context.facts;
    const { release } = builtRelease(context, importBuild.id);
    await promote(context, { app, release, stackArn: finalStack(context) }, signal);
    await waitForHealthyTargets(context, app, signal);
    await verifyDefaultHosts(context, { app, balancers: await currentBalancers(context, signal) }, signal);
    return `release ${release} of ${app} runs, all targets healthy`;
  },
};

export const promoteFinalDomains: Step = {
  id: 'promote-final-domains',
  phase: 'commit',
  title: 'Promote the final app with domains',
  expectedMs: 5 * MINUTE,
  plan({ facts }) {
    if (domainVariables(facts.services).size === 0) return alreadyDone('no service has a domain');
    return toDo(`give ${facts.app} its domains: rules are added to a service with healthy targets`);
  },
  async run(context, signal) {
    const { facts, ports } = context;
    const release = await context.once('environment', async () => {
      const env = await ports.rack.environment.get(facts.app, signal);
      return setEnvironment(context, facts.app, withDomains(env, facts.services, 'on'), signal);
    });
    await promote(context, { app: facts.app, release, stackArn: finalStack(context) }, signal);
    const served = { app: facts.app, balancers: await currentBalancers(context, signal) };
    const [says] = await sideBySide(
      [
        (stop) => verifyDomains(context, served, stop),
        (stop) => waitForRules(context, { ...served, alone: 'among-others' }, stop),
        (stop) => waitForHealthyTargets(context, facts.app, stop),
      ],
      signal,
    );
    return says;
  },
};

export const linkResources: Step = {
  id: 'link-resources',
  phase: 'commit',
  title: 'Link the resources again',
  expectedMs: MINUTE,
  plan({ facts }) {
    const { links } = facts.old;
    return links.length === 0
      ? alreadyDone('no resource was linked')
      : toDo(`link ${links.join(', ')} to the new ${facts.app}`);
  },
  async run(context, signal) {
    const { app, old } = context.facts;
    for (const resource of old.links) await linkResource(context, { resource, app }, signal);
    return `linked ${old.links.join(', ')}`;
  },
};

/** The temporary app gives its rules up while its tasks still run: the final app takes over at once. */
export const releaseDomains: Step = {
  id: 'release-domains',
  phase: 'commit',
  title: 'Take the domains away from the temporary app',
  expectedMs: 4 * MINUTE,
  plan({ facts }) {
    if (domainVariables(facts.services).size === 0) return alreadyDone('no service has a domain');
    return toDo(`promote ${facts.temporaryApp} without domains: ${facts.app} answers them from then on`);
  },
  async run(context, signal) {
    const { facts, ports } = context;
    const app = facts.temporaryApp;
    const served = { app: facts.app, balancers: await currentBalancers(context, signal) };
    await verifyCertificatesWithout(context, { ...served, goingApp: app }, signal);
    const release = await context.once('environment', async () => {
      const env = await ports.rack.environment.get(app, signal);
      return setEnvironment(context, app, withDomains(env, facts.services, 'off'), signal);
    });
    await promote(context, { app, release, stackArn: temporaryStack(context) }, signal);
    const [says] = await sideBySide(
      [
        (stop) => verifyDomains(context, served, stop),
        (stop) => waitForRules(context, { ...served, alone: 'alone' }, stop),
      ],
      signal,
    );
    return says;
  },
};

export const deleteTemporaryApp: Step = {
  id: 'delete-temporary-app',
  phase: 'commit',
  title: 'Delete the temporary app',
  expectedMs: 4 * MINUTE,
  plan: ({ facts }) => toDo(`delete ${facts.temporaryApp}: ${facts.app} serves everything`),
  async run(context, signal) {
    const { app: successor, temporaryApp: app } = context.facts;
    const stackArn = temporaryStack(context);
    const isDeleting = (await context.ports.aws.findStack(stackArn, signal))?.status.startsWith('DELETE_') ?? true;
    if (!isDeleting) {
      const approvedBy = approveCommit.id;
      await assertMayDelete(context, { app, stackArn, generation: '2', successor, approvedBy }, signal);
    }
    // Whoever asks from here on counts as traffic of the final app; what was asked to verify it does not.
    await context.once('verified-at', () => Promise.resolve(context.ports.clock.now()));
    await deleteApp(context, { app, stackArn }, signal);
    return `${app} is deleted`;
  },
};
