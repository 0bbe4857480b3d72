import type { Api } from '../rack-api/api.ts';
import { appTemplate } from '../rack-api/app-stack.ts';
import { formatEnv, parseEnv } from '../rack-api/env-text.ts';
import type { Release } from '../rack-api/rack-store.ts';
import { readPrograms } from '../rack-api/source-archive.ts';

export interface InstalledApp {
  readonly name: string;
  readonly generation: '1' | '2';
  /** The source tree by path, with its manifest. */
  readonly files: ReadonlyMap<string, string>;
  readonly environment: ReadonlyMap<string, string>;
  /** Parameters besides the defaults, e.g. `WebFormation`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Puts an app on the rack as if it had been deployed long ago: build, release and stack are there at once. */
export function installApp(api: Api, app: InstalledApp): Release {
  const { name, generation, files } = app;
  const manifest = files.get(generation === '2' ? 'convox.yml' : 'docker-compose.yml') ?? '';
  const build = api.store.addBuild({
    app: name,
    description: 'first deploy',
    manifest,
    release: '',
    reason: '',
    status: 'complete',
    endedAt: api.world.clock.now(),
    programs: readPrograms(files, manifest),
  });
  const env = formatEnv(parseEnv(formatEnv(app.environment)));
  const release = api.store.addRelease({ app: name, build: build.id, manifest, env, description: 'first deploy' });
  build.release = release.id;
  const parameters = new Map([
    ['Rack', api.rack],
    ...app.parameters,
    ...(generation === '1' ? ([['Release', release.id]] as const) : []),
  ]);
  const arn = api.world.cloudFormation.createStack({
    name: api.stackName(name),
    template: appTemplate(api, { app: name, generation, release, parameters }),
    parameters,
    tags: new Map([
      ['System', 'convox'],
      ['Type', 'app'],
      ['Rack', api.rack],
      ['Name', name],
      ['Generation', generation],
      ['Version', api.version],
    ]),
    instant: true,
  });
  api.store.bucket(arn).environment = env;
  return release;
}
