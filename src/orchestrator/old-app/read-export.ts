import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { MigrationError } from '../../errors.ts';
import { differingNames, fingerprint, withoutDomainVariables } from '../environments.ts';
import type { Assessment } from '../plan.ts';
import type { EnvironmentMap, ExportReader, RackPort, RecordBatch, ServiceFacts, TextMap } from '../ports.ts';
import { appSchema, environmentSchema, EXPORT_FILES, parseChecksums, recordsSchema } from './export-format.ts';
import { openEnvironment } from './sealed-environment.ts';

/** The old app, as it was when it was exported. */
export interface OldAppExport {
  /** Where it is, for people. */
  readonly location: string;
  /** The migration that made it. */
  readonly execution: string;
  /** ms since 1970. */
  readonly exportedAt: number;
  readonly facts: Assessment;
  readonly parameters: TextMap;
  readonly services: readonly ServiceFacts[];
  /** Undefined for an app that never had one. */
  readonly build: { readonly id: string; open(): Promise<Readable> } | undefined;
  readonly environment: {
    readonly names: readonly string[];
    readonly fingerprint: string;
    /** Undefined when the values were not exported. */
    readonly sealed: string | undefined;
  };
  /** Every change the migration made to records, in order. */
  readonly batches: readonly RecordBatch[];
}

/**
 * Reads an export and proves that every file is as it was written.
 *
 * @throws {MigrationError} `EXPORT_NOT_FOUND` when there is none or it was never completed, `EXPORT_DAMAGED`.
 */
export async function readOldAppExport(reader: ExportReader, signal: AbortSignal): Promise<OldAppExport> {
  const { location } = reader;
  const checksums = await reader.readText(EXPORT_FILES.checksums);
  if (checksums === undefined) {
    throw new MigrationError('EXPORT_NOT_FOUND', `${location} holds no complete export of an app`, {
      hint: 'A migration writes one before it deletes the old app: name its folder, `<state>/<rack>/<app>/<execution>/export`.',
    });
  }
  const sums = parseChecksums(checksums);
  if (sums === undefined) throw damaged(location, EXPORT_FILES.checksums, 'it is no list of checksums');
  for (const [name, wanted] of sums) {
    const hash = createHash('sha256');
    await pipeline(await reader.readStream(name), hash, { signal });
    if (hash.digest('hex') !== wanted) throw damaged(location, name, 'its checksum differs');
  }

  const app = await readJson(reader, EXPORT_FILES.app, appSchema);
  const environment = await readJson(reader, EXPORT_FILES.environment, environmentSchema);
  const { batches } = await readJson(reader, EXPORT_FILES.records, recordsSchema);
  const { build } = app;
  const isSealed = environment.values === EXPORT_FILES.sealedEnvironment;
  return {
    ...{ location, execution: app.execution, exportedAt: app.exportedAt, facts: app.facts, batches },
    ...{ parameters: app.parameters, services: app.services },
    build: build === null ? undefined : { id: build.id, open: () => reader.readStream(build.file) },
    environment: {
      names: environment.names,
      fingerprint: environment.fingerprint,
      sealed: isSealed ? await reader.readText(EXPORT_FILES.sealedEnvironment) : undefined,
    },
  };
}

async function readJson<T>(reader: ExportReader, name: string, schema: z.ZodType<T>): Promise<T> {
  const text = (await reader.readText(name)) ?? '';
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw damaged(reader.location, name, z.prettifyError(parsed.error));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(location: string, name: string, why: string): MigrationError {
  return new MigrationError('EXPORT_DAMAGED', `${location}: ${name} is not as it was exported: ${why}`, {
    hint: 'Restore the file from a copy of the export. Nothing was changed.',
    details: { file: name },
  });
}

/** Where the values of the environment come from when the old app is brought back. */
export type EnvironmentSource =
  /** Text of a file with the secret age key. */
  | { readonly identityFile: string }
  /** An app that runs with the same values, besides the variables for its domains. */
  | { readonly app: string };

/**
 * The environment the old app had, proved by the fingerprint taken when it was exported.
 *
 * @throws {MigrationError} `ENVIRONMENT_NOT_EXPORTED` when a key is given but nothing was exported for it, or no source
 * at all; `EXPORT_KEY`; `ENVIRONMENT_MISMATCH` when the values are not those the old app had.
 */
export async function readOldEnvironment(
  {
    rack,
    exported,
    source,
  }: { readonly rack: RackPort; readonly exported: OldAppExport; readonly source: EnvironmentSource | undefined },
  signal: AbortSignal,
): Promise<EnvironmentMap> {
  const { environment, facts, execution } = exported;
  if (environment.names.length === 0) return new Map();
  if (source === undefined) throw noSource(exported);
  if ('identityFile' in source) {
    if (environment.sealed === undefined) throw noSource(exported);
    const opened = await openEnvironment(environment.sealed, source.identityFile);
    if (fingerprint(opened, execution) === environment.fingerprint) return opened;
    throw new MigrationError('EXPORT_DAMAGED', 'the exported environment is not the one whose fingerprint was taken', {
      hint: `${EXPORT_FILES.sealedEnvironment} or ${EXPORT_FILES.environment} was replaced. Take both from a copy of the export.`,
    });
  }
  const running = withoutDomainVariables(await rack.environment.get(source.app, signal), facts.services);
  if (fingerprint(running, execution) === environment.fingerprint) return running;
  const names = new Map(environment.names.map((name) => [name, running.get(name) ?? '']));
  const differing = differingNames(
    new Map([...running].map(([name]) => [name, ''])),
    new Map([...names.keys()].map((name) => [name, ''])),
  );
  throw new MigrationError(
    'ENVIRONMENT_MISMATCH',
    `the environment of ${source.app} is not the one ${facts.app} had: ${differing.length === 0 ? 'a value was changed since' : `${differing.join(', ')} came or went since`}`,
    {
      hint: `Set it back on ${source.app}, or restore from a key with --key-file. Values are never shown, so only names can be told.`,
      details: { app: source.app, names: differing },
    },
  );
}

function noSource({ environment, facts }: OldAppExport): MigrationError {
  const isSealed = environment.sealed !== undefined;
  return new MigrationError(
    'ENVIRONMENT_NOT_EXPORTED',
    isSealed
      ? `the environment of ${facts.app} is encrypted, and no key was given`
      : `the values of the ${environment.names.length} variables of ${facts.app} were not exported: no key was given for them then`,
    {
      hint: isSealed
        ? 'Name the file with the secret key with --key-file, or an app that has the same values with --env-from.'
        : `The app that replaced it has the same values: take them from there with \`--env-from ${facts.app}\`. They are proved equal before they are used.`,
    },
  );
}
