import { upperName } from '../stacks/templates/rack-features.ts';
import type { Api } from './api.ts';
import { servicesOf } from './app-services.ts';
import { updateAppParameters } from './app-stack.ts';
import { generationOf } from './apps.ts';
import { findCertificate, findCertificateByArn } from './certificates.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { goTime, json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

/** Certificates on the ports of generation-1 services. */
export const sslRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/apps/:app/ssl',
    operation: 'ssl.list',
    before: SINCE.standard,
    handle: (request, api) => json(listSsl(api, request.param('app'))),
  },
  { method: 'PUT', path: '/apps/:app/ssl/:service/:port', operation: 'ssl.update', handle: updateSsl },
];

function listSsl(api: Api, app: string): unknown[] {
  return servicesOf(api, api.requireApp(app)).flatMap(({ name, ports }) =>
    (ports ?? []).flatMap(({ balancer, certificateArn }) => {
      const certificate = findCertificateByArn(api, certificateArn);
      if (certificate === undefined) return [];
      const { id, domain, expiresAt } = certificate;
      return [{ certificate: id, domain, expiration: goTime(expiresAt), process: name, port: balancer }];
    }),
  );
}

/** An unknown certificate is not refused: the update is then empty, and AWS says so. */
function updateSsl(request: RackRequest, api: Api): Reply {
  const stack = api.requireApp(request.param('app'));
  if (generationOf(stack) === '2') {
    throw new RackRefusal(
      500,
      api.isClassic
        ? 'not yet supported for generation 2'
        : 'generation 2 apps use the domain: attribute on services in convox.yml',
    );
  }
  const parameter = `${upperName(request.param('service'))}Port${request.param('port')}Listener`;
  const [hostPort = ''] = (stack.parameters.get(parameter) ?? '').split(',');
  const certificate = findCertificate(api, request.field('id'));
  const changes = certificate === undefined ? [] : [[parameter, `${hostPort},${certificate.arn}`] as const];
  updateAppParameters(api, stack, new Map(changes));
  return SUCCESS;
}
