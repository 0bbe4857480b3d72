/** What an export of the old app consists of, file by file. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Assessment, MigrationSettings } from '../plan.ts';

export const EXPORT_FORMAT = 'convox-gen2 export 1';

export const EXPORT_FILES = {
  app: 'app.json',
  releases: 'releases.json',
  builds: 'builds.json',
  records: 'records.json',
  environment: 'environment.json',
  sealedEnvironment: 'environment.age',
  oldManifest: 'docker-compose.yml',
  newManifest: 'convox.yml',
  readme: 'README.md',
  /** As `sha256sum` writes and checks it. Written last: an export without it is not complete. */
  checksums: 'SHA256SUMS',
} as const;

const textMap = z.record(z.string(), z.string());

const balancer = z.looseObject({
  service: z.string(),
  name: z.string(),
  dnsName: z.string(),
  isInternal: z.boolean(),
  kind: z.enum(['classic', 'application']),
  metricName: z.string(),
});

/** What bringing the app back reads of the assessment; the rest is for people. */
const factsSchema = z
  .looseObject({
    rack: z.looseObject({ name: z.string(), version: z.string(), region: z.string(), account: z.string() }),
    app: z.string(),
    old: z.looseObject({
      stackArn: z.string(),
      release: z.string(),
      balancers: z.array(balancer),
      links: z.array(z.string()),
    }),
    services: z.array(z.looseObject({ name: z.string(), domainVariable: z.string().optional() })),
  })
  // Written by this program from an Assessment; the fields above are those that are relied on.
  .transform((facts) => facts as unknown as Assessment);

export const appSchema = z.object({
  format: z.literal(EXPORT_FORMAT),
  execution: z.string(),
  exportedAt: z.number(),
  /** The build of the active release; null without one. */
  build: z.object({ id: z.string(), file: z.string() }).nullable(),
  parameters: textMap,
  services: z.array(
    z.object({ name: z.string(), domain: z.string(), count: z.number(), cpu: z.number(), memory: z.number() }),
  ),
  facts: factsSchema,
});

const savedRecord = z.record(z.string(), z.unknown());

export const recordsSchema = z.looseObject({
  /** Every change that was made to records, in order. */
  batches: z.array(
    z.object({
      zoneId: z.string(),
      zoneName: z.string(),
      before: z.array(savedRecord),
      after: z.array(savedRecord),
    }),
  ),
});

export const environmentSchema = z.object({
  names: z.array(z.string()),
  fingerprint: z.string(),
  values: z.enum([EXPORT_FILES.sealedEnvironment, 'not exported']),
  /** Public keys the values are encrypted for. */
  recipients: z.array(z.string()),
});

/** In one clause: what becomes of the environment's values. */
export function environmentSays({ exportKeys = [] }: Pick<MigrationSettings, 'exportKeys'>): string {
  if (exportKeys.length === 0) return 'values of its environment are NOT exported, only their names (see --export-key)';
  return `its environment is encrypted for ${exportKeys.length === 1 ? 'the given key' : `${exportKeys.length} keys`}`;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function renderChecksums(sums: ReadonlyMap<string, string>): string {
  return [...sums].map(([name, sum]) => `${sum}  ${name}\n`).join('');
}

/** Name → checksum; undefined if the text is not what `renderChecksums` makes. */
export function parseChecksums(text: string): ReadonlyMap<string, string> | undefined {
  const lines = text.split('\n').filter((line) => line !== '');
  const rows = lines.map((line) => /^([0-9a-f]{64}) {2}([\w.-]+)$/.exec(line));
  if (rows.length === 0 || rows.includes(null)) return undefined;
  return new Map(rows.map((row) => [row?.[2] ?? '', row?.[1] ?? '']));
}
