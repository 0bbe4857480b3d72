import { MigrationError } from '../errors.ts';
import { ask, tell, type RackContext } from './context.ts';
import { encodeMap, goTime, pathOf } from './form.ts';
import { needsChange } from './parameters.ts';
import type { AppGeneration, RackApp, RackMetric, TextMap } from './rack-types.ts';
import { App, listOf, Metric, Parameters } from './schema.ts';
import { writeThenLook } from './unclear-write.ts';
import { isAtLeast } from './versions.ts';

/** What to measure; times default to the rack's choice. */
export interface MetricsQuery {
  readonly start?: Date;
  readonly end?: Date;
  readonly periodSeconds?: number;
}

/** The apps of a rack. */
export interface AppOperations {
  /** All apps, sorted by name. A new one can be missing for 5 s: the rack answers from a cache. */
  list(signal: AbortSignal): Promise<readonly RackApp[]>;
  /** @throws {MigrationError} `RACK_NOT_FOUND` */
  get(name: string, signal: AbortSignal): Promise<RackApp>;
  /** As `get`, but `undefined` when the rack says that this very app does not exist. */
  find(name: string, signal: AbortSignal): Promise<RackApp | undefined>;
  /**
   * Starts to create an app; wait until its status is `running` (`failed` is final).
   *
   * @throws {MigrationError} `RACK_CONFLICT` when the name is taken, `RACK_UNSUPPORTED` when the rack would silently
   * make it generation 1 (before 20171102200537), `RACK_INVALID` for a name the rack refuses.
   */
  create(app: { readonly name: string; readonly generation: AppGeneration }, signal: AbortSignal): Promise<RackApp>;
  /**
   * Starts to delete an app. There is no way back once it is accepted: builds, releases and images go at once, before
   * the stack (convox/rack@20171213132441 provider/aws/apps.go `cleanup`).
   *
   * @throws {MigrationError} `RACK_NOT_FOUND`, `RACK_CONFLICT` while it is locked or linked to a resource.
   */
  delete(name: string, signal: AbortSignal): Promise<void>;
  /** Cancels a running update; the app then rolls back. @throws {MigrationError} `RACK_CONFLICT` if none is running. */
  cancel(name: string, signal: AbortSignal): Promise<void>;
  parameters(name: string, signal: AbortSignal): Promise<TextMap>;
  /**
   * Changes parameters of an app's stack; does nothing if all have their values already.
   *
   * @throws {MigrationError} `RACK_INVALID` for a parameter the stack does not have (a rack would drop it silently),
   * `RACK_BUSY` while the stack is changing.
   */
  setParameters(name: string, changes: TextMap, signal: AbortSignal): Promise<void>;
  /** Protects an app from deletion, or lifts that. @throws {MigrationError} `RACK_UNSUPPORTED` before 20181019133036. */
  setLock(name: string, lock: 'locked' | 'unlocked', signal: AbortSignal): Promise<void>;
  /** CPU, memory and count over time. @throws {MigrationError} `RACK_UNSUPPORTED` on racks without the call. */
  metrics(name: string, query: MetricsQuery, signal: AbortSignal): Promise<readonly RackMetric[]>;
}

const FIRST_GENERATION_2 = '20171102200537';
const FIRST_LOCK = '20181019133036';

export function createAppOperations(context: RackContext): AppOperations {
  const { session } = context;

  const get: AppOperations['get'] = async (name, signal) =>
    ask(context, App, { operation: 'apps.get', subject: name, method: 'GET', path: pathOf('apps', name) }, signal);

  const find: AppOperations['find'] = async (name, signal) => {
    try {
      return await get(name, signal);
    } catch (error) {
      if (saysGone(error, name)) return undefined;
      throw error;
    }
  };

  /** As `find`, also for a name that belongs to something else, such as the rack: the rack itself will refuse that. */
  const findAnything: AppOperations['find'] = async (name, signal) => {
    try {
      return await get(name, signal);
    } catch (error) {
      if (MigrationError.is(error, 'RACK_NOT_FOUND')) return undefined;
      throw error;
    }
  };

  const parameters: AppOperations['parameters'] = async (name, signal) =>
    session.speak(async ({ era }) => {
      if (era === 'standard') return (await get(name, signal)).parameters ?? {};
      const path = pathOf('apps', name, 'parameters');
      return await ask(
        context,
        Parameters,
        { operation: 'apps.parameters', subject: name, method: 'GET', path },
        signal,
      );
    }, signal);

  return {
    list: async (signal) => ask(context, listOf(App), { operation: 'apps.list', method: 'GET', path: '/apps' }, signal),
    get,
    find,
    parameters,

    create: async ({ name, generation }, signal) => {
      assertNamed('apps.create', name);
      const { version, isSettled } = await session.dialect(signal);
      if (generation === '2' && isSettled && !isAtLeast(version, FIRST_GENERATION_2))
        throw withoutGeneration2(name, version);
      const before = await findAnything(name, signal);
      return await writeThenLook(
        {
          ...context,
          what: `apps.create ${name}`,
          act: async () => createOnce(context, name, generation, signal),
          look: async () => {
            const now = await find(name, signal);
            const isOurs = now !== undefined && before === undefined && now.generation === generation;
            return isOurs
              ? { state: 'landed', value: now }
              : { state: 'absent', saw: now === undefined ? 'no such app' : `app ${name} was there before` };
          },
        },
        signal,
      );
    },

    delete: async (name, signal) => {
      assertNamed('apps.delete', name);
      await writeThenLook(
        {
          ...context,
          what: `apps.delete ${name}`,
          act: async () => deleteOnce(context, name, signal),
          look: async () => {
            const now = await find(name, signal);
            return now === undefined || now.status === 'deleting'
              ? { state: 'landed', value: undefined }
              : { state: 'absent', saw: `status ${now.status}` };
          },
        },
        signal,
      );
    },

    cancel: async (name, signal) =>
      tell(
        context,
        { operation: 'apps.cancel', subject: name, method: 'POST', path: pathOf('apps', name, 'cancel') },
        signal,
      ),

    setParameters: async (name, changes, signal) => {
      const current = await parameters(name, signal);
      if (!needsChange(`apps.setParameters ${name}`, current, changes)) return;
      await session.speak(async ({ era }) => {
        const label = { operation: 'apps.setParameters', subject: name } as const;
        return era === 'standard'
          ? tell(
              context,
              {
                ...label,
                method: 'PUT',
                path: pathOf('apps', name),
                body: { type: 'form', fields: { parameters: encodeMap(changes) } },
              },
              signal,
            )
          : tell(
              context,
              {
                ...label,
                method: 'POST',
                path: pathOf('apps', name, 'parameters'),
                body: { type: 'form', fields: changes },
              },
              signal,
            );
      }, signal);
    },

    setLock: async (name, lock, signal) => {
      const { version } = await session.dialect(signal);
      if (!isAtLeast(version, FIRST_LOCK)) throw withoutLock(name, version);
      const isLocked = lock === 'locked';
      if ((await get(name, signal)).locked === isLocked) return;
      try {
        const fields = { lock: isLocked };
        const request = {
          operation: 'apps.setLock',
          subject: name,
          method: 'PUT',
          path: pathOf('apps', name),
        } as const;
        await tell(context, { ...request, body: { type: 'form', fields } }, signal);
      } catch (error) {
        // The rack sets the lock, and then fails because the stack itself has nothing to update
        // (convox/rack@20260421192651 provider/aws/apps.go `AppUpdate`).
        if (!MigrationError.is(error) || error.details['noChange'] !== true) throw error;
        if ((await get(name, signal)).locked !== isLocked) throw error;
      }
    },

    metrics: async (name, { start, end, periodSeconds }, signal) =>
      ask(
        context,
        listOf(Metric),
        {
          operation: 'apps.metrics',
          subject: name,
          method: 'GET',
          path: pathOf('apps', name, 'metrics'),
          query: {
            start: start === undefined ? undefined : goTime(start),
            end: end === undefined ? undefined : goTime(end),
            period: periodSeconds,
          },
        },
        signal,
      ),
  };
}

async function createOnce(
  context: RackContext,
  name: string,
  generation: AppGeneration,
  signal: AbortSignal,
): Promise<RackApp> {
  const app = await ask(
    context,
    App,
    {
      operation: 'apps.create',
      subject: name,
      method: 'POST',
      path: '/apps',
      body: { type: 'form', fields: { generation, name } },
    },
    signal,
  );
  if (app.generation === generation && app.name === name) return app;
  throw new MigrationError(
    'RACK_PROTOCOL',
    `apps.create ${name}: asked for generation ${generation}, the rack made "${app.name}" of generation ${app.generation}`,
    {
      hint: `Delete the app again; this rack does not understand the request.`,
      details: { app: app.name, landed: 'no' },
    },
  );
}

/** True only for an answer that names this very app as missing. */
function saysGone(error: unknown, name: string): boolean {
  return MigrationError.is(error, 'RACK_NOT_FOUND') && error.details['missingApp'] === name;
}

// A standard rack also answers a delete with 404 when *another* app is missing that some resource is still linked to
// (convox/rack@20260421192651 provider/aws/resource.go `resourceApps`): that must not read as "gone".
async function deleteOnce(context: RackContext, name: string, signal: AbortSignal): Promise<void> {
  try {
    const request = { operation: 'apps.delete', subject: name, method: 'DELETE', path: pathOf('apps', name) } as const;
    await tell(context, request, signal);
  } catch (error) {
    const isOther = MigrationError.is(error, 'RACK_NOT_FOUND') && !saysGone(error, name);
    if (!isOther) throw error;
    const missing = error.details['missingApp'];
    throw new MigrationError('RACK_CONFLICT', `${error.message}; that is not ${name}, which has not been deleted`, {
      hint: `A rack resource is linked to an app that no longer exists${typeof missing === 'string' ? ` (${missing})` : ''}. Unlink it, then try again.`,
      details: error.details,
    });
  }
}

function assertNamed(what: string, name: string): void {
  if (name !== '') return;
  throw new MigrationError('RACK_INVALID', `${what}: the name is empty`, { hint: 'Give the name of the app.' });
}

function withoutGeneration2(name: string, version: string): MigrationError {
  return new MigrationError('RACK_UNSUPPORTED', `apps.create ${name}: rack version ${version} has no generation 2`, {
    hint: `It would silently create generation 1. Update the rack to ${FIRST_GENERATION_2} or newer first.`,
    details: { version, since: FIRST_GENERATION_2 },
  });
}

function withoutLock(name: string, version: string): MigrationError {
  return new MigrationError('RACK_UNSUPPORTED', `apps.setLock ${name}: rack version ${version} has no lock`, {
    hint: `Locks exist from ${FIRST_LOCK}.`,
    details: { version, since: FIRST_LOCK },
  });
}
