/** The steps that bring an old app back from its export; users see nothing of them. */
import { MigrationError } from '../../errors.ts';
import { build, promote, setEnvironment } from '../app-changes.ts';
import { createApp } from '../app-lifecycle.ts';
import { confirmEnvironment } from '../confirm-environment.ts';
import { EXPORT_FILES } from './export-format.ts';
import type { OldAppExport } from './read-export.ts';
import type { EnvironmentMap } from '../ports.ts';
import { oldRows, recordRows, waitForCleanUp } from '../old-rows.ts';
import { linkResource } from '../resource-links.ts';
import { restoreParameters } from './restore-parameters.ts';
import { verifyOldApp } from './verify-old-app.ts';
import { alreadyDone, toDo, type Step, type StepContext } from '../step.ts';

const MINUTE = 60_000;

/** What is brought back, under which name, with which values. */
export interface Restoration {
  readonly exported: OldAppExport;
  /** Name the app gets. */
  readonly app: string;
  /** Secret. */
  readonly environment: EnvironmentMap;
}

/** In order; each may be repeated. */
export function restoreSteps(restoration: Restoration): readonly Step[] {
  return [
    createOldApp(restoration),
    restoreEnvironment(restoration),
    importOldBuild(restoration),
    promoteOldApp(restoration),
    restoreParameters(restoration),
    linkOldResources(restoration),
    verifyOldApp(restoration),
  ];
}

function createOldApp({ app }: Restoration): Step {
  return {
    id: 'create-old-app',
    phase: 'restore',
    title: 'Create the app',
    expectedMs: 2 * MINUTE,
    plan: () => toDo(`create ${app} as generation 1`),
    async run(context, signal) {
      await context.once('name-is-free', () => assertNameIsFree(context, app, signal));
      const stackArn = await createApp(context, { app, generation: '1' }, signal).catch((error: unknown) => {
        throw refusedGeneration(error, context.facts.rack.name);
      });
      await context.once('stack', () => Promise.resolve(stackArn));
      await recordRows(context, app, signal);
      const left = await waitForCleanUp(context, app, signal);
      if (left > 0) context.warn(`${left} builds and releases of an earlier ${app} stay listed`);
      return `${app} exists as generation 1`;
    },
  };
}

/** @throws {MigrationError} `APP_NAME_TAKEN`. */
export async function assertNameIsFree(
  { ports: { rack } }: Pick<StepContext, 'ports'>,
  app: string,
  signal: AbortSignal,
): Promise<true> {
  const found = await rack.apps.find(app, signal);
  if (found === undefined) return true;
  throw new MigrationError('APP_NAME_TAKEN', `the rack has an app ${app} already (generation ${found.generation})`, {
    hint:
      found.generation === '1'
        ? `Is it the old app, never deleted? Otherwise give another name with \`--as ${app}-old\`.`
        : `Give another name with \`--as ${app}-old\`: both can run side by side, and the records decide who serves.`,
    details: { app, generation: found.generation },
  });
}

/** Every known version makes generation 1 when asked to; one that does not says `unknown generation`. */
function refusedGeneration(error: unknown, rack: string): unknown {
  const isRefusal = MigrationError.is(error, 'RACK_REFUSED', 'RACK_INVALID', 'RACK_PROTOCOL');
  if (!isRefusal || !/generation/i.test(error.message)) return error;
  return new MigrationError('RACK_UNSUPPORTED', `rack ${rack} makes no apps of generation 1: ${error.message}`, {
    hint: `The old app cannot come back on this rack. Its source manifest is \`${EXPORT_FILES.oldManifest}\` in the export; an older rack takes it.`,
    cause: error,
  });
}

/** ARN of the app's stack, recorded when it was created. */
export function restoredStack(context: StepContext): string {
  const arn = context.recorded('stack', 'create-old-app');
  if (typeof arn === 'string') return arn;
  throw new MigrationError('EXECUTION_STATE', 'the app has not been created in this execution');
}

function restoreEnvironment({ app, environment }: Restoration): Step {
  return {
    id: 'restore-environment',
    phase: 'restore',
    title: 'Set the environment',
    expectedMs: 10_000,
    plan: () =>
      environment.size === 0
        ? alreadyDone('it had none')
        : toDo(`set ${environment.size} variables, proved by fingerprint`),
    async run(context, signal) {
      await context.once('set', () => setEnvironment(context, app, environment, signal));
      const hint = 'Set these by hand, then run the same command again.';
      await confirmEnvironment(context, { app, wanted: environment, hint }, signal);
      return `${environment.size} variables set and read back equal`;
    },
  };
}

function importOldBuild({ app, exported }: Restoration): Step {
  return {
    id: 'import-old-build',
    phase: 'restore',
    title: 'Bring the build back',
    expectedMs: 2 * MINUTE,
    plan: () =>
      exported.build === undefined
        ? alreadyDone('it had no build')
        : toDo(`import build ${exported.build.id} from the export`),
    async run(context, signal) {
      const { rack } = context.ports;
      const archived = exported.build;
      if (archived === undefined) return 'it had no build';
      const start = async (): Promise<string> => {
        // The app is new: a build in it is the one that was being imported.
        const old = oldRows(context);
        const earlier = (await rack.builds.list(app, {}, signal)).find(({ id }) => !old.has(id));
        if (earlier !== undefined && earlier.status !== 'failed') return earlier.id;
        return (await rack.builds.import(app, await archived.open(), signal)).id;
      };
      const imported = await build(context, { app, start }, signal);
      await context.once('build', () => Promise.resolve(imported));
      return `build ${imported.build} made release ${imported.release}`;
    },
  };
}

function promoteOldApp({ app, exported }: Restoration): Step {
  return {
    id: 'promote-old-app',
    phase: 'restore',
    title: 'Promote',
    expectedMs: 6 * MINUTE,
    plan: () =>
      exported.build === undefined ? alreadyDone('nothing ran') : toDo(`start ${app} with balancers of its own`),
    async run(context, signal) {
      // Recorded by the step before, gone through JSON.
      const imported = context.recorded('build', 'import-old-build') as { readonly release: string } | undefined;
      if (imported === undefined) throw new MigrationError('EXECUTION_STATE', 'the build has not been imported');
      await promote(context, { app, release: imported.release, stackArn: restoredStack(context) }, signal);
      return `release ${imported.release} of ${app} runs`;
    },
  };
}

function linkOldResources({ app, exported }: Restoration): Step {
  const { links } = exported.facts.old;
  return {
    id: 'link-old-resources',
    phase: 'restore',
    title: 'Link the resources',
    expectedMs: MINUTE,
    plan: () =>
      links.length === 0 ? alreadyDone('no resource was linked') : toDo(`link ${links.join(', ')} to ${app}`),
    async run(context, signal) {
      const there = new Set((await context.ports.rack.resources.list(signal)).map(({ name }) => name));
      const gone = links.filter((name) => !there.has(name));
      if (gone.length > 0) context.warn(`resource ${gone.join(', ')} is gone; not linked`);
      const linked = links.filter((name) => there.has(name));
      for (const resource of linked) await linkResource(context, { resource, app }, signal);
      return linked.length === 0 ? 'nothing to link' : `linked ${linked.join(', ')}`;
    },
  };
}
