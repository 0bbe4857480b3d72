import type { Api } from './api.ts';
import { updateAppParameters } from './app-stack.ts';
import { sorted } from './apps.ts';
import { updateRackParameters } from './rack-stack.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { json, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

/** Classic only: parameters of an app, or (under the rack's own name) of the rack; one form field each. */
export const parameterRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/apps/:app/parameters',
    operation: 'apps.parameters',
    before: SINCE.standard,
    handle: readParameters,
  },
  {
    method: 'POST',
    path: '/apps/:app/parameters',
    operation: 'apps.setParameters',
    before: SINCE.standard,
    handle: writeParameters,
  },
];

function readParameters(request: RackRequest, api: Api): Reply {
  const name = request.param('app');
  const stack = name === api.rack ? api.rackStack() : api.requireApp(name);
  return json(sorted(stack.parameters));
}

function writeParameters(request: RackRequest, api: Api): Reply {
  const name = request.param('app');
  const changes = new Map(request.form);
  if (name === api.rack) updateRackParameters(api, changes);
  else updateAppParameters(api, api.requireApp(name), changes);
  return SUCCESS;
}
