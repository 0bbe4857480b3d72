import { ask, tell, type RackContext } from './context.ts';
import { encodeKey } from './form.ts';
import type { RackRegistry } from './rack-types.ts';
import { listOf, Registry } from './schema.ts';

/** Private image registries that builds may pull from. Passwords are sent, never read. */
export interface RegistryOperations {
  list(signal: AbortSignal): Promise<readonly RackRegistry[]>;
  add(
    registry: { readonly server: string; readonly username: string; readonly password: string },
    signal: AbortSignal,
  ): Promise<RackRegistry>;
  remove(server: string, signal: AbortSignal): Promise<void>;
}

export function createRegistryOperations(context: RackContext): RegistryOperations {
  const { session, secrets } = context;
  return {
    list: async (signal) =>
      ask(context, listOf(Registry), { operation: 'registries.list', method: 'GET', path: '/registries' }, signal),

    add: async ({ server, username, password }, signal) => {
      secrets.add(password);
      const request = { operation: 'registries.add', subject: server, method: 'POST', path: '/registries' } as const;
      const fields = { server, username, password };
      return ask(context, Registry, { ...request, body: { type: 'form', fields }, isRepeatable: true }, signal);
    },

    remove: async (server, signal) =>
      session.speak(async ({ era }) => {
        const label = { operation: 'registries.remove', subject: server, method: 'DELETE' } as const;
        return era === 'classic'
          ? tell(context, { ...label, path: '/registries', query: { server } }, signal)
          : tell(context, { ...label, path: `/registries/${encodeKey(server)}` }, signal);
      }, signal),
  };
}
