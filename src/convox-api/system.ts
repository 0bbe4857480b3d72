import axios from 'axios';
import { MigrationError } from '../errors.ts';
import { waitFor } from '../time/wait.ts';
import { ask, tell, type RackContext } from './context.ts';
import { encodeMap, pathOf } from './form.ts';
import { needsChange } from './parameters.ts';
import { failure } from './rack-error.ts';
import type { RackCapacity, RackProcess, RackRelease, RackSystem, TextMap } from './rack-types.ts';
import { expectSuccess, parseReply } from './reply.ts';
import { Capacity, ListedRelease, listOf, Process, PublishedVersions, Token } from './schema.ts';
import { writeThenLook } from './unclear-write.ts';
import { versionWalk, type PublishedVersion } from './versions.ts';

export interface VersionWalkOptions {
  /** Limit in ms for each hop, default 35 minutes, as the convox CLI waits. */
  readonly timeoutMs?: number;
  /** Called before each hop. */
  readonly onHop?: (hop: { readonly version: string; readonly number: number; readonly of: number }) => void;
  /** Called while waiting, with what is seen. */
  readonly onPending?: (saw: string, elapsedMs: number) => void;
}

/** The rack itself. */
export interface SystemOperations {
  get(signal: AbortSignal): Promise<RackSystem>;
  /**
   * Changes parameters of the rack's stack; does nothing if all have their values already. Afterwards wait until the
   * status is `running` and the parameters have the new values.
   *
   * @throws {MigrationError} `RACK_INVALID` for a parameter the rack does not have (it would drop it silently),
   * `RACK_BUSY` while it is updating.
   */
  setParameters(changes: TextMap, signal: AbortSignal): Promise<void>;
  /**
   * Starts an update to a version. The rack does not check that required versions in between are visited: use
   * `updateAlong`, or `versions` and `versionWalk`. Nothing happens if the version is already there.
   *
   * @throws {MigrationError} `RACK_BUSY` while it is updating.
   */
  updateVersion(version: string, signal: AbortSignal): Promise<void>;
  /**
   * Updates to `target` (default: the newest) over every required version in between, waiting out each hop: the API is
   * away for up to 15 minutes in each, and may come back at another host.
   *
   * @throws {MigrationError} `RACK_UPDATE_FAILED` when a hop is rolled back, `TIMED_OUT`.
   */
  updateAlong(target: string | undefined, options: VersionWalkOptions, signal: AbortSignal): Promise<RackSystem>;
  /**
   * Changes number or type of the instances. @throws {MigrationError} `RACK_INVALID` for fewer than 3, or while autoscaling.
   */
  scale(instances: { readonly count?: number; readonly type?: string }, signal: AbortSignal): Promise<void>;
  /** All published versions (https://convox.s3.amazonaws.com/release/versions.json, without credentials). */
  versions(signal: AbortSignal): Promise<readonly PublishedVersion[]>;
  /** The versions the rack has had; `id` is the version. */
  releases(signal: AbortSignal): Promise<readonly RackRelease[]>;
  /** The rack's own containers, or `every` one on it. */
  processes(which: 'own' | 'every', signal: AbortSignal): Promise<readonly RackProcess[]>;
  capacity(signal: AbortSignal): Promise<RackCapacity>;
  /**
   * A token for a user `jwt` of this client. @throws {MigrationError} `RACK_UNSUPPORTED` before 20230704162933.
   */
  createToken(role: 'read' | 'write', hours: number, signal: AbortSignal): Promise<string>;
}

const HOP_LIMIT_MS = 35 * 60_000;
/** The rack's own cache (5 s) makes the first answers after a change worthless. */
const SETTLE_MS = 5_000;

export function createSystemOperations(context: RackContext, versionsUrl: string): SystemOperations {
  const { session, secrets, clock } = context;
  const get: SystemOperations['get'] = async (signal) => session.system(signal);

  const updateVersion: SystemOperations['updateVersion'] = async (version, signal) => {
    const before = await get(signal);
    if (before.version === version && before.status !== 'rollback') return;
    const act = async (): Promise<void> => {
      const request = { operation: 'system.updateVersion', subject: version, method: 'PUT', path: '/system' } as const;
      // A classic rack answers with the rack as it will be, a standard one with `ok`.
      expectSuccess(await session.text({ ...request, body: { type: 'form', fields: { version } } }, signal));
    };
    const look = async () => {
      const now = await get(signal);
      return now.version === version || now.status === 'updating'
        ? ({ state: 'landed', value: undefined } as const)
        : ({ state: 'absent', saw: `status ${now.status}, version ${now.version}` } as const);
    };
    try {
      await writeThenLook({ ...context, what: `system.updateVersion ${version}`, act, look }, signal);
    } finally {
      session.forget();
    }
  };

  const versions: SystemOperations['versions'] = async (signal) =>
    session.repeatRead('system.versions', async () => fetchVersions(context, versionsUrl, signal), signal);

  const settled = async (
    version: string,
    from: string,
    options: VersionWalkOptions,
    signal: AbortSignal,
  ): Promise<RackSystem> => {
    let inARow = 0;
    return waitFor(
      async () => {
        const system = await get(signal);
        const { status } = system;
        const isThere = status === 'running' && system.version === version;
        const isBack = status === 'failed' || (status === 'running' && system.version === from);
        inARow = isThere || isBack ? inARow + 1 : 0;
        if (inARow < 2) return { state: 'pending', saw: `status ${status}, version ${system.version}` };
        return isThere
          ? { state: 'ready', value: system }
          : { state: 'failed', error: rolledBack(from, version, status) };
      },
      {
        what: `rack update to ${version}`,
        intervalMs: SETTLE_MS,
        timeoutMs: options.timeoutMs ?? HOP_LIMIT_MS,
        clock,
        hint: "Look at the events of the rack's stack; the update may still be running.",
        // Everything that a restarting API can answer; a wrong password among it, which the new one may not know yet.
        isTransient: (error) =>
          MigrationError.is(error, 'RACK_UNREACHABLE', 'RACK_BUSY', 'RACK_PROTOCOL', 'RACK_UNAUTHORIZED'),
        ...(options.onPending === undefined ? {} : { onPending: options.onPending }),
      },
      signal,
    );
  };

  return {
    get,
    updateVersion,
    versions,

    setParameters: async (changes, signal) => {
      const { name, parameters } = await get(signal);
      if (!needsChange('system.setParameters', parameters, changes)) return;
      secrets.add(...Object.values(changes));
      await session.speak(async ({ era }) => {
        const operation = 'system.setParameters';
        return era === 'classic'
          ? tell(
              context,
              {
                operation,
                method: 'POST',
                path: pathOf('apps', name, 'parameters'),
                body: { type: 'form', fields: changes },
              },
              signal,
            )
          : tell(
              context,
              {
                operation,
                method: 'PUT',
                path: '/system',
                body: { type: 'form', fields: { parameters: encodeMap(changes) } },
              },
              signal,
            );
      }, signal);
    },

    updateAlong: async (target, options, signal) => {
      let system = await get(signal);
      const hops = versionWalk(await versions(signal), system.version, target);
      for (const [index, version] of hops.entries()) {
        options.onHop?.({ version, number: index + 1, of: hops.length });
        const from = system.version;
        await updateVersion(version, signal);
        await clock.sleep(SETTLE_MS, signal);
        system = await settled(version, from, options, signal);
      }
      return system;
    },

    scale: async ({ count, type }, signal) => {
      const request = { operation: 'system.scale', method: 'PUT', path: '/system' } as const;
      expectSuccess(await session.text({ ...request, body: { type: 'form', fields: { count, type } } }, signal));
    },

    releases: async (signal) =>
      ask(
        context,
        listOf(ListedRelease),
        { operation: 'system.releases', method: 'GET', path: '/system/releases' },
        signal,
      ),

    processes: async (which, signal) => {
      const request = { operation: 'system.processes', method: 'GET', path: '/system/processes' } as const;
      return ask(context, listOf(Process), { ...request, query: { all: which === 'every' } }, signal);
    },

    capacity: async (signal) =>
      ask(context, Capacity, { operation: 'system.capacity', method: 'GET', path: '/system/capacity' }, signal),

    createToken: async (role, hours, signal) => {
      const request = { operation: 'system.createToken', method: 'POST', path: '/system/jwt/token' } as const;
      const body = { type: 'form', fields: { role, durationInHour: hours } } as const;
      const { token } = await ask(context, Token, { ...request, body }, signal);
      secrets.add(token);
      if (token !== '') return token;
      throw new MigrationError('RACK_INVALID', `system.createToken: the rack gave an empty token for role ${role}`, {
        hint: 'It knows the roles read and write.',
      });
    },
  };
}

async function fetchVersions(
  { transport, secrets }: RackContext,
  url: string,
  signal: AbortSignal,
): Promise<readonly PublishedVersion[]> {
  const label = { what: 'system.versions', rack: new URL(url).host, effect: 'read' } as const;
  try {
    const response = await axios.get<string>(url, {
      responseType: 'text',
      timeout: transport.options.timeoutMs,
      signal,
      proxy: false,
      httpsAgent: transport.publicAgent(),
      transformResponse: (text: string) => text,
    });
    const headers = { 'content-type': 'application/json' }; // S3 calls it binary/octet-stream
    return parseReply({ status: response.status, headers, text: response.data, label }, PublishedVersions);
  } catch (error) {
    throw failure(label, error, secrets, signal);
  }
}

function rolledBack(from: string, version: string, status: string): MigrationError {
  return new MigrationError(
    'RACK_UPDATE_FAILED',
    `rack update to ${version} was rolled back: status ${status}, version ${from}`,
    {
      hint: "The first failed event of the rack's stack says why.",
      details: { from, version, status },
    },
  );
}
