import { createAcm } from './aws/acm.ts';
import { createBalancing } from './aws/balancing.ts';
import { startAwsEndpoint, type AwsEndpoint } from './aws/endpoint.ts';
import { createMetrics } from './aws/metrics.ts';
import { createRoute53 } from './aws/route53.ts';
import { startControl } from './control.ts';
import { Counters } from './counters.ts';
import { Faults } from './faults.ts';
import { createCompute } from './network/compute.ts';
import { createDataPlane } from './network/data-plane.ts';
import { startDns } from './network/dns/start-dns.ts';
import { sandboxRackTemplate } from './rack-api/rack-stack.ts';
import { startRackApi, type RackApi } from './rack-api/server.ts';
import { Random } from './random.ts';
import { chaosClockJumps, startChaos } from './scenario/chaos.ts';
import { installShop, installShopRecords, installShopResource, installShopZones } from './scenario/shop.ts';
import { DEFAULT_DURATIONS, DEFAULT_SETTINGS, type SandboxDurations, type SandboxSettings } from './settings.ts';
import type { ScaledClockOptions } from '../time/clock.ts';
import { SimClock } from './sim-clock.ts';
import { createCloudFormation } from './stacks/cloud-formation.ts';
import type { World } from './world.ts';

/** What a running sandbox offers: addresses to reach it from outside, and its world for scripts and tests. */
export interface Sandbox {
  readonly world: World;
  readonly rack: RackApi;
  readonly aws: AwsEndpoint;
  /** The clock of the machine that gen2 runs on: the world's, but for those times when somebody sets it. */
  readonly clock: ScaledClockOptions;
  readonly endpoints: SandboxEndpoints;
  /** Environment variables with which `gen2`, any AWS SDK or CLI and any HTTP client reach it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface SandboxEndpoints {
  /** `http://127.0.0.1:PORT`. */
  readonly rackUrl: string;
  readonly awsUrl: string;
  /** The sandbox's own door: mails, faults, counters. */
  readonly controlUrl: string;
  /** `versions.json`, the list of rack versions. */
  readonly versionsUrl: string;
  /** `127.0.0.1:PORT`, as a resolver outside the VPC sees the world. */
  readonly publicDns: string;
  /** `127.0.0.1:PORT`, as a resolver inside the VPC sees it (private zones first). */
  readonly vpcDns: string;
  /** What ports 80 and 443 of every balancer are really served on. */
  readonly ports: { readonly 80: number; readonly 443: number };
  /** Port on which the loopback addresses of name servers answer DNS. */
  readonly dnsPort: number;
  /** PEM of the authority that signs the sandbox's certificates. */
  readonly caPem: string;
}

export interface SandboxOptions extends Partial<Omit<SandboxSettings, 'durations'>> {
  readonly durations?: Partial<SandboxDurations>;
  /** `shop` (default): the app to migrate and its surroundings; `empty`: the rack alone. */
  readonly scenario?: 'shop' | 'empty';
  /** Makes things go wrong once everything is there, by this seed (`scenario/chaos.ts`). */
  readonly chaos?: number;
  /** Parameters of the rack, e.g. `Internal`. */
  readonly rackParameters?: Readonly<Record<string, string>>;
}

const SETTLE_LOOK_MS = 2;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Starts a rack on AWS, with DNS and live balancers, in this process; everything it holds is there when it resolves. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { durations, scenario = 'shop', rackParameters = {}, chaos, ...chosen } = options;
  // The one place that may write them: nothing takes time while the world is furnished.
  const wantedDurations: SandboxDurations = { ...DEFAULT_DURATIONS, ...durations };
  const liveDurations: Writable<SandboxDurations> = { ...wantedDurations, zoneChangeMs: 0 };
  const settings: SandboxSettings = { ...DEFAULT_SETTINGS, ...chosen, durations: liveDurations };
  const parts = createWorld(settings);
  const { world, dataPlane, compute } = parts;

  await dataPlane.start();
  const [rack, aws, dns] = await Promise.all([startRackApi(world), startAwsEndpoint(world), startDns(world)]);
  const control = await startControl(world, rack);
  const close = async (): Promise<void> => {
    world.clock.close();
    compute.close();
    await Promise.all([rack.close(), aws.close(), dns.close(), control.close(), dataPlane.close()]);
  };

  try {
    await furnish({ ...parts, rack, scenario, rackParameters });
    await dataPlane.settled();
  } catch (error) {
    await close();
    throw error;
  }
  Object.assign(liveDurations, wantedDurations);
  if (chaos !== undefined) startChaos({ world, servers: [rack, aws] }, chaos);

  const endpoints: SandboxEndpoints = {
    get rackUrl() {
      return rack.url;
    },
    awsUrl: aws.url,
    controlUrl: control.url,
    versionsUrl: `${control.url}/release/versions.json`,
    publicDns: dns.publicDns,
    vpcDns: dns.vpcDns,
    ports: dataPlane.ports(),
    dnsPort: dns.dnsPort,
    caPem: world.acm.caPem,
  };
  const { scale, startMs, realStartMs } = world.clock;
  const clock = { scale, startMs, realStartMs, ...(chaos === undefined ? {} : { jumps: chaosClockJumps(chaos) }) };
  return { world, rack, aws, clock, endpoints, env: environmentOf(world, clock, endpoints), close };
}

interface WorldParts {
  readonly world: World;
  readonly cloudFormation: ReturnType<typeof createCloudFormation>;
  readonly compute: ReturnType<typeof createCompute>;
  readonly dataPlane: ReturnType<typeof createDataPlane>;
}

/** The parts refer to each other through the world, and only once calls come in. */
function createWorld(settings: SandboxSettings): WorldParts {
  const base = {
    settings,
    clock: new SimClock({ scale: settings.scale, startMs: settings.startMs }),
    random: new Random(settings.seed),
    counters: new Counters(),
    faults: new Faults(),
    serverCertificates: new Map(),
  };
  // Filled in right below; no part uses another one while it is made.
  const world = base as unknown as Writable<World>;
  const cloudFormation = createCloudFormation(world);
  const compute = createCompute(world);
  const dataPlane = createDataPlane(world);
  Object.assign(world, {
    cloudFormation,
    compute,
    dataPlane,
    balancing: createBalancing(world),
    acm: createAcm(world),
    route53: createRoute53(world),
    metrics: createMetrics(world),
  });
  return { world, cloudFormation, compute, dataPlane };
}

interface Furnishing extends WorldParts {
  readonly rack: RackApi;
  readonly scenario: 'shop' | 'empty';
  readonly rackParameters: Readonly<Record<string, string>>;
}

async function furnish(parts: Furnishing): Promise<void> {
  const { world, rack, scenario, rackParameters, cloudFormation } = parts;
  const { rackName, rackVersion: version } = world.settings;
  const parameters = new Map(Object.entries({ Password: '****', ...rackParameters, Version: version }));
  const template = sandboxRackTemplate(world, { version, parameters, movedTo: rack.host.movedTo });
  cloudFormation.createStack({ name: rackName, template, parameters, instant: true });
  await settle(parts);
  rack.host.start(version, cloudFormation.find(rackName)?.parameters ?? parameters);
  const api = rack.host.next();
  if (scenario === 'empty' || api === undefined) return;
  installShopZones(world);
  installShop(api);
  await settle(parts);
  api.view.forget();
  installShopResource(api);
  await settle(parts);
  api.view.forget();
  installShopRecords(api);
}

/** Lets everything under way come to its end: mails are approved, tasks run at once. */
async function settle({ world, cloudFormation, compute }: WorldParts): Promise<void> {
  const settled = cloudFormation.settled().then(() => 'settled' as const);
  const later = (): Promise<'waiting'> =>
    new Promise((resolve) => {
      setTimeout(resolve, SETTLE_LOOK_MS, 'waiting');
    });
  do {
    for (const mail of world.acm.mails) if (mail.approvedAt === undefined) world.acm.approve(mail.id);
    compute.settleNow();
  } while ((await Promise.race([settled, later()])) === 'waiting');
  // These mails belong to the past.
  world.acm.mails.length = 0;
  for (const stack of cloudFormation.list()) {
    if (stack.status !== 'CREATE_COMPLETE' && stack.deletedAt === undefined) {
      const reasons = stack.events.map(({ logicalId, status, reason }) => `${logicalId} ${status} ${reason ?? ''}`);
      throw new Error(`sandbox: stack ${stack.name} is ${stack.status}: ${reasons.join('; ')}`);
    }
  }
}

function environmentOf(
  { settings }: World,
  clock: ScaledClockOptions,
  endpoints: SandboxEndpoints,
): Record<string, string> {
  const { controlUrl, versionsUrl, publicDns, vpcDns, ports, dnsPort, caPem } = endpoints;
  return {
    CONVOX_HOST: endpoints.rackUrl,
    CONVOX_PASSWORD: settings.rackPassword,
    AWS_ENDPOINT_URL: endpoints.awsUrl,
    AWS_ACCESS_KEY_ID: settings.accessKeyId,
    AWS_SECRET_ACCESS_KEY: settings.secretAccessKey,
    AWS_REGION: settings.region,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    GEN2_SANDBOX: JSON.stringify({
      ...clock,
      ports,
      publicDns,
      vpcDns,
      dnsPort,
      controlUrl,
      versionsUrl,
      caPem,
    }),
  };
}
