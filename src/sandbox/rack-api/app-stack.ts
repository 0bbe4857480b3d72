import type { StackTemplate } from '../model/stacks.ts';
import { readGen1Manifest } from '../stacks/manifests/gen1-manifest.ts';
import { readGen2Manifest } from '../stacks/manifests/gen2-manifest.ts';
import { ManifestError } from '../stacks/manifests/yaml-reader.ts';
import type { AppRelease, AppRequest } from '../stacks/templates/app-request.ts';
import { gen1AppTemplate } from '../stacks/templates/gen1-app.ts';
import { gen2AppTemplate } from '../stacks/templates/gen2-app.ts';
import type { Api } from './api.ts';
import { generationOf, releaseOf } from './apps.ts';
import { parseEnv } from './env-text.ts';
import type { Release } from './rack-store.ts';
import { RackRefusal } from './reply.ts';
import type { StackFacts } from './stack-view.ts';

type Generation = '1' | '2';

export interface AppTemplateRequest {
  readonly app: string;
  readonly generation: Generation;
  readonly release: Release | undefined;
  readonly parameters: ReadonlyMap<string, string>;
  /** Default: the version of the API that asks. */
  readonly version?: string;
}

/** The template of an app's stack; what the rack refuses in a manifest is refused with its text. */
export function appTemplate(api: Api, request: AppTemplateRequest): StackTemplate {
  const { app, generation, release, parameters, version = api.version } = request;
  const wanted: AppRequest = {
    app,
    rackVersion: version,
    parameters,
    ...(release === undefined ? {} : { release: releaseFor(api, release) }),
  };
  return refusing(() => (generation === '2' ? gen2AppTemplate(api.world, wanted) : gen1AppTemplate(api.world, wanted)));
}

export function initialParameters(api: Api, generation: Generation): ReadonlyMap<string, string> {
  const shared = [['Rack', api.rack]] as const;
  return new Map(generation === '2' ? [...shared, ['LogBucket', `${api.rack}-logs-1kxyz`]] : shared);
}

/** Checks a manifest as a build does. */
export function checkManifest(
  api: Api,
  source: { readonly generation: Generation; readonly manifest: string; readonly env: ReadonlyMap<string, string> },
): void {
  if (source.generation === '1') readGen1Manifest(source.manifest);
  else readGen2Manifest({ text: source.manifest, environment: source.env, rackVersion: api.version });
}

/** Starts the stack update that makes a release the active one. */
export function promoteRelease(
  api: Api,
  promotion: {
    readonly app: string;
    readonly generation: Generation;
    readonly stack: StackFacts;
    readonly release: Release;
  },
): void {
  const { app, generation, stack, release } = promotion;
  if (generation === '2' && release.manifest !== '') refuseWithoutInternal(api, release);
  const parameters = new Map(liveParameters(api, stack));
  if (generation === '1') parameters.set('Release', release.id);
  const template = appTemplate(api, { app, generation, release, parameters });
  update(api, stack, template, parameters);
  api.world.cloudFormation.find(stack.arn)?.tags.set('Version', api.version);
}

/** `promote` asks what this process was started with: until the API has been replaced, `Internal=Yes` is not known. */
function refuseWithoutInternal(api: Api, release: Release): void {
  const { services } = refusing(() =>
    readGen2Manifest({ text: release.manifest, environment: parseEnv(release.env), rackVersion: api.version }),
  );
  if (!api.supportsInternal && services.some(({ isInternal }) => isInternal)) {
    throw new RackRefusal(500, 'rack does not support internal services');
  }
  if (api.isInternalOnly && services.some(({ isInternal }) => !isInternal)) {
    throw new RackRefusal(500, 'rack only supports internal services');
  }
}

/** Changes parameters of an app's stack, with the template it has. Names the template does not know are dropped. */
export function updateAppParameters(api: Api, stack: StackFacts, changes: ReadonlyMap<string, string>): void {
  const known = liveParameters(api, stack);
  const parameters = new Map(known);
  for (const [name, value] of changes) if (known.has(name)) parameters.set(name, value);
  const release = api.store.releases.get(releaseOf(stack));
  const template = appTemplate(api, {
    app: stack.tags.get('Name') ?? '',
    generation: generationOf(stack),
    release,
    parameters,
    version: stack.tags.get('Version') ?? api.version,
  });
  update(api, stack, template, parameters);
}

function update(api: Api, stack: StackFacts, template: StackTemplate, parameters: ReadonlyMap<string, string>): void {
  api.callAws(() => {
    api.world.cloudFormation.updateStack(stack.name, template, parameters);
  });
  api.view.forget();
}

/** The parameters CloudFormation has now, whatever this process remembers. */
function liveParameters(api: Api, stack: StackFacts): ReadonlyMap<string, string> {
  return api.world.cloudFormation.find(stack.arn)?.parameters ?? stack.parameters;
}

function releaseFor(api: Api, release: Release): AppRelease {
  return {
    id: release.id,
    build: release.build,
    manifest: release.manifest,
    environment: parseEnv(release.env),
    programs: api.store.builds.get(release.build)?.programs ?? new Map(),
  };
}

function refusing<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof ManifestError) throw new RackRefusal(500, error.message);
    throw error;
  }
}
