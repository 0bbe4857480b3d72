import { SINCE } from './rack-versions.ts';
import { json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Api } from './api.ts';
import type { Route } from './routing.ts';

export const registryRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/registries',
    operation: 'registries.list',
    handle: (_request, api) => json([...api.store.registries.values()]),
  },
  {
    method: 'POST',
    path: '/registries',
    operation: 'registries.add',
    handle: (request, api) => {
      const registry = {
        server: request.field('server'),
        username: request.field('username'),
        password: request.field('password'),
      };
      api.store.registries.set(registry.server, registry);
      return json(registry);
    },
  },
  {
    method: 'DELETE',
    path: '/registries',
    operation: 'registries.remove',
    before: SINCE.standard,
    handle: (request, api) => remove(api, request.query.get('server') ?? ''),
  },
  {
    method: 'DELETE',
    path: '/registries/:server*',
    operation: 'registries.remove',
    from: SINCE.standard,
    handle: (request, api) => remove(api, request.param('server')),
  },
];

function remove(api: Api, server: string): Reply {
  if (!api.store.registries.delete(server)) {
    throw new RackRefusal(api.isClassic ? 500 : 404, `no such registry: ${server}`);
  }
  return SUCCESS;
}
