import type { StackTemplate } from '../model/stacks.ts';
import { upperName } from '../stacks/templates/rack-features.ts';
import type { Api } from './api.ts';
import { getApp } from './apps.ts';
import { isResource, linkedApps, linkOutput, listResources } from './resource-links.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';
import { humanStatus, type StackFacts } from './stack-view.ts';

const classicAlias = (path: string): readonly Pick<Route, 'path' | 'before'>[] => [
  { path: `/resources${path}` },
  // Resources were called services first; the old paths stayed until the standard API.
  { path: `/services${path}`, before: SINCE.standard },
];

export const resourceRoutes: readonly Route[] = [
  ...classicAlias('').flatMap((at): Route[] => [
    {
      ...at,
      method: 'GET',
      operation: 'resources.list',
      handle: (_request, api) =>
        json(listResources(api).map((stack) => resourceJson(api, stack, { apps: undefined, isListed: true }))),
    },
    { ...at, method: 'POST', operation: 'resources.create', handle: createResource },
  ]),
  ...classicAlias('/:resource').flatMap((at): Route[] => [
    {
      ...at,
      method: 'GET',
      operation: 'resources.get',
      handle: (request, api) => {
        const stack = requireResource(api, request.param('resource'));
        return json(resourceJson(api, stack, { apps: linkedApps(stack) }));
      },
    },
    { ...at, method: 'DELETE', operation: 'resources.delete', handle: deleteResource },
  ]),
  ...classicAlias('/:resource/links').map((at): Route => ({
    ...at,
    method: 'POST',
    operation: 'resources.link',
    handle: link,
  })),
  ...classicAlias('/:resource/links/:app').map((at): Route => ({
    ...at,
    method: 'DELETE',
    operation: 'resources.unlink',
    handle: unlink,
  })),
  {
    method: 'GET',
    path: '/apps/:app/resources',
    operation: 'resources.listOfApp',
    from: SINCE.appResources,
    handle: (request, api) => {
      api.requireApp(request.param('app'));
      return json([]);
    },
  },
];

const LINKABLE = ['syslog', 'fluentd'];

function resourceJson(
  api: Api,
  stack: StackFacts,
  { apps, isListed = false }: { readonly apps: readonly string[] | undefined; readonly isListed?: boolean },
): Record<string, unknown> {
  const name = stack.tags.get('Name') ?? '';
  const status = humanStatus(stack.status);
  const type = stack.tags.get('Resource') ?? '';
  const url = stack.parameters.get('Url') ?? '';
  const linked = apps?.map((app) => getApp(api, app));
  if (api.isClassic && !api.has(SINCE.resourceUrlAndParameters)) {
    return { name, status, 'status-reason': '', type, apps: linked ?? null, exports: isListed ? {} : { URL: url } };
  }
  const shown = { name, parameters: Object.fromEntries(stack.parameters), status, type, url };
  return linked === undefined || linked.length === 0 ? shown : { ...shown, apps: linked };
}

function requireResource(api: Api, name: string): StackFacts {
  const stack = api.view.describe(api.stackName(name));
  if (stack !== undefined && isResource(api, stack)) return stack;
  if (api.isClassic) throw new RackRefusal(404, `no such resource: ${name}`);
  if (stack === undefined) throw api.awsError('ValidationError', `Stack with id ${api.stackName(name)} does not exist`);
  throw new RackRefusal(404, `resource not found: ${name}`);
}

/** The parameters of a resource: classic one field each, standard a form inside the form. */
function readParameters(request: RackRequest, api: Api): ReadonlyMap<string, string> {
  const fields = api.isClassic ? request.form : new URLSearchParams(request.field('parameters'));
  return new Map(
    [...fields].filter(([name]) => name !== 'name' && name !== 'type').map(([name, value]) => [upperName(name), value]),
  );
}

function createResource(request: RackRequest, api: Api): Reply {
  const type = request.field(api.isClassic ? 'type' : 'kind');
  const name = request.field('name');
  if (!LINKABLE.includes(type)) throw new RackRefusal(500, `the sandbox has no resources of type ${type}`);
  if (api.world.cloudFormation.find(api.stackName(name)) !== undefined) {
    throw new RackRefusal(500, `resource already exists: ${name}`);
  }
  installResource(api, { name, type, parameters: readParameters(request, api), apps: [] });
  if (api.isClassic && !api.has(SINCE.resourceUrlAndParameters)) {
    return json({ name, status: '', 'status-reason': '', type, apps: null, exports: null });
  }
  return json(resourceJson(api, requireResource(api, name), { apps: undefined }));
}

/** Makes the stack of a rack resource. */
export function installResource(
  api: Api,
  resource: {
    readonly name: string;
    readonly type: string;
    readonly parameters: ReadonlyMap<string, string>;
    readonly apps: readonly string[];
    /** As if it had always been there. */
    readonly isInstant?: boolean;
  },
): void {
  api.callAws(() =>
    api.world.cloudFormation.createStack({
      name: api.stackName(resource.name),
      template: resourceTemplate(api, resource.apps),
      parameters: resource.parameters,
      tags: new Map([
        ['System', 'convox'],
        ['Type', 'resource'],
        ['Rack', api.rack],
        ['Name', resource.name],
        ['Resource', resource.type],
      ]),
      instant: resource.isInstant ?? false,
    }),
  );
}

/** A log drain: a function that forwards, and one subscription for each linked app. */
function resourceTemplate(api: Api, apps: readonly string[]): StackTemplate {
  const drains = apps.map((app) => ({
    logicalId: linkOutput(app),
    type: 'AWS::Logs::SubscriptionFilter',
    dependsOn: ['Function'],
    properties: () => ({ app }),
  }));
  return {
    resources: [
      { logicalId: 'Role', type: 'AWS::IAM::Role', dependsOn: [], properties: () => ({}) },
      { logicalId: 'Function', type: 'AWS::Lambda::Function', dependsOn: ['Role'], properties: () => ({}) },
      ...drains,
    ],
    outputs: () => apps.map((app) => ({ key: linkOutput(app), value: api.stackName(app), exportName: undefined })),
  };
}

function deleteResource(request: RackRequest, api: Api): Reply {
  const name = request.param('resource');
  const stack = requireResource(api, name);
  const [linked] = linkedApps(stack);
  if (linked !== undefined) throw new RackRefusal(500, `resource is linked to ${linked}`);
  api.callAws(() => {
    api.world.cloudFormation.deleteStack(stack.name);
  });
  return api.isClassic ? json(resourceJson(api, stack, { apps: [] })) : SUCCESS;
}

function link(request: RackRequest, api: Api): Reply {
  const app = request.field('app');
  const stack = requireLinkable(request, api);
  const before = linkedApps(stack);
  getApp(api, app);
  if (before.includes(app)) {
    throw new RackRefusal(500, `resource ${stack.tags.get('Name') ?? ''} is already linked to app ${app}`);
  }
  return relink(api, stack, before, [...before, app]);
}

function unlink(request: RackRequest, api: Api): Reply {
  const app = request.param('app');
  const stack = requireLinkable(request, api);
  const before = linkedApps(stack);
  if (!before.includes(app)) {
    throw new RackRefusal(500, `resource ${stack.tags.get('Name') ?? ''} is not linked to app ${app}`);
  }
  return relink(
    api,
    stack,
    before,
    before.filter((each) => each !== app),
  );
}

function requireLinkable(request: RackRequest, api: Api): StackFacts {
  const stack = requireResource(api, request.param('resource'));
  const type = stack.tags.get('Resource') ?? '';
  if (!LINKABLE.includes(type)) throw new RackRefusal(500, `resource type ${type} does not have a link strategy`);
  const status = humanStatus(stack.status);
  if (api.isClassic && status !== 'running')
    throw new RackRefusal(403, `can not link to a resource in status ${status}`);
  return stack;
}

/** A stack update. Classic racks answer with the apps as they were, standard ones as they will be. */
function relink(api: Api, stack: StackFacts, before: readonly string[], after: readonly string[]): Reply {
  api.callAws(() => {
    api.world.cloudFormation.updateStack(stack.name, resourceTemplate(api, after), stack.parameters);
  });
  const reply = json(resourceJson(api, stack, { apps: api.isClassic ? before : after }));
  api.view.forget();
  return reply;
}
