import { createServer, type Server } from 'node:net';
import type { ClassicBalancer, LoadBalancer } from '../model/load-balancing.ts';
import type { DataPlane, World } from '../world.ts';
import { LoopbackAddresses } from './addresses.ts';
import { ApplicationListener, type BalancerParts } from './balancers/application-balancer.ts';
import { TargetChooser } from './balancers/choose-target.ts';
import { ClassicPort } from './balancers/classic-listener.ts';
import { Doors } from './balancers/doors.ts';
import type { Front } from './balancers/fronts.ts';
import { ServerCertificates } from './balancers/server-certificates.ts';
import { TrafficMetrics } from './balancers/traffic-metrics.ts';

/** The data plane, with what a sandbox needs to start and to end. */
export interface SandboxDataPlane extends DataPlane {
  /** Chooses the two ports; balancers served before are opened now. */
  start(): Promise<void>;
  /** Resolves when every balancer served until now listens; rejects when one could not. */
  settled(): Promise<void>;
  /**
   * A node of the balancer is replaced, as when AWS scales it: a new address is in its DNS name at once, the old one
   * goes on serving for `lingerMs` (simulated) and is then gone.
   */
  replaceAddress(balancer: LoadBalancer | ClassicBalancer, address: string, lingerMs: number): void;
  close(): Promise<void>;
}

export function createDataPlane(world: World): SandboxDataPlane {
  return new LoopbackDataPlane(world);
}

interface Served {
  readonly doors: Doors;
  readonly fronts: Map<string, Front>;
  /** Addresses that are no longer in DNS but still serve. */
  readonly leaving: Set<string>;
}

class LoopbackDataPlane implements SandboxDataPlane {
  readonly #world: World;
  readonly #parts: BalancerParts;
  readonly #served = new Map<LoadBalancer | ClassicBalancer, Served>();
  readonly #failures: Error[] = [];
  #addresses: LoopbackAddresses | undefined;
  #ports: { readonly 80: number; readonly 443: number } | undefined;
  #reserved: readonly Server[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#parts = {
      world,
      certificates: new ServerCertificates(world),
      chooser: new TargetChooser(),
      metrics: new TrafficMetrics(world),
    };
  }

  async start(): Promise<void> {
    await checkLoopback(this.allocateAddresses(1)[0] ?? '');
    const [http, https] = [await reservePort(), await reservePort()];
    this.#reserved = [http.server, https.server];
    this.#ports = { 80: http.port, 443: https.port };
    for (const balancer of this.#served.keys()) this.serve(balancer);
    await this.settled();
  }

  ports(): { readonly 80: number; readonly 443: number } {
    if (this.#ports === undefined) throw new Error('sandbox: the data plane has not been started');
    return this.#ports;
  }

  allocateAddresses(count: number): string[] {
    this.#addresses ??= new LoopbackAddresses(this.#world.random);
    return this.#addresses.allocate(count);
  }

  serve(balancer: LoadBalancer | ClassicBalancer): void {
    let served = this.#served.get(balancer);
    if (served === undefined) {
      served = { doors: new Doors((error) => this.#failures.push(error)), fronts: new Map(), leaving: new Set() };
      this.#served.set(balancer, served);
    }
    if (this.#ports === undefined) return;
    const wanted = new Map<string, Parameters<Doors['keepOnly']>[0] extends ReadonlyMap<string, infer D> ? D : never>();
    const used = new Set<string>();
    for (const { key, port, make } of this.#listenersOf(balancer)) {
      const realPort = this.#realPort(port);
      if (realPort === undefined) continue;
      const front = served.fronts.get(key) ?? make();
      served.fronts.set(key, front);
      front.refresh();
      used.add(key);
      for (const address of [...balancer.addresses, ...served.leaving]) {
        wanted.set(`${address} ${key}`, { address, port: realPort, welcome: (socket) => front.welcome(socket) });
      }
    }
    for (const key of [...served.fronts.keys()]) if (!used.has(key)) served.fronts.delete(key);
    served.doors.keepOnly(wanted);
  }

  remove(balancer: LoadBalancer | ClassicBalancer): void {
    const served = this.#served.get(balancer);
    this.#served.delete(balancer);
    served?.doors.closeAll();
  }

  replaceAddress(balancer: LoadBalancer | ClassicBalancer, address: string, lingerMs: number): void {
    const served = this.#served.get(balancer);
    if (served === undefined || !balancer.addresses.includes(address)) {
      throw new Error(`sandbox: ${balancer.name} is not served at ${address}`);
    }
    balancer.addresses = [...balancer.addresses.filter((known) => known !== address), ...this.allocateAddresses(1)];
    served.leaving.add(address);
    this.serve(balancer);
    this.#world.clock.after(lingerMs, () => {
      served.leaving.delete(address);
      if (this.#served.has(balancer)) this.serve(balancer);
    });
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#served.values()].map(({ doors }) => doors.settled()));
    const [failure] = this.#failures;
    if (failure !== undefined) throw new Error(`sandbox: a balancer cannot listen: ${failure.message}`);
  }

  async close(): Promise<void> {
    this.#parts.metrics.flush();
    for (const balancer of [...this.#served.keys()]) this.remove(balancer);
    await Promise.all(
      this.#reserved.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))),
    );
  }

  /** The key names port and protocol: a listener that changes its protocol gets a new front. */
  *#listenersOf(
    balancer: LoadBalancer | ClassicBalancer,
  ): Generator<{ readonly key: string; readonly port: number; readonly make: () => Front }> {
    if ('arn' in balancer) {
      for (const { port, protocol } of balancer.listeners.values()) {
        const make = (): Front => new ApplicationListener(balancer, port, this.#parts).front();
        yield { key: `${port} ${protocol}`, port, make };
      }
      return;
    }
    for (const { port, protocol } of balancer.listeners) {
      const make = (): Front => new ClassicPort(balancer, port, this.#parts).front(protocol);
      yield { key: `${port} ${protocol}`, port, make };
    }
  }

  /** 80 and 443 need privileges and are taken elsewhere; other low ports are not served (SPEC.md). */
  #realPort(port: number): number | undefined {
    if (port === 80 || port === 443) return this.ports()[port];
    return port >= 1024 ? port : undefined;
  }
}

/** Linux answers on all of 127.0.0.0/8; other systems on 127.0.0.1 alone unless told otherwise. */
function checkLoopback(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      const advice = 'run the sandbox on Linux or in the container, or give the loopback interface its other addresses';
      reject(new Error(`sandbox: balancers need loopback addresses such as ${address}: ${error.message}; ${advice}`));
    });
    server.listen(0, address, () => server.close(() => resolve()));
  });
}

/** Holds a port on 127.0.0.1 for as long as the sandbox runs, so that no other sandbox uses the number. */
function reservePort(): Promise<{ readonly server: Server; readonly port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      if (typeof bound === 'object' && bound !== null) resolve({ server, port: bound.port });
    });
  });
}
