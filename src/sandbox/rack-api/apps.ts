import type { Api } from './api.ts';
import { appTemplate, initialParameters, updateAppParameters } from './app-stack.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';
import { resourcesLinkedTo } from './resource-links.ts';
import { humanStatus, type StackFacts } from './stack-view.ts';

export const appRoutes: readonly Route[] = [
  { method: 'GET', path: '/apps', operation: 'apps.list', handle: (_request, api) => json(listApps(api)) },
  { method: 'POST', path: '/apps', operation: 'apps.create', handle: createApp },
  {
    method: 'GET',
    path: '/apps/:app',
    operation: 'apps.get',
    handle: (request, api) => json(getApp(api, request.param('app'))),
  },
  { method: 'DELETE', path: '/apps/:app', operation: 'apps.delete', handle: deleteApp },
  { method: 'POST', path: '/apps/:app/cancel', operation: 'apps.cancel', handle: cancelUpdate },
  { method: 'PUT', path: '/apps/:app', operation: 'apps.update', from: SINCE.appUpdate, handle: updateApp },
];

/** The app as the API shows it; fields in the order of the server's structs. */
function appJson(api: Api, stack: StackFacts): Record<string, unknown> {
  const name = stack.tags.get('Name') ?? '';
  const release = releaseOf(stack);
  const status = humanStatus(stack.status);
  const generation = api.has(SINCE.generationInAppJson) ? { generation: generationOf(stack) } : {};
  if (api.isClassic) return { ...generation, name, release, status };
  return {
    ...generation,
    ...(api.has(SINCE.locked) ? { locked: stack.terminationProtection } : {}),
    name,
    release,
    ...(api.has(SINCE.router) ? { router: '' } : {}),
    status,
    parameters: sorted(stack.parameters),
  };
}

export function generationOf(stack: StackFacts): '1' | '2' {
  return stack.tags.get('Generation') === '2' ? '2' : '1';
}

/** Generation 2 keeps the release in an output, which changes when an update ends; generation 1 in a parameter. */
export function releaseOf(stack: StackFacts): string {
  const kept = generationOf(stack) === '2' ? stack.outputs.get('Release') : stack.parameters.get('Release');
  return kept ?? '';
}

export function sorted(values: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...values].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function listApps(api: Api): unknown[] {
  const apps = api.view
    .list()
    .filter((stack) => stack.tags.get('Type') === 'app' && stack.tags.get('Rack') === api.rack);
  return apps.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((stack) => appJson(api, stack));
}

/** What `GET /apps/A` answers; also what links are checked with. */
export function getApp(api: Api, name: string): Record<string, unknown> {
  if (api.isClassic && name === api.rack) throw new RackRefusal(404, `rack ${name} is not an app`);
  const stack = api.findApp(name);
  if (stack !== undefined) return appJson(api, stack);
  throw new RackRefusal(404, api.isClassic ? `no such app: ${name}` : `app not found: ${name}`);
}

function createApp(request: RackRequest, api: Api): Reply {
  const name = request.field('name');
  checkName(api, name);
  const generation = readGeneration(api, request.field('generation'));
  const stackName = api.stackName(name);
  const existing = api.world.cloudFormation.find(stackName);
  if (existing !== undefined && existing.deletedAt === undefined) {
    throw api.has(SINCE.unknownGenerationRefused)
      ? new RackRefusal(500, `app already exists: ${name}`)
      : new RackRefusal(403, `there is already an app named ${name} (${humanStatus(existing.status)})`);
  }
  if (!/^[a-zA-Z][-a-zA-Z0-9]*$/.test(stackName)) {
    throw api.awsError(
      'ValidationError',
      `1 validation error detected: Value '${stackName}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    );
  }
  const parameters = initialParameters(api, generation);
  api.callAws(() =>
    api.world.cloudFormation.createStack({
      name: stackName,
      template: appTemplate(api, { app: name, generation, parameters, release: undefined }),
      parameters,
      tags: new Map([
        ['System', 'convox'],
        ['Type', 'app'],
        ['Rack', api.rack],
        ['Name', name],
        ['Generation', generation],
        ['Version', api.version],
      ]),
    }),
  );
  return json(getApp(api, name));
}

function checkName(api: Api, name: string): void {
  if (api.isClassic) {
    if (name === api.rack) {
      throw new RackRefusal(
        403,
        `application name cannot match rack name (${name}). Please choose a different name for your app.`,
      );
    }
    return;
  }
  if (!api.has(SINCE.strictAppNames)) return;
  if (name === api.rack) throw new RackRefusal(500, 'App name cannot be same as Rack name');
  if (/[A-Z]/.test(name)) throw new RackRefusal(500, 'App name cannot contain Uppercase characters');
  if (!/^[a-z0-9_-]*$/.test(name)) {
    throw new RackRefusal(500, 'App name can only contain lowercase letters, numbers, hyphens and underscores');
  }
}

function readGeneration(api: Api, given: string): '1' | '2' {
  if (!api.has(SINCE.generationParameter)) return '1';
  if (given === '1' || given === '2') return given;
  if (given === '') return api.has(SINCE.generation2Default) ? '2' : '1';
  if (!api.has(SINCE.unknownGenerationRefused)) return '1';
  throw new RackRefusal(500, api.isClassic ? `unknown generation: ${given}` : 'unknown generation');
}

function deleteApp(request: RackRequest, api: Api): Reply {
  const name = request.param('app');
  if (api.isClassic) {
    const stack = api.view.describe(api.stackName(name));
    if (stack === undefined) throw new RackRefusal(500, `${name} not found`);
    if (stack.tags.get('Type') !== 'app') throw new RackRefusal(404, `invalid app: ${name}`);
  }
  const stack = api.requireApp(name);
  const linked = resourcesLinkedTo(api, name)[0];
  if (linked !== undefined) throw new RackRefusal(500, `app is linked to ${linked} resource`);
  api.callAws(() => {
    api.world.cloudFormation.deleteStack(api.stackName(name));
  });
  cleanUp(api, name, stack.arn);
  return SUCCESS;
}

/** One page of object versions. */
const LARGEST_EMPTIED_BUCKET = 1000;

/**
 * What a rack does in the background of this one process after `DeleteStack` (convox/rack provider/aws/apps.go
 * `cleanup`): empties the bucket, deletes rows **by app name**, then watches for 10 minutes and asks once more when the
 * deletion failed. Ends with the process.
 */
function cleanUp(api: Api, name: string, arn: string): void {
  const { store, world } = api;
  api.later(world.settings.durations.appCleanupMs, () => {
    if (store.bucket(arn).versions > LARGEST_EMPTIED_BUCKET) return;
    store.buckets.delete(arn);
    store.logs.delete(name);
    for (const build of store.buildsOf(name)) store.builds.delete(build.id);
    for (const release of store.releasesOf(name)) store.releases.delete(release.id);
  });
  const giveUpAt = world.clock.now() + 10 * 60_000;
  const watch = (): void => {
    const stack = world.cloudFormation.find(arn);
    if (stack?.status === 'DELETE_FAILED') {
      world.cloudFormation.deleteStack(arn);
      return;
    }
    if (stack?.status === 'DELETE_IN_PROGRESS' && world.clock.now() < giveUpAt) api.later(10_000, watch);
  };
  api.later(10_000, watch);
}

function cancelUpdate(request: RackRequest, api: Api): Reply {
  const name = request.param('app');
  const stack = api.requireApp(name);
  if (!api.isClassic && humanStatus(stack.status) !== 'updating') throw new RackRefusal(403, 'app is not updating');
  api.callAws(() => {
    api.world.cloudFormation.cancelUpdate(stack.name);
  });
  api.view.forget();
  return SUCCESS;
}

/** `PUT /apps/A`: parameters, and the lock, after which the stack update finds nothing to do. */
function updateApp(request: RackRequest, api: Api): Reply {
  const name = request.param('app');
  const stack = api.findApp(name);
  if (stack === undefined) throw new RackRefusal(500, `stack not found: ${api.stackName(name)}`);
  const lock = request.form.get('lock');
  if (lock !== null && api.has(SINCE.locked)) {
    const live = api.world.cloudFormation.find(stack.arn);
    if (live !== undefined) live.terminationProtection = lock === 'true';
    api.view.forget();
  }
  updateAppParameters(api, stack, new Map(new URLSearchParams(request.field('parameters'))));
  return SUCCESS;
}
