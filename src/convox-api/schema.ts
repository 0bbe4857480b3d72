/**
 * The border: what the rack sends, read into our shapes. Field names and types from the recorded answers of
 * convox/rack@20171213132441 and convox/rack@20260421192651 (test/conformance/transcripts).
 */
import * as z from 'zod';
import { parseEnvironment } from './environment-text.ts';
import type {
  RackApp,
  RackBuild,
  RackCapacity,
  RackCertificate,
  RackInstance,
  RackMetric,
  RackProcess,
  RackRegistry,
  RackRelease,
  RackResource,
  RackService,
  RackSslBinding,
  RackSystem,
} from './rack-types.ts';
import type { PublishedVersion } from './versions.ts';

/** A map that Go leaves out, or sends as null, when it is empty. */
const textMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const number = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);

/** A list that Go sends as null when it is empty. */
export function listOf<Item extends z.ZodType>(item: Item): z.ZodType<z.output<Item>[]> {
  return z
    .array(item)
    .nullable()
    .transform((list) => list ?? []);
}

/** RFC 3339; Go's zero time means "not yet". */
const time = z
  .string()
  .refine((value) => !Number.isNaN(Date.parse(value)))
  .nullish()
  .transform((value) => (value == null || value.startsWith('0001-') ? undefined : new Date(value)));

export const System: z.ZodType<RackSystem> = z
  .object({
    name: z.string(),
    version: z.string(),
    status: z.string(),
    region: text,
    domain: text,
    count: number,
    type: text,
    parameters: textMap,
    outputs: textMap,
    provider: z.string().optional(),
  })
  .transform((system) => system);

export const App: z.ZodType<RackApp> = z
  .object({
    name: z.string(),
    status: z.string(),
    release: z.string(),
    generation: z.enum(['1', '2']).default('1'), // absent before 20171113014715, when every app was generation 1
    locked: z.boolean().default(false),
    parameters: z.record(z.string(), z.string()).nullish(),
  })
  .transform(({ parameters, ...app }) => ({ ...app, parameters: parameters ?? undefined }));

export const Environment = z
  .record(z.string(), z.string())
  .nullable()
  .transform((map) => map ?? {});
export const Parameters = textMap;

export const Build: z.ZodType<RackBuild> = z
  .object({
    id: z.string(),
    app: z.string(),
    status: z.string(),
    release: z.string(),
    reason: text,
    description: text,
    manifest: text,
    started: time,
    ended: time,
  })
  .transform((build) => build);

const releaseFields = z.object({
  id: z.string(),
  app: z.string(),
  build: text,
  manifest: text,
  description: text,
  created: time,
});

/** A release in a list: its `env` is always empty there, so it is not taken. */
export const ListedRelease: z.ZodType<RackRelease> = releaseFields.transform((release) => ({
  ...release,
  env: undefined,
}));

/** A release asked for by id, with its environment. */
export const Release: z.ZodType<RackRelease & { readonly env: ReadonlyMap<string, string> }> = releaseFields
  .extend({ env: z.string() })
  .transform((release) => ({ ...release, env: parseEnvironment(release.env) }));

export const ClassicFormation: z.ZodType<RackService> = z
  .object({
    balancer: text,
    name: z.string(),
    count: z.number(),
    cpu: number,
    memory: number,
    ports: listOf(z.number()),
  })
  .transform(({ balancer, ports, ...service }) => ({
    ...service,
    domain: balancer,
    ports: ports.map((port) => ({ balancer: port, container: undefined, certificate: undefined })),
  }));

export const StandardService: z.ZodType<RackService> = z
  .object({
    name: z.string(),
    domain: text,
    count: z.number(),
    cpu: number,
    memory: number,
    ports: listOf(z.object({ balancer: z.number(), container: z.number(), certificate: text })),
  })
  .transform(({ ports, ...service }) => ({
    ...service,
    ports: ports.map((port) => ({ ...port, certificate: port.certificate === '' ? undefined : port.certificate })),
  }));

export const ClassicSsl: z.ZodType<RackSslBinding> = z
  .object({ certificate: z.string(), domain: text, expiration: time, process: z.string(), port: z.number() })
  .transform(({ process: service, ...binding }) => ({ ...binding, service }));

export const Process: z.ZodType<RackProcess> = z
  .object({
    id: z.string(),
    app: text,
    name: text,
    release: text,
    command: text,
    host: text,
    image: text,
    instance: text,
    ports: listOf(z.string())
      .optional()
      .transform((ports) => ports ?? []),
    cpu: number,
    memory: number,
    started: time,
    status: z.string().optional(),
  })
  .transform((process) => process);

/** The answer of a classic rack to a detached run. */
export const ClassicRun = z.object({ pid: z.string() });

export const Certificate: z.ZodType<RackCertificate> = z
  .object({ id: z.string(), domain: z.string(), domains: z.array(z.string()).nullish(), expiration: time })
  .transform(({ domains, ...certificate }) => ({ ...certificate, domains: domains ?? [] }));

export const Instance: z.ZodType<RackInstance> = z
  .object({
    id: z.string(),
    status: text,
    agent: z.boolean().default(false),
    cpu: number,
    memory: number,
    processes: number,
    'private-ip': text,
    'public-ip': text,
    started: time,
  })
  .transform(({ 'private-ip': privateIp, 'public-ip': publicIp, ...instance }) => ({
    ...instance,
    privateIp,
    publicIp,
  }));

export const Registry: z.ZodType<RackRegistry> = z
  .object({ server: z.string(), username: text })
  .transform((registry) => registry); // the password comes in clear and is left where it is

export const Resource: z.ZodType<RackResource> = z
  .object({
    name: z.string(),
    status: text,
    type: z.string(),
    url: z.string().optional(),
    parameters: textMap,
    exports: textMap, // classic racks until 20180108221548
    apps: z.array(z.object({ name: z.string() })).nullish(),
  })
  .transform(({ exports, url, apps, ...resource }) => ({
    ...resource,
    url: url ?? exports['URL'],
    linkedApps: (apps ?? []).map((app) => app.name),
  }));

export const Capacity: z.ZodType<RackCapacity> = z
  .object({
    'cluster-cpu': z.number(),
    'cluster-memory': z.number(),
    'instance-cpu': number,
    'instance-memory': number,
    'process-count': number,
    'process-cpu': number,
    'process-memory': number,
    'process-width': number,
  })
  .transform((raw) => ({
    clusterCpu: raw['cluster-cpu'],
    clusterMemory: raw['cluster-memory'],
    instanceCpu: raw['instance-cpu'],
    instanceMemory: raw['instance-memory'],
    processCount: raw['process-count'],
    processCpu: raw['process-cpu'],
    processMemory: raw['process-memory'],
    processWidth: raw['process-width'],
  }));

/** `{"Url": …}` with a capital letter, as the server writes it (convox/rack@20260421192651 pkg/structs/object.go). */
export const StoredObject = z.object({ Url: z.string() }).transform((stored) => ({ url: stored.Url }));
export const ObjectKeys = listOf(z.string());
export const Token = z.object({ token: z.string() });

export const Metric: z.ZodType<RackMetric> = z
  .object({
    name: z.string(),
    values: listOf(z.looseObject({ time: z.string() })),
  })
  .transform(({ name, values }) => ({
    name,
    values: values.map(({ time: at, ...statistics }) => ({
      time: new Date(at),
      statistics: Object.fromEntries(
        Object.entries(statistics).flatMap(([key, value]) => (typeof value === 'number' ? [[key, value]] : [])),
      ),
    })),
  }));

export const PublishedVersions: z.ZodType<PublishedVersion[]> = z.array(
  z.object({
    version: z.string(),
    description: text,
    published: z.boolean().default(false),
    required: z.boolean().default(false),
  }),
);

/** A console's session, opened to get past its 401. */
export const ConsoleSession = z.object({ id: z.string() });
