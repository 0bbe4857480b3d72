import { ACMClient } from '@aws-sdk/client-acm';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { Route53Client } from '@aws-sdk/client-route-53';
import { STSClient } from '@aws-sdk/client-sts';
import { test as base } from 'vitest';
import { createAcm } from '../../../src/sandbox/aws/acm.ts';
import { createBalancing } from '../../../src/sandbox/aws/balancing.ts';
import { startAwsEndpoint } from '../../../src/sandbox/aws/endpoint.ts';
import { createMetrics } from '../../../src/sandbox/aws/metrics.ts';
import { createRoute53 } from '../../../src/sandbox/aws/route53.ts';
import { Counters } from '../../../src/sandbox/counters.ts';
import { Faults } from '../../../src/sandbox/faults.ts';
import type { ClassicBalancer, LoadBalancer } from '../../../src/sandbox/model/load-balancing.ts';
import type { Stack } from '../../../src/sandbox/model/stacks.ts';
import { Random } from '../../../src/sandbox/random.ts';
import { DEFAULT_SETTINGS, type SandboxSettings } from '../../../src/sandbox/settings.ts';
import { SimClock } from '../../../src/sandbox/sim-clock.ts';
import type { CloudFormation, Compute, DataPlane, World } from '../../../src/sandbox/world.ts';

/** A data plane that serves nothing and remembers what it was told. */
class RecordingDataPlane implements DataPlane {
  readonly served: (LoadBalancer | ClassicBalancer)[] = [];
  readonly removed: (LoadBalancer | ClassicBalancer)[] = [];
  #next = 1;

  allocateAddresses(count: number): string[] {
    return Array.from({ length: count }, () => `127.0.1.${String(this.#next++)}`);
  }

  serve(balancer: LoadBalancer | ClassicBalancer): void {
    this.served.push(balancer);
  }

  remove(balancer: LoadBalancer | ClassicBalancer): void {
    this.removed.push(balancer);
  }

  replaceAddress(): never {
    throw new Error('nothing listens');
  }

  ports(): { readonly 80: number; readonly 443: number } {
    throw new Error('nothing listens');
  }
}

/** Stacks as a test lays them down; nothing happens to them by itself. */
class StillStacks {
  readonly stacks: Stack[] = [];

  readonly cloudFormation: CloudFormation = {
    find: (nameOrArn) =>
      this.stacks.find(({ arn }) => arn === nameOrArn) ??
      this.stacks.find(({ name, status }) => name === nameOrArn && status !== 'DELETE_COMPLETE'),
    list: () => this.stacks,
    createStack: notHere,
    updateStack: notHere,
    deleteStack: notHere,
    cancelUpdate: notHere,
    failNext: notHere,
  };
}

function notHere(): never {
  throw new Error('stacks stand still in these tests');
}

const NO_COMPUTE: Compute = {
  services: new Map(),
  createService: notHere,
  updateService: notHere,
  isStable: notHere,
  deleteService: notHere,
  tasks: () => [],
};

export interface AwsWorld {
  readonly world: World;
  readonly dataPlane: RecordingDataPlane;
  readonly stacks: Stack[];
}

/** A world of the stores of this folder, with stand-ins for the other parts. */
export function makeAwsWorld(settings: Partial<SandboxSettings> = {}): AwsWorld {
  const merged = { ...DEFAULT_SETTINGS, scale: 1000, ...settings };
  const dataPlane = new RecordingDataPlane();
  const still = new StillStacks();
  const world: World = {
    settings: merged,
    clock: new SimClock(merged),
    random: new Random(merged.seed),
    counters: new Counters(),
    faults: new Faults(),
    cloudFormation: still.cloudFormation,
    compute: NO_COMPUTE,
    dataPlane,
    get balancing() {
      return balancing;
    },
    get acm() {
      return acm;
    },
    get route53() {
      return route53;
    },
    get metrics() {
      return metrics;
    },
  };
  const balancing = createBalancing(world);
  const acm = createAcm(world);
  const route53 = createRoute53(world);
  const metrics = createMetrics(world);
  return { world, dataPlane, stacks: still.stacks };
}

export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly elb: ElasticLoadBalancingClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly acm: ACMClient;
  readonly route53: Route53Client;
  readonly cloudWatch: CloudWatchClient;
  readonly sts: STSClient;
}

export interface ClientOptions {
  readonly region?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** Added to the machine's time when signing. */
  readonly systemClockOffset?: number;
}

/** The real SDK clients, one attempt a call. */
export function makeClients(endpoint: string, options: ClientOptions = {}): Clients {
  const config = {
    endpoint,
    region: options.region ?? DEFAULT_SETTINGS.region,
    maxAttempts: 1,
    systemClockOffset: options.systemClockOffset ?? 0,
    credentials: {
      accessKeyId: options.accessKeyId ?? DEFAULT_SETTINGS.accessKeyId,
      secretAccessKey: options.secretAccessKey ?? DEFAULT_SETTINGS.secretAccessKey,
      ...(options.sessionToken === undefined ? {} : { sessionToken: options.sessionToken }),
    },
  };
  return {
    cloudFormation: new CloudFormationClient(config),
    elb: new ElasticLoadBalancingClient(config),
    elbv2: new ElasticLoadBalancingV2Client(config),
    acm: new ACMClient(config),
    route53: new Route53Client(config),
    cloudWatch: new CloudWatchClient(config),
    sts: new STSClient(config),
  };
}

/** A world behind a running endpoint, and clients to ask it. */
export const test = base.extend<{ aws: AwsWorld; endpoint: string; clients: Clients }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the names of a fixture's own fixtures from this pattern
  aws: async ({}, use) => {
    const made = makeAwsWorld();
    await use(made);
    made.world.clock.close();
  },
  endpoint: async ({ aws }, use) => {
    const { url, close } = await startAwsEndpoint(aws.world);
    await use(url);
    await close();
  },
  clients: async ({ endpoint }, use) => {
    const clients = makeClients(endpoint);
    await use(clients);
    for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy(); // all SDK clients have it
  },
});
