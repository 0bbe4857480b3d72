/** What the person types at the convox CLI, and how that CLI waits (rack@20171213132441 cmd/convox). */
import { MigrationError } from '../../../errors.ts';
import type { RackClient } from '../../../convox-api/rack-client.ts';
import type { Person } from './person.ts';

/** `--wait` of the CLI: looks at the app every 5 s, at the rack every 2 s after a pause of 5 s, at a build every 1 s. */
const APP_LOOK_MS = 5_000;
const RACK_LOOK_MS = 2_000;
const RACK_PAUSE_MS = 5_000;
const BUILD_LOOK_MS = 1_000;
/** A promotion that the rack refuses is typed again so often. */
const PROMOTE_TRIES = 3;

export interface Hands {
  readonly person: Person;
  readonly rack: RackClient;
}

/** `convox rack params set Internal=Yes --wait` */
export async function setInternal({ person, rack }: Hands, signal: AbortSignal): Promise<void> {
  await person.does('convox rack params set Internal=Yes --wait', signal);
  await rack.system.setParameters({ Internal: 'Yes' }, signal);
  await person.clock.sleep(RACK_PAUSE_MS, signal);
  await person.watches(
    'rack to be running',
    RACK_LOOK_MS,
    async (stop) => {
      const { status } = await rack.system.get(stop);
      return status === 'running' ? { state: 'ready', value: undefined } : { state: 'pending', saw: status };
    },
    signal,
  );
}

/** `convox apps create APP -g 2 --wait` */
export async function createApp(hands: Hands, app: string, signal: AbortSignal): Promise<void> {
  await hands.person.does(`convox apps create ${app} --generation 2 --wait`, signal);
  await hands.rack.apps.create({ name: app, generation: '2' }, signal);
  await untilRunning(hands, app, signal);
}

/** `convox env --app FROM > env; convox env set --app TO < env` */
export async function copyEnvironment({ person, rack }: Hands, from: string, to: string, signal: AbortSignal) {
  await person.does(`convox env --app ${from} > .env.${from}`, signal);
  const environment = await rack.environment.get(from, signal);
  await person.does(`convox env set --app ${to} < .env.${from}`, signal);
  await rack.environment.set(to, environment, signal);
}

/** `convox deploy --app APP --wait`: packs, builds, promotes; certificate mails are answered meanwhile. */
export async function deploy(
  hands: Hands,
  { app, folder, manifest }: { readonly app: string; readonly folder: string; readonly manifest: string },
  signal: AbortSignal,
): Promise<void> {
  const { person, rack } = hands;
  await person.does(`convox deploy --app ${app} --wait`, signal);
  const { id } = await rack.builds.create(app, { folder, overlay: new Map([['convox.yml', manifest]]) }, {}, signal);
  const release = await person.watches(
    `build ${id} of ${app}`,
    BUILD_LOOK_MS,
    async (stop) => {
      const build = await rack.builds.get(app, id, stop);
      if (build.status === 'complete') return { state: 'ready', value: build.release };
      if (build.status === 'failed')
        return { state: 'failed', error: new MigrationError('BUILD_FAILED', build.reason) };
      return { state: 'pending', saw: build.status };
    },
    signal,
  );
  await promote(hands, app, release, signal);
  await untilReleased(hands, app, release, signal);
}

/** Just after Internal=Yes some API processes still refuse internal services: the person tries again. */
async function promote({ person, rack }: Hands, app: string, release: string, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await rack.releases.promote(app, release, undefined, signal);
      return;
    } catch (error) {
      if (!MigrationError.is(error) || tries === PROMOTE_TRIES) throw error;
      await person.does(`convox releases promote ${release} --app ${app} (refused: ${error.message})`, signal);
    }
  }
}

/** `convox apps delete APP`, which does not wait, and then `convox apps info APP` until it is not found. */
export async function deleteApp({ person, rack }: Hands, app: string, signal: AbortSignal): Promise<void> {
  await person.does(`convox apps delete ${app}`, signal);
  await rack.apps.delete(app, signal);
  await person.watches(
    `app ${app} to be gone`,
    APP_LOOK_MS,
    async (stop) => {
      const found = await rack.apps.find(app, stop);
      return found === undefined ? { state: 'ready', value: undefined } : { state: 'pending', saw: found.status };
    },
    signal,
  );
}

/** `convox apps delete APP` of an app that a resource is linked to: the rack says so, and nothing happens. */
export async function refusedDeletion({ person, rack }: Hands, app: string, signal: AbortSignal): Promise<void> {
  await person.does(`convox apps delete ${app}`, signal);
  await rack.apps.delete(app, signal).catch((error: unknown) => {
    if (!MigrationError.is(error, 'RACK_CONFLICT')) throw error;
  });
}

/** `convox resources unlink|link NAME --app APP` */
export async function changeLink(
  { person, rack }: Hands,
  { verb, resource, app }: { readonly verb: 'link' | 'unlink'; readonly resource: string; readonly app: string },
  signal: AbortSignal,
): Promise<void> {
  await person.does(`convox resources ${verb} ${resource} --app ${app}`, signal);
  await rack.resources[verb](resource, app, signal);
  await person.watches(
    `resource ${resource} to be running`,
    APP_LOOK_MS,
    async (stop) => {
      const { status } = await rack.resources.get(resource, stop);
      return status === 'running' ? { state: 'ready', value: undefined } : { state: 'pending', saw: status };
    },
    signal,
  );
}

async function untilRunning({ person, rack }: Hands, app: string, signal: AbortSignal): Promise<void> {
  await person.clock.sleep(APP_LOOK_MS, signal);
  await person.watches(
    `app ${app} to be running`,
    APP_LOOK_MS,
    async (stop) => {
      const found = await rack.apps.find(app, stop);
      // "running" or "failed" end it, as in the CLI of the time.
      return found?.status === 'running' || found?.status === 'failed'
        ? { state: 'ready', value: undefined }
        : { state: 'pending', saw: found?.status ?? 'not listed' };
    },
    signal,
  );
}

/** Knows of a roll-back only if it sees one, as the CLI of the time; the person looks at the release too. */
async function untilReleased({ person, rack }: Hands, app: string, release: string, signal: AbortSignal) {
  await person.clock.sleep(APP_LOOK_MS, signal);
  let hasRolledBack = false;
  await person.watches(
    `release ${release} of ${app} to run`,
    APP_LOOK_MS,
    async (stop) => {
      const { status, release: active } = await rack.apps.get(app, stop);
      if (status === 'running' && active === release) return { state: 'ready', value: undefined };
      hasRolledBack ||= status === 'rollback';
      if (status === 'running' && hasRolledBack) {
        return { state: 'failed', error: new MigrationError('PROMOTE_FAILED', `${release} of ${app} was rolled back`) };
      }
      return { state: 'pending', saw: status };
    },
    signal,
  );
}
