import { MigrationError } from '../errors.ts';
import { ask, tell, type RackContext } from './context.ts';
import { pathOf } from './form.ts';
import type { RackService, RackSslBinding } from './rack-types.ts';
import { ClassicFormation, ClassicSsl, listOf, StandardService } from './schema.ts';

/** What to change of a service; at least one. */
export interface ServiceScale {
  /** Tasks; -1 removes a generation 1 service from the formation. */
  readonly count?: number;
  /** 1/1024 core. */
  readonly cpu?: number;
  /** MB. */
  readonly memory?: number;
}

/** The services of an app. */
export interface ServiceOperations {
  /** In one shape for both eras; empty before the first promotion. */
  list(app: string, signal: AbortSignal): Promise<readonly RackService[]>;
  /** Starts to scale a service; afterwards wait until the app is `running`. */
  scale(app: string, service: string, scale: ServiceScale, signal: AbortSignal): Promise<void>;
  /** Replaces all tasks. @throws {MigrationError} `RACK_UNSUPPORTED` before 20191015110402. */
  restart(app: string, service: string, signal: AbortSignal): Promise<void>;
}

/** Certificates on the ports of generation 1 services. */
export interface SslOperations {
  /** Only ports with a certificate; empty for generation 2, whose certificates follow the manifest's domains. */
  list(app: string, signal: AbortSignal): Promise<readonly RackSslBinding[]>;
  /**
   * Puts a certificate on a port of a generation 1 service.
   *
   * @throws {MigrationError} `RACK_NOT_FOUND` for a certificate that is not in the rack's list, which the rack itself
   * would take and do nothing; `RACK_INVALID` for generation 2.
   */
  update(app: string, service: string, port: number, certificateId: string, signal: AbortSignal): Promise<void>;
}

export function createServiceOperations(context: RackContext): ServiceOperations {
  const { session } = context;
  return {
    list: async (app, signal) =>
      session.speak(async ({ era }) => {
        const label = { operation: 'services.list', subject: app, method: 'GET' } as const;
        return era === 'classic'
          ? ask(context, listOf(ClassicFormation), { ...label, path: pathOf('apps', app, 'formation') }, signal)
          : ask(context, listOf(StandardService), { ...label, path: pathOf('apps', app, 'services') }, signal);
      }, signal),

    scale: async (app, service, { count, cpu, memory }, signal) =>
      session.speak(async ({ era, version }) => {
        const label = { operation: 'services.scale', subject: `${app} ${service}` } as const;
        const body = { type: 'form', fields: { count, cpu, memory } } as const;
        return era === 'classic'
          ? tell(
              context,
              {
                ...label,
                body,
                method: 'POST',
                path: pathOf('apps', app, 'formation', service),
                // Read for count=-1 only: an old client would have meant "leave it" (api/controllers/formation.go).
                ...(count === -1 ? { headers: { Version: version } } : {}),
              },
              signal,
            )
          : tell(context, { ...label, body, method: 'PUT', path: pathOf('apps', app, 'services', service) }, signal);
      }, signal),

    restart: async (app, service, signal) =>
      tell(
        context,
        {
          operation: 'services.restart',
          subject: `${app} ${service}`,
          method: 'POST',
          path: pathOf('apps', app, 'services', service, 'restart'),
        },
        signal,
      ),
  };
}

export function createSslOperations(
  context: RackContext,
  services: ServiceOperations,
  listCertificateIds: (signal: AbortSignal) => Promise<readonly string[]>,
): SslOperations {
  const { session } = context;
  return {
    list: async (app, signal) =>
      session.speak(async ({ era }) => {
        if (era === 'classic') {
          const path = pathOf('apps', app, 'ssl');
          return await ask(
            context,
            listOf(ClassicSsl),
            { operation: 'ssl.list', subject: app, method: 'GET', path },
            signal,
          );
        }
        return (await services.list(app, signal)).flatMap((service) =>
          service.ports.flatMap(({ balancer, certificate }) =>
            certificate === undefined
              ? []
              : [{ service: service.name, port: balancer, certificate, domain: '', expiration: undefined }],
          ),
        );
      }, signal),

    update: async (app, service, port, certificateId, signal) => {
      if (!(await listCertificateIds(signal)).includes(certificateId)) {
        throw new MigrationError('RACK_NOT_FOUND', `ssl.update ${app}: no certificate ${certificateId} on this rack`, {
          hint: 'certificates.list shows those there are.',
          details: { app, service, port, certificateId },
        });
      }
      await tell(
        context,
        {
          operation: 'ssl.update',
          subject: `${app} ${service}:${port}`,
          method: 'PUT',
          path: pathOf('apps', app, 'ssl', service, String(port)),
          body: { type: 'form', fields: { id: certificateId } },
        },
        signal,
      );
    },
  };
}
