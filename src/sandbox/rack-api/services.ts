import { upperName } from '../stacks/templates/rack-features.ts';
import type { Api } from './api.ts';
import { certificateId, servicesOf, type AppService } from './app-services.ts';
import { updateAppParameters } from './app-stack.ts';
import { readInteger } from './limits.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

export const serviceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/apps/:app/formation',
    operation: 'services.list',
    before: SINCE.standard,
    handle: (request, api) => {
      const services = servicesOf(api, api.requireApp(request.param('app')));
      return json(services.map((service) => formationJson(service)));
    },
  },
  {
    method: 'POST',
    path: '/apps/:app/formation/:service',
    operation: 'services.scale',
    before: SINCE.standard,
    handle: (request, api) => {
      for (const field of ['count', 'cpu', 'memory']) {
        if (!/^(|-?\d+)$/.test(request.field(field))) throw new RackRefusal(403, `${field} must be numeric`);
      }
      return scale(request, api);
    },
  },
  {
    method: 'GET',
    path: '/apps/:app/services',
    operation: 'services.list',
    from: SINCE.services,
    handle: (request, api) => {
      const services = servicesOf(api, api.requireApp(request.param('app')));
      return json(services.map((service) => serviceJson(api, service)));
    },
  },
  {
    method: 'PUT',
    path: '/apps/:app/services/:service',
    operation: 'services.scale',
    from: SINCE.standard,
    handle: scale,
  },
  {
    method: 'POST',
    path: '/apps/:app/services/:service/restart',
    operation: 'services.restart',
    from: SINCE.serviceRestart,
    handle: restart,
  },
];

function formationJson({ host, name, count, memory, cpu, ports }: AppService): Record<string, unknown> {
  const numbers = ports?.map(({ balancer }) => balancer);
  return { balancer: host, name, count, memory, cpu, ports: numbers ?? null };
}

function serviceJson(api: Api, { count, cpu, host, memory, name, ports }: AppService): Record<string, unknown> {
  const shown = ports?.map(({ balancer, container, certificateArn }) => ({
    balancer,
    certificate: certificateId(api, certificateArn),
    container,
  }));
  return {
    count,
    cpu,
    domain: host,
    memory,
    name,
    ...(api.has(SINCE.nlbInServices) ? { nlb: null } : {}),
    ports: shown ?? null,
  };
}

/** Changes the parameter `<Service>Formation`: a stack update. */
function scale(request: RackRequest, api: Api): Reply {
  const stack = api.requireApp(request.param('app'));
  const service = request.param('service');
  const [count, cpu, memory] = ['count', 'cpu', 'memory'].map((field) => {
    const text = request.field(field);
    return text === '' ? undefined : readInteger(text);
  });
  const parameter = `${upperName(service)}Formation`;
  const current = stack.parameters.get(parameter);
  if (current === undefined) throw new RackRefusal(500, `could not read formation for service: ${service}`);
  const [oldCount = 1, oldCpu = 0, oldMemory = 256] = current.split(',').map(Number);
  const next = `${count ?? oldCount},${cpu ?? oldCpu},${memory ?? oldMemory}`;
  updateAppParameters(api, stack, new Map([[parameter, next]]));
  return SUCCESS;
}

/** New tasks of the same definition, one by one, as after a deployment. */
function restart(request: RackRequest, api: Api): Reply {
  const app = request.param('app');
  const name = request.param('service');
  api.requireApp(app);
  const service = [...api.world.compute.services.values()].find(
    (each) => !each.deleted && each.app === app && each.service === name,
  );
  if (service === undefined) throw new RackRefusal(404, `service not found: ${name}`);
  api.world.compute.updateService(service.id, { taskDefinition: { ...service.taskDefinition } });
  return SUCCESS;
}
