import { parse } from 'yaml';
import type { Api } from './api.ts';
import { generationOf } from './apps.ts';
import { checkManifest } from './app-stack.ts';
import { parseEnv } from './env-text.ts';
import type { Build } from './rack-store.ts';
import { readPrograms, unpackSource, type SourceFiles } from './source-archive.ts';

export interface BuildSource {
  /** The uploaded archive; `undefined` = nothing that can be built. */
  readonly source: Buffer | undefined;
  /** Empty = the default of the app's generation. */
  readonly manifestFile: string;
}

/** Share of the build time until the task has started and the manifest is known. */
const START_SHARE = 0.1;

/**
 * Builds in its own task, so it goes on when the API process ends: `created`, `running` with the log growing, then
 * `complete` with a new release, or `failed` with the reason as the log's last line.
 */
export function runBuild(api: Api, build: Build, { source, manifestFile }: BuildSource): void {
  const { clock, random, settings } = api.world;
  const totalMs = random.around(settings.durations.buildMs);
  const say = (message: string): void => {
    build.log.append({ at: clock.now(), service: 'build', release: '', process: build.id, message });
  };
  const fail = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    say(`ERROR: ${reason}`);
    build.reason = reason;
    build.status = 'failed';
    build.endedAt = clock.now();
    build.log.wake();
  };
  const unpacked = source === undefined ? Promise.resolve(undefined) : unpackSource(source).catch(() => undefined);
  clock.after(totalMs * START_SHARE, () => {
    build.status = 'running';
    say(`Authenticating ${settings.accountId}.dkr.ecr.${settings.region}.amazonaws.com: Login Succeeded`);
    void unpacked.then((files) => {
      const prepared = prepare(api, build, files, manifestFile);
      if (prepared instanceof Error) {
        clock.after(totalMs * START_SHARE, () => {
          fail(prepared);
        });
        return;
      }
      const lines = buildLines(prepared.services, random.hex(12));
      for (const [index, line] of lines.entries()) {
        clock.after(totalMs * (1 - START_SHARE) * ((index + 1) / (lines.length + 1)), () => {
          say(line);
        });
      }
      clock.after(totalMs * (1 - START_SHARE), () => {
        complete(api, build, prepared.programs);
      });
    });
  });
}

function prepare(
  api: Api,
  build: Build,
  files: SourceFiles | undefined,
  manifestFile: string,
): Error | { programs: Build['programs']; services: readonly string[] } {
  if (files === undefined) return new Error('gzip: invalid header');
  const stack = api.findApp(build.app);
  const generation = stack === undefined ? '1' : generationOf(stack);
  const file = manifestFile === '' ? (generation === '2' ? 'convox.yml' : 'docker-compose.yml') : manifestFile;
  const manifest = files.get(file);
  if (manifest === undefined) return new Error(`open ${file}: no such file or directory`);
  build.manifest = manifest;
  try {
    checkManifest(api, { generation, manifest, env: parseEnv(api.store.latestRelease(build.app)?.env ?? '') });
    const programs = readPrograms(files, manifest);
    return { programs, services: serviceNames(manifest) };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function complete(api: Api, build: Build, programs: Build['programs']): void {
  const latest = api.store.latestRelease(build.app);
  build.programs = programs;
  build.status = 'complete';
  build.endedAt = api.world.clock.now();
  build.release = api.store.addRelease({
    app: build.app,
    build: build.id,
    manifest: build.manifest,
    env: latest?.env ?? '',
    description: build.description,
  }).id;
  build.log.wake();
}

function serviceNames(manifest: string): readonly string[] {
  const document: unknown = parse(manifest, { logLevel: 'silent' });
  if (typeof document !== 'object' || document === null) return [];
  const services: unknown = 'services' in document ? document.services : document;
  return typeof services === 'object' && services !== null ? Object.keys(services) : [];
}

function buildLines(services: readonly string[], image: string): readonly string[] {
  return services.flatMap((service) => [
    `Building: ${service}`,
    'Sending build context to Docker daemon  3.584kB',
    'Step 1/2 : FROM httpd',
    ` ---> ${image}`,
    `Successfully built ${image}`,
    `Pushing: ${service}`,
  ]);
}
