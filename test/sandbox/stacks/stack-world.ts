import type { EcsService } from '../../../src/sandbox/model/compute.ts';
import { createAcm } from '../../../src/sandbox/aws/acm.ts';
import { createBalancing } from '../../../src/sandbox/aws/balancing.ts';
import { createMetrics } from '../../../src/sandbox/aws/metrics.ts';
import { createRoute53 } from '../../../src/sandbox/aws/route53.ts';
import { Counters } from '../../../src/sandbox/counters.ts';
import { Faults } from '../../../src/sandbox/faults.ts';
import { Random } from '../../../src/sandbox/random.ts';
import { DEFAULT_SETTINGS, type SandboxSettings } from '../../../src/sandbox/settings.ts';
import { SimClock } from '../../../src/sandbox/sim-clock.ts';
import { createCloudFormation, type StackEngine } from '../../../src/sandbox/stacks/cloud-formation.ts';
import type { AppRelease } from '../../../src/sandbox/stacks/templates/app-request.ts';
import { rackTemplate } from '../../../src/sandbox/stacks/templates/rack.ts';
import type { Compute, DataPlane, World } from '../../../src/sandbox/world.ts';

/** ECS without tasks: services are stable unless the test says otherwise. */
export class InstantCompute implements Compute {
  readonly services = new Map<string, EcsService>();
  /** What happened, in order: `create web`, `update web`, `delete web`. */
  readonly log: string[] = [];
  /** Services, by name, that never get stable. */
  readonly unstable = new Set<string>();
  #next = 1;

  createService(spec: Parameters<Compute['createService']>[0]): EcsService {
    const id = `arn:aws:ecs:us-east-1:123456789012:service/${spec.app}-${spec.service}-${String(this.#next++)}`;
    const service: EcsService = { ...spec, id, tasks: new Map(), deleted: false };
    this.services.set(id, service);
    this.log.push(`create ${spec.service}`);
    return service;
  }

  updateService(id: string, change: Parameters<Compute['updateService']>[1]): void {
    const service = this.services.get(id);
    if (service === undefined) throw new Error(`no service ${id}`);
    Object.assign(service, change);
    this.log.push(`update ${service.service}`);
  }

  isStable(id: string): boolean {
    const service = this.services.get(id);
    return service !== undefined && !this.unstable.has(service.service);
  }

  deleteService(id: string): Promise<void> {
    this.log.push(`delete ${this.services.get(id)?.service ?? id}`);
    this.services.delete(id);
    // Draining is the one thing here that takes a moment: others get ahead of it.
    return new Promise((resolve) => setTimeout(resolve, 5));
  }

  tasks(): readonly never[] {
    return [];
  }

  of(app: string, service: string): EcsService | undefined {
    return [...this.services.values()].find((each) => each.app === app && each.service === service);
  }
}

export interface StackWorld extends World {
  readonly cloudFormation: StackEngine;
  readonly compute: InstantCompute;
}

/** A world with the real stores of AWS, real stacks, and neither tasks nor sockets; half an hour passes in a second. */
export function stackWorld(settings: Partial<SandboxSettings> = {}): StackWorld {
  const all = { ...DEFAULT_SETTINGS, scale: 4_000, ...settings };
  let address = 1;
  const dataPlane: DataPlane = {
    allocateAddresses: (count) => Array.from({ length: count }, () => `127.0.0.${String(address++)}`),
    serve: () => undefined,
    remove: () => undefined,
    ports: () => ({ 80: 8080, 443: 8443 }),
  };
  const world: Partial<Record<keyof World, unknown>> = {
    settings: all,
    clock: new SimClock({ scale: all.scale, startMs: all.startMs }),
    random: new Random(all.seed),
    counters: new Counters(),
    faults: new Faults(),
    dataPlane,
    compute: new InstantCompute(),
  };
  // The parts get the world before it is complete and use it only later, as in the sandbox itself.
  const whole = world as unknown as StackWorld;
  return Object.assign(whole, {
    balancing: createBalancing(whole),
    acm: createAcm(whole),
    route53: createRoute53(whole),
    metrics: createMetrics(whole),
    cloudFormation: createCloudFormation(whole),
  });
}

/** The same with the rack's stack installed. */
export async function rackWorld(
  options: {
    readonly version?: string;
    readonly parameters?: Readonly<Record<string, string>>;
    readonly scale?: number;
  } = {},
): Promise<StackWorld> {
  const rackVersion = options.version ?? DEFAULT_SETTINGS.rackVersion;
  const world = stackWorld({ rackVersion, scale: options.scale ?? 4_000 });
  const parameters = new Map(Object.entries(options.parameters ?? {}));
  const template = rackTemplate(world, { version: rackVersion, parameters });
  world.cloudFormation.createStack({ name: world.settings.rackName, template, parameters, instant: true });
  await world.cloudFormation.settled();
  return world;
}

export function release(id: string, manifest: string, environment: Readonly<Record<string, string>> = {}): AppRelease {
  return { id, build: `B${id}`, manifest, environment: new Map(Object.entries(environment)), programs: new Map() };
}

/** Tags as a rack puts them on an app's stack. */
export function appTags(app: string, generation: 1 | 2): ReadonlyMap<string, string> {
  return new Map([
    ['System', 'convox'],
    ['Type', 'app'],
    ['Rack', 'convox'],
    ['Name', app],
    ['Generation', String(generation)],
  ]);
}
