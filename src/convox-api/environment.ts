import { MigrationError } from '../errors.ts';
import { ask, type RackContext } from './context.ts';
import { environmentDifference, formatEnvironment, type EnvironmentMap } from './environment-text.ts';
import { pathOf } from './form.ts';
import { parseReply } from './reply.ts';
import { Release, Environment as Variables } from './schema.ts';
import type { ReleaseOperations } from './releases.ts';
import { writeThenLook } from './unclear-write.ts';

/** The environment of an app. Values are never logged or quoted. */
export interface EnvironmentOperations {
  /** What the latest release of the app has, promoted or not; empty when there is no release. */
  get(app: string, signal: AbortSignal): Promise<EnvironmentMap>;
  /**
   * Replaces the whole environment, byte for byte, by making a new release; it is not promoted. A later build takes it
   * over, so: set the environment, build, promote the build's release.
   *
   * @throws {MigrationError} `ENVIRONMENT_INVALID` before anything is sent for what a rack cannot hold (a value with a
   * newline), `ENVIRONMENT_MISMATCH` when the rack has understood something else; names only, never values. `RACK_BUSY`
   * while the app is being created.
   */
  set(app: string, env: EnvironmentMap, signal: AbortSignal): Promise<{ readonly releaseId: string }>;
  /** Removes one variable, as a new release that is not promoted. Does nothing if there is no such variable. */
  unset(app: string, name: string, signal: AbortSignal): Promise<{ readonly releaseId: string } | undefined>;
}

interface Written {
  readonly releaseId: string;
  /** What the rack has understood. */
  readonly env: EnvironmentMap;
}

// The classic form is used as long as it exists, as the convox CLI does: setting the environment by a release copies
// the latest release, by /environment the promoted one (convox/rack@20260421192651 pkg/cli/env.go).
export function createEnvironmentOperations(context: RackContext, releases: ReleaseOperations): EnvironmentOperations {
  const { session, secrets } = context;

  const get: EnvironmentOperations['get'] = async (app, signal) =>
    session.speak(async ({ era }) => {
      const env =
        era === 'classic' ? await readClassic(context, app, signal) : await readStandard(releases, app, signal);
      secrets.add(...env.values());
      return env;
    }, signal);

  const set: EnvironmentOperations['set'] = async (app, env, signal) => {
    const text = formatEnvironment(env);
    secrets.add(...env.values());
    const written = await session.speak(
      async ({ era }) =>
        writeThenLook(
          {
            ...context,
            what: `environment.set ${app}`,
            act: async () =>
              era === 'classic' ? writeClassic(context, app, text, signal) : writeStandard(context, app, text, signal),
            look: async () => {
              const now = await get(app, signal);
              const different = environmentDifference(env, now).length;
              const [latest] = await releases.list(app, { limit: 1 }, signal);
              return different === 0 && latest !== undefined
                ? { state: 'landed', value: { releaseId: latest.id, env: now } }
                : { state: 'absent', saw: `${different} variables differ` };
            },
          },
          signal,
        ),
      signal,
    );
    // The answer of a standard rack only echoes the text; reading the release shows what was understood.
    const { era } = await session.dialect(signal);
    const understood = era === 'classic' ? written.env : (await releases.get(app, written.releaseId, signal)).env;
    assertSame(app, env, understood);
    return { releaseId: written.releaseId };
  };

  return {
    get,
    set,
    unset: async (app, name, signal) => {
      const env = await get(app, signal);
      if (!env.has(name)) return undefined;
      const { era } = await session.dialect(signal);
      const rest = new Map([...env].filter(([key]) => key !== name));
      if (era === 'standard') return await set(app, rest, signal);
      const path = pathOf('apps', app, 'environment', name);
      const request = { operation: 'environment.unset', subject: app, method: 'DELETE', path } as const;
      const written = await releaseOfReply(context, request, signal);
      assertSame(app, rest, written.env);
      return { releaseId: written.releaseId };
    },
  };
}

async function readClassic(context: RackContext, app: string, signal: AbortSignal): Promise<EnvironmentMap> {
  const path = pathOf('apps', app, 'environment');
  const request = { operation: 'environment.get', subject: app, method: 'GET', path } as const;
  return new Map(Object.entries(await ask(context, Variables, request, signal)));
}

async function readStandard(releases: ReleaseOperations, app: string, signal: AbortSignal): Promise<EnvironmentMap> {
  const [latest] = await releases.list(app, { limit: 1 }, signal);
  return latest === undefined ? new Map() : (await releases.get(app, latest.id, signal)).env;
}

// The body is the raw text, although it is labelled as a form: percent signs and ampersands are literal
// (convox/rack@20171213132441 api/controllers/environment.go).
async function writeClassic(context: RackContext, app: string, text: string, signal: AbortSignal): Promise<Written> {
  const body = { type: 'raw', contentType: 'application/x-www-form-urlencoded', content: text } as const;
  const path = pathOf('apps', app, 'environment');
  return releaseOfReply(context, { operation: 'environment.set', subject: app, method: 'POST', path, body }, signal);
}

async function releaseOfReply(
  { session }: RackContext,
  request: Parameters<RackContext['session']['text']>[0],
  signal: AbortSignal,
): Promise<Written> {
  const reply = await session.text(request, signal);
  const env = new Map(Object.entries(parseReply(reply, Variables)));
  const releaseId = reply.headers['release-id'];
  if (releaseId !== undefined && releaseId !== '') return { releaseId, env };
  throw new MigrationError('RACK_PROTOCOL', `${reply.label.what} on rack ${reply.label.rack}: no Release-Id header`, {
    hint: 'The environment has probably been set; look with releases.list.',
    details: { operation: reply.label.what, rack: reply.label.rack, path: 'Release-Id', landed: 'unknown' },
  });
}

async function writeStandard(context: RackContext, app: string, text: string, signal: AbortSignal): Promise<Written> {
  const body = { type: 'form', fields: { env: text } } as const;
  const path = pathOf('apps', app, 'releases');
  const request = { operation: 'environment.set', subject: app, method: 'POST', path, body } as const;
  const release = await ask(context, Release, request, signal);
  return { releaseId: release.id, env: release.env };
}

function assertSame(app: string, wanted: EnvironmentMap, understood: EnvironmentMap): void {
  const names = environmentDifference(wanted, understood);
  if (names.length === 0) return;
  throw new MigrationError(
    'ENVIRONMENT_MISMATCH',
    `environment.set ${app}: the rack has understood ${names.join(', ')} differently`,
    {
      hint: 'The release made is not what was asked for: do not promote it.',
      details: { app, variables: names },
    },
  );
}
