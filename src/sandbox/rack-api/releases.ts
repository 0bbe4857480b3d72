import type { Api } from './api.ts';
import { promoteRelease } from './app-stack.ts';
import { generationOf, releaseOf } from './apps.ts';
import { describeEnvChange, formatEnv, parseEnv } from './env-text.ts';
import { readLimit } from './limits.ts';
import type { RackRequest } from './rack-request.ts';
import type { Release } from './rack-store.ts';
import { SINCE } from './rack-versions.ts';
import { goTime, json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';
import { humanStatus } from './stack-view.ts';

export const releaseRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/apps/:app/releases',
    operation: 'releases.list',
    handle: (request, api) => {
      const app = request.param('app');
      api.requireApp(app);
      const limit = readLimit(request, api);
      // The list never shows an environment.
      return json(
        api.store
          .releasesOf(app)
          .slice(0, limit)
          .map((release) => releaseJson(api, release, '')),
      );
    },
  },
  {
    method: 'POST',
    path: '/apps/:app/releases',
    operation: 'releases.create',
    from: SINCE.releaseCreate,
    handle: createRelease,
  },
  {
    method: 'GET',
    path: '/apps/:app/releases/:release',
    operation: 'releases.get',
    handle: (request, api) => {
      const release = findRelease(api, request.param('release'), 404);
      if (release.app !== request.param('app')) throw new RackRefusal(500, 'mismatched app and release');
      return json(releaseJson(api, release, formatEnv(parseEnv(release.env))));
    },
  },
  { method: 'POST', path: '/apps/:app/releases/:release/promote', operation: 'releases.promote', handle: promote },
];

function releaseJson(api: Api, release: Release, env: string): Record<string, unknown> {
  return {
    id: release.id,
    app: release.app,
    build: release.build,
    env,
    manifest: release.manifest,
    ...(api.has(SINCE.releaseDescription) ? { description: release.description } : {}),
    created: goTime(release.createdAt),
  };
}

function findRelease(api: Api, id: string, classicStatus: number): Release {
  const release = api.store.releases.get(id);
  if (release !== undefined) return release;
  throw api.isClassic
    ? new RackRefusal(classicStatus, `no such release: ${id}`)
    : new RackRefusal(404, `release not found: ${id}`);
}

/** Starts from the latest release **of that app name** and replaces what is given. */
function createRelease(request: RackRequest, api: Api): Reply {
  const app = request.param('app');
  const stack = api.requireApp(app);
  const latest = api.store.latestRelease(app);
  const buildId = request.form.get('build');
  const given = request.form.get('env');
  const build = buildId === null ? undefined : api.store.builds.get(buildId);
  if (buildId !== null && build === undefined) {
    throw new RackRefusal(404, api.isClassic ? `no such build: ${buildId}` : `build not found: ${buildId}`);
  }
  const before = parseEnv(latest?.env ?? '');
  const after = given === null ? before : parseEnv(given);
  const env = given ?? latest?.env ?? '';
  const release = api.store.addRelease({
    app,
    build: build?.id ?? latest?.build ?? '',
    manifest: build?.manifest ?? latest?.manifest ?? '',
    env,
    description: request.form.get('description') ?? describeEnvChange(before, after),
  });
  api.store.bucket(stack.arn).environment = formatEnv(after);
  // The answer shows the text as it was sent; only a later read shows what was understood.
  return json(releaseJson(api, release, env));
}

function promote(request: RackRequest, api: Api): Reply {
  const app = request.param('app');
  const stack = api.requireApp(app);
  const release = findRelease(api, request.param('release'), 500);
  if (release.app !== app) throw new RackRefusal(500, 'mismatched app and release');
  const isForced = api.has(SINCE.promoteForce) && request.field('force') === 'true';
  if (api.has(SINCE.promoteNeedsRunning) && !isForced && humanStatus(stack.status) !== 'running') {
    throw new RackRefusal(403, 'app is currently updating');
  }
  if (api.has(SINCE.promoteRefusesEmptyManifest) && release.manifest === '') {
    throw new RackRefusal(500, 'can not promote a release with an empty manifest');
  }
  const active = api.store.releases.get(releaseOf(stack));
  if (api.has(SINCE.promoteRefusesOlder) && active !== undefined && api.store.isOlder(release, active)) {
    throw new RackRefusal(500, 'can not promote an older release, try rollback');
  }
  promoteRelease(api, { app, generation: generationOf(stack), stack, release });
  return api.isClassic ? json(releaseJson(api, release, formatEnv(parseEnv(release.env)))) : SUCCESS;
}
