import { ask, tell, type RackContext } from './context.ts';
import { pathOf } from './form.ts';
import type { RackInstance } from './rack-types.ts';
import { Instance, listOf } from './schema.ts';

/** The EC2 instances of a rack. */
export interface InstanceOperations {
  list(signal: AbortSignal): Promise<readonly RackInstance[]>;
  /** Terminates an instance; the autoscaling group replaces it. */
  terminate(id: string, signal: AbortSignal): Promise<void>;
  /** Gives all instances a new SSH key, by replacing them one after the other. */
  keyroll(signal: AbortSignal): Promise<void>;
}

export function createInstanceOperations(context: RackContext): InstanceOperations {
  return {
    list: async (signal) =>
      ask(context, listOf(Instance), { operation: 'instances.list', method: 'GET', path: '/instances' }, signal),
    terminate: async (id, signal) =>
      tell(
        context,
        { operation: 'instances.terminate', subject: id, method: 'DELETE', path: pathOf('instances', id) },
        signal,
      ),
    keyroll: async (signal) =>
      tell(context, { operation: 'instances.keyroll', method: 'POST', path: '/instances/keyroll' }, signal),
  };
}
