import type { RunningApp, TargetRack } from '../manifest/convert-types.ts';
import { findRackUrl } from './credentials.ts';
import type { Invocation } from './command.ts';
import { OPTIONS } from './options/options.ts';
import { openRack } from './open-rack.ts';

/** What the rack knows that a manifest alone does not tell. */
export interface KnownWorld {
  readonly app?: RunningApp;
  readonly rack?: TargetRack;
  /** Where AWS keeps the running app: name of its stack, and region. */
  readonly stack?: { readonly name: string; readonly region: string };
}

/**
 * Reads the running app named by --app and the rack's version; with --rack-version alone, or neither, asks nobody.
 * Names of variables only, never their values.
 */
export async function readKnownWorld(invocation: Invocation): Promise<KnownWorld> {
  const { options, shell } = invocation;
  const name = options.get(OPTIONS.app);
  const version = options.get(OPTIONS.rackVersion);
  if (name === undefined) return version === undefined ? await rackAlone(invocation) : { rack: { version } };
  const rack = await openRack(invocation, { readOnly: true });
  const { signal } = shell;
  try {
    const system = await rack.system.get(signal);
    const app = await rack.apps.get(name, signal);
    const services = await rack.services.list(name, signal);
    const env = await rack.environment.get(name, signal);
    return {
      app: {
        name,
        envNames: [...env.keys()],
        parameters: app.parameters ?? (await rack.apps.parameters(name, signal)),
        formation: Object.fromEntries(
          services.map(({ name: service, count, cpu, memory }) => [service, { count, cpu, memory }]),
        ),
      },
      rack: {
        version: version ?? system.version,
        sourceVersion: system.version,
        internal: system.parameters['Internal'] === 'Yes',
      },
      // The StackId holds the region for certain; the rack's own field is its word for it.
      stack: {
        name: `${system.name}-${name}`,
        region: system.outputs['StackId']?.split(':')[3] ?? options.get(OPTIONS.region) ?? system.region,
      },
    };
  } finally {
    rack.close();
  }
}

/** Only if a rack was named on purpose: a conversion must work without one. */
async function rackAlone(invocation: Invocation): Promise<KnownWorld> {
  if (!invocation.options.isGiven(OPTIONS.rackUrl) || (await findRackUrl(invocation)) === undefined) return {};
  const rack = await openRack(invocation, { readOnly: true });
  try {
    const { version, parameters } = await rack.system.get(invocation.shell.signal);
    return { rack: { version, internal: parameters['Internal'] === 'Yes' } };
  } finally {
    rack.close();
  }
}
