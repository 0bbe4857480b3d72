import type { Readable } from 'node:stream';
import { MigrationError } from '../errors.ts';
import { ask, type RackContext } from './context.ts';
import { pathOf } from './form.ts';
import { guarded } from './guarded-stream.ts';
import { streamLines } from './log-stream.ts';
import { multipart } from './multipart.ts';
import { temporaryKey, type ObjectOperations } from './objects.ts';
import type { RackBuild } from './rack-types.ts';
import { Build, listOf } from './schema.ts';
import type { SourceNotice } from './source-tree.ts';
import type { RackRequest } from './request.ts';
import { writeThenLook } from './unclear-write.ts';

/** Where the source of a build comes from. */
export type BuildSource =
  | {
      /** Folder to pack, as the convox CLI would (`.dockerignore` rules of the rack's era). */
      readonly folder: string;
      /** Files added to or replaced in the archive, by relative path: a generated convox.yml. */
      readonly overlay?: ReadonlyMap<string, string | Buffer>;
      /** Path of the manifest inside the folder; default convox.yml (generation 2) or docker-compose.yml (1). */
      readonly manifestFile?: string;
      readonly onNotice?: (notice: SourceNotice) => void;
    }
  | {
      /** Classic racks: an address ending in `.git`, `.tgz` or `.zip`. Standard racks: only `object://APP/KEY`. */
      readonly url: string;
    };

export interface BuildOptions {
  readonly description?: string;
  /** Path of the manifest inside the source. */
  readonly manifest?: string;
  /** Whether layers of earlier builds may be used; default `use`, the rack's own. */
  readonly cache?: 'use' | 'ignore';
}

/** The builds of an app. */
export interface BuildOperations {
  /**
   * Starts a build from a folder (packed and uploaded as a stream) or a url. Wait until it is `complete` and its
   * `release` is set, or `failed`. The answer can take 6 minutes: the rack waits for the build task to run.
   *
   * @throws {MigrationError} `SOURCE_INVALID`, `RACK_NOT_FOUND`, `RACK_INVALID` for a url the rack cannot build from.
   */
  create(app: string, source: BuildSource, options: BuildOptions, signal: AbortSignal): Promise<RackBuild>;
  /** @throws {MigrationError} `RACK_NOT_FOUND` */
  get(app: string, id: string, signal: AbortSignal): Promise<RackBuild>;
  /** Newest first; default limit 20 on classic racks, 10 on standard ones. */
  list(app: string, query: { readonly limit?: number }, signal: AbortSignal): Promise<readonly RackBuild[]>;
  /** The log, line by line, to the end of the build; goes on after a dropped connection. */
  logs(app: string, id: string, signal: AbortSignal): AsyncIterable<string>;
  /** Why a build failed: its `reason`, or on standard racks the last `ERROR:` line of its log. */
  failureReason(build: RackBuild, signal: AbortSignal): Promise<string | undefined>;
  /** The build with its images, as a gzipped tar. The stream ends with an error if it is cut short. */
  export(app: string, id: string, signal: AbortSignal): Promise<Readable>;
  /**
   * Makes a build, and a release with the latest environment, from an exported archive.
   *
   * Not repeated and not looked for after a lost answer other than by the list, since a stream can be sent only once.
   */
  import(app: string, archive: Readable, signal: AbortSignal): Promise<RackBuild>;
}

const ENDED: ReadonlySet<string> = new Set(['complete', 'failed', 'error', 'timeout']);
// 300 s + 60 s until the rack gives up starting the build task (provider/aws/builds.go), and some for the upload's end.
const CREATE_LIMIT_MS = 420_000;
// Nothing may move for a while, when the rack loads images into its registry.
const TRANSFER_STALL_MS = 600_000;

export function createBuildOperations(context: RackContext, objects: ObjectOperations): BuildOperations {
  const { session, secrets } = context;

  const get: BuildOperations['get'] = async (app, id, signal) => {
    const path = pathOf('apps', app, 'builds', id);
    return ask(context, Build, { operation: 'builds.get', subject: `${app} ${id}`, method: 'GET', path }, signal);
  };

  const list: BuildOperations['list'] = async (app, { limit }, signal) => {
    const path = pathOf('apps', app, 'builds');
    return ask(
      context,
      listOf(Build),
      { operation: 'builds.list', subject: app, method: 'GET', path, query: { limit } },
      signal,
    );
  };

  /** Runs `act` and, if its answer is lost, takes the one build that was not there before for its result. */
  const makeBuild = async (
    what: string,
    app: string,
    act: () => Promise<RackBuild>,
    signal: AbortSignal,
  ): Promise<RackBuild> => {
    const before = new Set((await list(app, { limit: 10 }, signal)).map((build) => build.id));
    return await writeThenLook(
      {
        ...context,
        what: `${what} ${app}`,
        act,
        look: async () => {
          const made = (await list(app, { limit: 10 }, signal)).filter((build) => !before.has(build.id));
          const [only] = made;
          return only !== undefined && made.length === 1
            ? { state: 'landed', value: only }
            : { state: 'absent', saw: `${made.length} new builds` };
        },
      },
      signal,
    );
  };

  const logs: BuildOperations['logs'] = (app, id, signal) =>
    streamLines(
      context,
      {
        operation: 'builds.logs',
        subject: `${app} ${id}`,
        path: pathOf('apps', app, 'builds', id, 'logs'),
        resume: {
          from: 'start',
          isOver: async () => ENDED.has((await get(app, id, signal)).status),
        },
      },
      signal,
    );

  return {
    get,
    list,
    logs,

    create: async (app, source, options, signal) => {
      // Detected anew each time: a multipart upload to a standard rack is answered with 200 and fails later.
      const { era } = await session.dialect(signal, 'fresh');
      const manifest = options.manifest ?? ('folder' in source ? source.manifestFile : undefined);
      const send = async (body: RackRequest['body']): Promise<RackBuild> =>
        makeBuild('builds.create', app, async () => postBuild(context, app, body, signal), signal);
      if (era === 'classic')
        return await send(await classicBody(source, { ...options, ...(manifest === undefined ? {} : { manifest }) }));
      const url = 'url' in source ? source.url : await upload(objects, app, source, signal);
      assertObjectUrl(app, url);
      const fields = {
        description: options.description,
        manifest,
        'no-cache': options.cache === 'ignore' ? true : undefined,
        url,
      };
      return await send({ type: 'form', fields });
    },

    failureReason: async (build, signal) => {
      if (build.status !== 'failed') return undefined;
      if (build.reason !== '') return secrets.quote(build.reason);
      let last: string | undefined;
      for await (const line of logs(build.app, build.id, signal)) {
        if (line.startsWith('ERROR: ')) last = line.slice('ERROR: '.length);
      }
      return last === undefined ? undefined : secrets.quote(last);
    },

    export: async (app, id, signal) => {
      const path = `${pathOf('apps', app, 'builds', id)}.tgz`;
      const request = { operation: 'builds.export', subject: `${app} ${id}`, method: 'GET', path } as const;
      const reply = await session.stream({ ...request, timeoutMs: TRANSFER_STALL_MS }, signal);
      return guarded(reply, secrets, signal, { name: 'done', value: 'OK' });
    },

    import: async (app, archive, signal) => {
      const { era } = await session.dialect(signal, 'fresh');
      const isRaw = era === 'standard'; // both forms change at the same version
      const form = multipart({ name: 'image', open: () => archive }, {});
      const body: RackRequest['body'] = isRaw
        ? { type: 'stream', contentType: 'application/octet-stream', open: () => archive }
        : { type: 'stream', contentType: form.contentType, open: form.open };
      const path = isRaw ? pathOf('apps', app, 'builds', 'import') : pathOf('apps', app, 'builds');
      const request = { operation: 'builds.import', subject: app, method: 'POST', path, body } as const;
      return await makeBuild(
        'builds.import',
        app,
        async () => ask(context, Build, { ...request, timeoutMs: TRANSFER_STALL_MS }, signal),
        signal,
      );
    },
  };
}

async function postBuild(
  context: RackContext,
  app: string,
  body: RackRequest['body'],
  signal: AbortSignal,
): Promise<RackBuild> {
  const request = {
    operation: 'builds.create',
    subject: app,
    method: 'POST',
    path: pathOf('apps', app, 'builds'),
  } as const;
  return ask(
    context,
    Build,
    { ...request, ...(body === undefined ? {} : { body }), timeoutMs: CREATE_LIMIT_MS },
    signal,
  );
}

async function classicBody(source: BuildSource, options: BuildOptions): Promise<RackRequest['body']> {
  const cache = options.cache === undefined ? undefined : options.cache === 'use';
  const { description, manifest } = options;
  if ('url' in source) return { type: 'form', fields: { url: source.url, cache, config: manifest, description } };
  const { sourceArchive } = await import('./source-archive.ts');
  const open = (): Readable => sourceArchive({ ...source, era: 'classic' });
  // As the 2017 CLI: every field is there, empty when it has nothing to say.
  const fields = { cache: String(cache ?? true), config: manifest ?? '', description: description ?? '' };
  const form = multipart({ name: 'source', open }, fields);
  return { type: 'stream', contentType: form.contentType, open: form.open };
}

async function upload(
  objects: ObjectOperations,
  app: string,
  source: BuildSource & { readonly folder: string },
  signal: AbortSignal,
): Promise<string> {
  const { sourceArchive } = await import('./source-archive.ts');
  const stored = await objects.store(app, temporaryKey(), () => sourceArchive({ ...source, era: 'standard' }), signal);
  return stored.url;
}

// A standard rack takes any url, answers 200, and fails later for all but these.
function assertObjectUrl(app: string, url: string): void {
  if (url.startsWith('object://')) return;
  throw new MigrationError('RACK_INVALID', `builds.create ${app}: standard racks build only from object:// urls`, {
    hint: 'Give a folder, or store the source with objects.store and give the url it returns.',
  });
}
