import type { Api } from './api.ts';
import { runBuild } from './build-run.ts';
import { exportBuild, importBuild } from './build-transfer.ts';
import { readLimit } from './limits.ts';
import type { RackRequest } from './rack-request.ts';
import type { Build } from './rack-store.ts';
import { SINCE } from './rack-versions.ts';
import { goTime, json, RackRefusal, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

export const buildRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/apps/:app/builds',
    operation: 'builds.list',
    handle: (request, api) => {
      const app = request.param('app');
      api.requireApp(app);
      return json(
        api.store
          .buildsOf(app)
          .slice(0, readLimit(request, api))
          .map((build) => buildJson(api, build)),
      );
    },
  },
  { method: 'POST', path: '/apps/:app/builds', operation: 'builds.create', handle: createBuild },
  {
    method: 'POST',
    path: '/apps/:app/builds/import',
    operation: 'builds.import',
    from: SINCE.standard,
    handle: async (request, api) => {
      api.requireApp(request.param('app'));
      return json(buildJson(api, await importBuild(api, request.param('app'), request.body)));
    },
  },
  {
    method: 'GET',
    path: '/apps/:app/builds/:build',
    operation: 'builds.get',
    handle: async (request, api) => {
      const id = request.param('build');
      if (!id.endsWith('.tgz')) return json(buildJson(api, findBuild(api, id)));
      const bytes = await exportBuild(api, findBuild(api, id.slice(0, -'.tgz'.length)));
      return api.isClassic
        ? { type: 'bytes', bytes, contentType: 'application/gzip', doneTrailer: true }
        : { type: 'bytes', bytes, contentType: 'application/x-gzip' };
    },
  },
];

/** The app in the path is not looked at. */
export function findBuild(api: Api, id: string): Build {
  const build = api.store.builds.get(id);
  if (build !== undefined) return build;
  throw new RackRefusal(404, api.isClassic ? `no such build: ${id}` : `build not found: ${id}`);
}

export function buildJson(api: Api, build: Build): Record<string, unknown> {
  const { id, app, description, manifest, release, status } = build;
  const logs = build.endedAt === undefined ? '' : `object:///build/${id}/logs`;
  const started = goTime(build.startedAt);
  const ended = goTime(build.endedAt);
  if (api.isClassic) {
    return { id, app, description, logs, manifest, release, reason: build.reason, status, started, ended };
  }
  return {
    id,
    app,
    description,
    entrypoint: '',
    'git-sha': '',
    logs,
    manifest,
    process: '',
    release,
    // Standard racks leave the reason empty; it is the last line of the log.
    reason: '',
    status,
    'wildcard-domain': false,
    started,
    ended,
  };
}

async function createBuild(request: RackRequest, api: Api): Promise<Reply> {
  const app = request.param('app');
  api.requireApp(app);
  if (!api.isClassic) return createFromObject(request, api, app);
  const image = request.file('image');
  if (image !== undefined) return json(buildJson(api, await importBuild(api, app, image)));
  const manifestFile = request.field('config');
  const description = request.field('description');
  const source = request.file('source');
  if (source !== undefined) return startBuild(api, { app, description, manifestFile, source });
  const url = request.field('url');
  if (url.startsWith('object://') && api.has(SINCE.releaseCreate)) {
    const object = findObject(api, url);
    return startBuild(api, { app, description, manifestFile, source: object });
  }
  if (url !== '') throw refusedUrl(url);
  throw new RackRefusal(500, 'no build source found');
}

/** Standard: whatever is not an `object://` URL is accepted and fails while building. */
function createFromObject(request: RackRequest, api: Api, app: string): Reply {
  const url = request.field('url');
  return startBuild(api, {
    app,
    description: request.field('description'),
    manifestFile: request.field('manifest'),
    source: url.startsWith('object://') ? findObject(api, url) : undefined,
  });
}

function findObject(api: Api, url: string): Buffer | undefined {
  const { hostname, pathname } = new URL(url);
  const stack = api.view.describe(api.stackName(hostname));
  return stack === undefined ? undefined : api.store.bucket(stack.arn).objects.get(pathname.slice(1));
}

function refusedUrl(url: string): RackRefusal {
  const extension = /\.([a-z]+)$/i.exec(new URL(url).pathname)?.[1];
  if (extension === undefined) {
    return new RackRefusal(403, 'building from url requires an extension such as .git');
  }
  if (!['git', 'tgz', 'zip'].includes(extension)) return new RackRefusal(403, `unknown extension: .${extension}`);
  return new RackRefusal(500, `the sandbox does not fetch ${extension} sources from other hosts`);
}

interface BuildRequest {
  readonly app: string;
  readonly description: string;
  readonly manifestFile: string;
  readonly source: Buffer | undefined;
}

function startBuild(api: Api, { app, description, manifestFile, source }: BuildRequest): Reply {
  const build = api.store.addBuild({
    app,
    description,
    manifest: '',
    release: '',
    reason: '',
    status: 'created',
    endedAt: undefined,
    programs: new Map(),
  });
  const reply = json(buildJson(api, build));
  runBuild(api, build, { source, manifestFile });
  return reply;
}
