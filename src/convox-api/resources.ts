import { ask, tell, type RackContext } from './context.ts';
import { encodeMap, pathOf } from './form.ts';
import type { RackResource, TextMap } from './rack-types.ts';
import { listOf, Resource } from './schema.ts';

export interface NewResource {
  readonly name: string;
  /** `syslog`, `postgres`, … */
  readonly type: string;
  /** Options of the type, such as `url` of a syslog resource. */
  readonly options: TextMap;
}

/** The rack's own resources and their links to apps; only log drains can be linked. */
export interface ResourceOperations {
  /** Without links on classic racks: `get` each one to see them. */
  list(signal: AbortSignal): Promise<readonly RackResource[]>;
  /** @throws {MigrationError} `RACK_NOT_FOUND` */
  get(name: string, signal: AbortSignal): Promise<RackResource>;
  /** Every resource linked to an app, found by getting each one. */
  linkedTo(app: string, signal: AbortSignal): Promise<readonly RackResource[]>;
  create(resource: NewResource, signal: AbortSignal): Promise<RackResource>;
  /** Changes options of a resource. */
  update(name: string, options: TextMap, signal: AbortSignal): Promise<RackResource>;
  /** @throws {MigrationError} `RACK_CONFLICT` while it is linked. */
  delete(name: string, signal: AbortSignal): Promise<void>;
  /**
   * Links a resource to an app, which updates the resource's stack: wait until it is `running`. Links belong to the app's
   * name and stack, so an app that is made anew needs them again.
   */
  link(name: string, app: string, signal: AbortSignal): Promise<RackResource>;
  unlink(name: string, app: string, signal: AbortSignal): Promise<RackResource>;
  /** Resources of an app (convox.yml `resources`). @throws {MigrationError} `RACK_UNSUPPORTED` before 20190115161630. */
  ofApp(app: string, signal: AbortSignal): Promise<readonly RackResource[]>;
}

export function createResourceOperations(context: RackContext): ResourceOperations {
  const { session, secrets } = context;

  /** A resource's url holds its password as often as not. */
  const keepSecret = (resource: RackResource): RackResource => {
    if (resource.url !== undefined) secrets.add(resource.url);
    return resource;
  };

  const list: ResourceOperations['list'] = async (signal) => {
    const request = { operation: 'resources.list', method: 'GET', path: '/resources' } as const;
    return (await ask(context, listOf(Resource), request, signal)).map(keepSecret);
  };

  const get: ResourceOperations['get'] = async (name, signal) => {
    const request = {
      operation: 'resources.get',
      subject: name,
      method: 'GET',
      path: pathOf('resources', name),
    } as const;
    return keepSecret(await ask(context, Resource, request, signal));
  };

  return {
    list,
    get,

    linkedTo: async (app, signal) => {
      const linked: RackResource[] = [];
      for (const { name } of await list(signal)) {
        const resource = await get(name, signal);
        if (resource.linkedApps.includes(app)) linked.push(resource);
      }
      return linked;
    },

    create: async ({ name, type, options }, signal) => {
      secrets.add(...Object.values(options));
      return session.speak(async ({ era }) => {
        const fields =
          era === 'classic' ? { name, type, ...options } : { kind: type, name, parameters: encodeMap(options) };
        const request = { operation: 'resources.create', subject: name, method: 'POST', path: '/resources' } as const;
        return ask(context, Resource, { ...request, body: { type: 'form', fields } }, signal);
      }, signal);
    },

    update: async (name, options, signal) => {
      secrets.add(...Object.values(options));
      return session.speak(async ({ era }) => {
        const fields = era === 'classic' ? options : { parameters: encodeMap(options) };
        const path = pathOf('resources', name);
        const request = { operation: 'resources.update', subject: name, method: 'PUT', path } as const;
        return ask(context, Resource, { ...request, body: { type: 'form', fields } }, signal);
      }, signal);
    },

    delete: async (name, signal) =>
      tell(
        context,
        { operation: 'resources.delete', subject: name, method: 'DELETE', path: pathOf('resources', name) },
        signal,
      ),

    link: async (name, app, signal) =>
      keepSecret(
        await ask(
          context,
          Resource,
          {
            operation: 'resources.link',
            subject: `${name} ${app}`,
            method: 'POST',
            path: pathOf('resources', name, 'links'),
            body: { type: 'form', fields: { app } },
          },
          signal,
        ),
      ),

    unlink: async (name, app, signal) => {
      const path = pathOf('resources', name, 'links', app);
      const request = { operation: 'resources.unlink', subject: `${name} ${app}`, method: 'DELETE', path } as const;
      return keepSecret(await ask(context, Resource, request, signal));
    },

    ofApp: async (app, signal) => {
      const path = pathOf('apps', app, 'resources');
      const request = { operation: 'resources.ofApp', subject: app, method: 'GET', path } as const;
      return (await ask(context, listOf(Resource), request, signal)).map(keepSecret);
    },
  };
}
