import { createAcm } from '../../../src/sandbox/aws/acm.ts';
import { createBalancing } from '../../../src/sandbox/aws/balancing.ts';
import { createMetrics } from '../../../src/sandbox/aws/metrics.ts';
import { createRoute53 } from '../../../src/sandbox/aws/route53.ts';
import { Counters } from '../../../src/sandbox/counters.ts';
import { Faults } from '../../../src/sandbox/faults.ts';
import {
  DEFAULT_PROGRAM,
  type EcsService,
  type Program,
  type TaskDefinition,
} from '../../../src/sandbox/model/compute.ts';
import type { RecordSet } from '../../../src/sandbox/model/dns.ts';
import type {
  ClassicBalancer,
  HealthCheck,
  Listener,
  LoadBalancer,
  TargetGroup,
} from '../../../src/sandbox/model/load-balancing.ts';
import { createCompute, type SandboxCompute } from '../../../src/sandbox/network/compute.ts';
import { createDataPlane, type SandboxDataPlane } from '../../../src/sandbox/network/data-plane.ts';
import { startDns, type SandboxDns } from '../../../src/sandbox/network/dns/start-dns.ts';
import { Random } from '../../../src/sandbox/random.ts';
import { DEFAULT_SETTINGS } from '../../../src/sandbox/settings.ts';
import { SimClock } from '../../../src/sandbox/sim-clock.ts';
import type { CloudFormation, World } from '../../../src/sandbox/world.ts';

/** The network with real stores behind it, and short cuts to furnish it. */
export interface NetworkWorld extends World {
  readonly clock: SimClock;
  readonly compute: SandboxCompute;
  readonly dataPlane: SandboxDataPlane;
  readonly dns: SandboxDns;
}

/** Runs at 100 simulated seconds per real second unless told otherwise. */
export async function startNetworkWorld({ scale = 100 }: { scale?: number } = {}): Promise<NetworkWorld> {
  const settings = { ...DEFAULT_SETTINGS, scale };
  const base = {
    settings,
    clock: new SimClock({ scale, startMs: settings.startMs }),
    random: new Random(settings.seed),
    counters: new Counters(),
    faults: new Faults(),
  };
  // Its parts are put in below, before anybody uses it; no test of the network makes a stack.
  const world = { ...base, cloudFormation: undefined as unknown as CloudFormation } as NetworkWorld;
  const dataPlane = createDataPlane(world);
  Object.assign(world, {
    balancing: createBalancing(world),
    acm: createAcm(world),
    route53: createRoute53(world),
    metrics: createMetrics(world),
    compute: createCompute(world),
    dataPlane,
  });
  await dataPlane.start();
  Object.assign(world, { dns: await startDns(world) });
  return world;
}

export async function stopNetworkWorld(world: NetworkWorld): Promise<void> {
  world.compute.close();
  await world.dataPlane.close();
  await world.dns.close();
  world.clock.close();
}

export const HTTP_CHECK: HealthCheck = {
  protocol: 'HTTP',
  path: '/health',
  intervalSeconds: 5,
  timeoutSeconds: 4,
  healthyThreshold: 5,
  unhealthyThreshold: 2,
  matcher: '200',
};

const TCP_CHECK: HealthCheck = { ...HTTP_CHECK, protocol: 'TCP', path: '', healthyThreshold: 2, matcher: '' };

export interface AppOptions {
  readonly app?: string;
  readonly service?: string;
  readonly count?: number;
  readonly program?: Partial<Program>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly groups?: readonly TargetGroup[];
  readonly classics?: readonly ClassicBalancer[];
  readonly graceSeconds?: number;
  readonly minimumPercent?: number;
  readonly maximumPercent?: number;
}

export function taskDefinition(options: AppOptions, release = 'RAAAAAAAAAA'): TaskDefinition {
  const { app = 'shop', service = 'web', program, environment = {}, classics = [] } = options;
  return {
    ...{ app, service, release },
    generation: classics.length > 0 ? 1 : 2,
    program: { ...DEFAULT_PROGRAM, latencyMs: 0, ...program },
    port: 3000,
    environment: new Map(Object.entries(environment)),
  };
}

/** A service whose tasks are running and healthy, unless `settled` is false. */
export function runApp(world: NetworkWorld, options: AppOptions = {}, { settled = true } = {}): EcsService {
  const { app = 'shop', service = 'web', count = 1, groups = [], classics = [], graceSeconds = 0 } = options;
  const running = world.compute.createService({
    ...{ app, service, desiredCount: count, graceSeconds },
    minimumPercent: options.minimumPercent ?? 100,
    maximumPercent: options.maximumPercent ?? 200,
    taskDefinition: taskDefinition(options),
    targetGroupArns: groups.map(({ arn }) => arn),
    classicBalancerNames: classics.map(({ name }) => name),
  });
  if (settled) world.compute.settleNow();
  return running;
}

export function makeGroup(world: NetworkWorld, name: string, change: Partial<TargetGroup> = {}): TargetGroup {
  return world.balancing.createTargetGroup({
    ...{ name, protocol: 'HTTP', port: 3000, healthCheck: { ...HTTP_CHECK } },
    ...{ deregistrationDelaySeconds: 30, stickiness: false },
    ...change,
  });
}

export interface Alb {
  readonly balancer: LoadBalancer;
  readonly http: Listener;
  readonly https: Listener;
}

/** A rack's balancer: unknown hosts get 404 `unknown host`, the default certificate is the rack's wildcard. */
export async function makeAlb(world: NetworkWorld, name = 'convox-Router-ABC'): Promise<Alb> {
  const balancer = world.balancing.createLoadBalancer({ name, scheme: 'internet-facing' });
  const unknown = { type: 'fixed-response', status: 404, body: 'unknown host' } as const;
  const common = { loadBalancerArn: balancer.arn, defaultAction: unknown };
  const http = world.balancing.createListener({
    ...common,
    ...{ port: 80, protocol: 'HTTP', defaultCertificateArn: undefined },
  });
  const label = balancer.dnsName.split('.')[0]?.toLowerCase() ?? '';
  const wildcard = world.acm.issueNow([`*.${label}.us-east-1.convox.site`]);
  const https = world.balancing.createListener({
    ...common,
    ...{ port: 443, protocol: 'HTTPS', defaultCertificateArn: wildcard.arn },
  });
  await world.dataPlane.settled();
  return { balancer, http, https };
}

/** A rule on both listeners. */
export function route(world: NetworkWorld, alb: Alb, hosts: readonly string[], group: TargetGroup, priority = 100) {
  const action = { type: 'forward', targetGroupArn: group.arn } as const;
  return [alb.http, alb.https].map(({ arn }) => {
    return world.balancing.createRule({ listenerArn: arn, priority, hosts, action });
  });
}

export async function makeClassic(
  world: NetworkWorld,
  name: string,
  change: Partial<Pick<ClassicBalancer, 'listeners' | 'drainingSeconds' | 'scheme' | 'healthCheck'>> = {},
): Promise<ClassicBalancer> {
  const balancer = world.balancing.createClassic({
    ...{ name, scheme: 'internet-facing', healthCheck: { ...TCP_CHECK }, drainingSeconds: 60, idleSeconds: 3600 },
    listeners: [
      { port: 80, protocol: 'TCP', instanceProtocol: 'TCP', instancePort: 41_000, certificateArn: undefined },
    ],
    ...change,
  });
  await world.dataPlane.settled();
  return balancer;
}

export function alias(
  name: string,
  { canonicalHostedZoneId: hostedZoneId, dnsName }: LoadBalancer | ClassicBalancer,
): RecordSet {
  return { name, type: 'A', alias: { hostedZoneId, dnsName, evaluateTargetHealth: false } };
}

/** Puts records into a zone and waits until every name server has them. */
export async function putRecords(world: NetworkWorld, zoneId: string, recordSets: readonly RecordSet[]): Promise<void> {
  const change = world.route53.change(
    zoneId,
    recordSets.map((recordSet) => ({ action: 'UPSERT', recordSet })),
  );
  await until(() => world.route53.changes.get(change.id)?.status === 'INSYNC');
}

/** Looks again every few real milliseconds until it is so; fails after 20 real seconds. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > limit) throw new Error('not so within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
