import type { Ports } from '../orchestrator/ports.ts';
import type { SecretFilter } from './secret-filter.ts';

/** The same ports; secrets of every environment that is read become known to the filter of our output. */
export function secretEnvironment(ports: Ports, secrets: SecretFilter): Ports {
  const { rack } = ports;
  return {
    ...ports,
    rack: {
      ...portsOf(rack),
      environment: {
        get: async (app, signal) => {
          const env = await rack.environment.get(app, signal);
          secrets.addEnvironment(env);
          return env;
        },
        set: (app, env, signal) => rack.environment.set(app, env, signal),
      },
    },
  };
}

/** The operations one by one: a client is an object of a class, whose spread would lose what is not its own. */
function portsOf({ system, apps, environment, builds, releases, services, resources }: Ports['rack']): Ports['rack'] {
  return { system, apps, environment, builds, releases, services, resources };
}
