import { MigrationError } from '../errors.ts';
import type { AppOperations } from './apps.ts';
import { ask, type RackContext } from './context.ts';
import { formatEnvironment, type EnvironmentMap } from './environment-text.ts';
import { pathOf } from './form.ts';
import type { RackRelease } from './rack-types.ts';
import { expectSuccess } from './reply.ts';
import { ListedRelease, listOf, Release } from './schema.ts';
import { writeThenLook } from './unclear-write.ts';

/** A release asked for by id: with its environment. */
export type RackReleaseWithEnv = RackRelease & { readonly env: EnvironmentMap };

export interface ReleaseChanges {
  /** Replaces the whole environment; otherwise the latest release's. */
  readonly env?: EnvironmentMap;
  /** Id of a build to run; otherwise the latest release's. */
  readonly build?: string;
  readonly description?: string;
}

/** How to roll out; standard racks only (convox/rack@20260421192651 pkg/structs/release.go). */
export interface PromoteOptions {
  /** Promotes although the app is not `running`; from 20190323224840. */
  readonly force?: boolean;
  /** Least share of tasks kept running, percent; overrides every service. */
  readonly min?: number;
  /** Largest share of tasks while rolling out, percent; overrides every service. */
  readonly max?: number;
  /** Taken and ignored by the AWS provider. */
  readonly timeoutSeconds?: number;
}

/** The releases of an app. */
export interface ReleaseOperations {
  /** Newest first, without environments; default limit 20 on classic racks, 10 on standard ones. */
  list(app: string, query: { readonly limit?: number }, signal: AbortSignal): Promise<readonly RackRelease[]>;
  /** @throws {MigrationError} `RACK_NOT_FOUND`, `RACK_INVALID` for a release of another app. */
  get(app: string, id: string, signal: AbortSignal): Promise<RackReleaseWithEnv>;
  /**
   * Makes a release from the latest one with the given parts replaced, without promoting it.
   *
   * @throws {MigrationError} `RACK_UNSUPPORTED` before 20180222001443, where releases come only from builds and
   * `environment.set`.
   */
  create(app: string, changes: ReleaseChanges, signal: AbortSignal): Promise<RackReleaseWithEnv>;
  /**
   * Starts to roll out a release. Afterwards wait until the app is `running` **and** its `release` is this one:
   * `running` with another release means that it was rolled back.
   *
   * @throws {MigrationError} `RACK_BUSY` while the app is not running, `RACK_NOT_FOUND`, `RACK_UNSUPPORTED` for internal
   * services on a rack without `Internal`, `RACK_INVALID` for an empty manifest or an older release,
   * `RACK_REFUSED` with the rack's words for anything else (an invalid manifest, an AWS error).
   */
  promote(app: string, id: string, options: PromoteOptions | undefined, signal: AbortSignal): Promise<void>;
}

export function createReleaseOperations(context: RackContext, apps: AppOperations): ReleaseOperations {
  const { session, secrets } = context;

  const list: ReleaseOperations['list'] = async (app, { limit }, signal) =>
    ask(
      context,
      listOf(ListedRelease),
      {
        operation: 'releases.list',
        subject: app,
        method: 'GET',
        path: pathOf('apps', app, 'releases'),
        query: { limit },
      },
      signal,
    );

  const get: ReleaseOperations['get'] = async (app, id, signal) => {
    const path = pathOf('apps', app, 'releases', id);
    const release = await ask(
      context,
      Release,
      { operation: 'releases.get', subject: `${app} ${id}`, method: 'GET', path },
      signal,
    );
    secrets.add(...release.env.values());
    return release;
  };

  const createOnce = async (app: string, changes: ReleaseChanges, signal: AbortSignal): Promise<RackReleaseWithEnv> => {
    const env = changes.env === undefined ? undefined : formatEnvironment(changes.env);
    secrets.add(...(changes.env?.values() ?? []));
    const fields = { build: changes.build, env, description: changes.description };
    const path = pathOf('apps', app, 'releases');
    const request = { operation: 'releases.create', subject: app, method: 'POST', path } as const;
    return await ask(context, Release, { ...request, body: { type: 'form', fields } }, signal);
  };

  return {
    list,
    get,

    create: async (app, changes, signal) =>
      session.speak(async () => {
        const before = new Set((await list(app, { limit: 10 }, signal)).map((release) => release.id));
        return await writeThenLook(
          {
            ...context,
            what: `releases.create ${app}`,
            act: async () => createOnce(app, changes, signal),
            look: async () => {
              const made = (await list(app, { limit: 10 }, signal)).filter((release) => !before.has(release.id));
              const [only] = made;
              return only !== undefined && made.length === 1
                ? { state: 'landed', value: await get(app, only.id, signal) }
                : { state: 'absent', saw: `${made.length} new releases` };
            },
          },
          signal,
        );
      }, signal),

    promote: async (app, id, options, signal) => {
      await writeThenLook(
        {
          ...context,
          what: `releases.promote ${app} ${id}`,
          act: async () => promoteOnce(context, app, id, options ?? {}, signal),
          look: async () => {
            const { status, release } = await apps.get(app, signal);
            const hasBegun = release === id || status === 'updating' || status === 'rollback';
            return hasBegun
              ? { state: 'landed', value: undefined }
              : { state: 'absent', saw: `status ${status}, release ${release === '' ? 'none' : release}` };
          },
        },
        signal,
      );
    },
  };
}

async function promoteOnce(
  context: RackContext,
  app: string,
  id: string,
  { force, min, max, timeoutSeconds }: PromoteOptions,
  signal: AbortSignal,
): Promise<void> {
  const { session } = context;
  const fields = { force: force === true ? true : undefined, min, max, timeout: timeoutSeconds };
  const wantsOptions = Object.values(fields).some((value) => value !== undefined);
  if (wantsOptions && (await session.dialect(signal)).era === 'classic') {
    throw new MigrationError('RACK_UNSUPPORTED', `releases.promote ${app} ${id}: this rack takes no options`, {
      hint: 'They exist from 20180711032918; promote without them.',
    });
  }
  const reply = await session.text(
    {
      operation: 'releases.promote',
      subject: `${app} ${id}`,
      method: 'POST',
      path: pathOf('apps', app, 'releases', id, 'promote'),
      ...(wantsOptions ? { body: { type: 'form', fields } } : {}),
    },
    signal,
  );
  // A classic rack answers with the release, its environment included, which is neither read nor quoted here.
  expectSuccess(reply);
}
