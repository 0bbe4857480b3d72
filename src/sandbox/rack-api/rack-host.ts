import type { World } from '../world.ts';
import { Api } from './api.ts';
import type { RackStore } from './rack-store.ts';
import { SINCE } from './rack-versions.ts';

interface ApiProcess {
  readonly api: Api;
  readonly life: AbortController;
}

/** How many API processes stand behind the load balancer (parameter `ApiCount`, default 2). */
const API_COUNT = 2;
const WATCH_MS = 5_000;
/** After a version update the instances need a moment more than the stack. */
const CONVERGING_MS = 20_000;

/**
 * Where the rack's API runs: two processes without stickiness, replaced when the rack is updated. A parameter update
 * replaces them one by one; a version update takes the API away for a while, and may bring it back at another address.
 */
export class RackHost {
  /** `http://127.0.0.1:PORT`, the address that racks from 20221129130331 on have. */
  movedTo = '';
  readonly #world: World;
  readonly #store: RackStore;
  #processes: ApiProcess[] = [];
  /** Of the processes that run, or ran last. */
  #version = '';
  #turn = 0;
  #isAway = false;
  #convergesAt = 0;

  constructor(world: World, store: RackStore) {
    this.#world = world;
    this.#store = store;
  }

  /** Starts the first processes; the rack's stack must be there. */
  start(version: string, parameters: ReadonlyMap<string, string>): void {
    this.#version = version;
    this.#processes = Array.from({ length: API_COUNT }, () => this.#newProcess(version, parameters));
  }

  /** The process that gets the next request; `undefined` while none runs. */
  next(): Api | undefined {
    if (this.#isAway) return undefined;
    this.#turn += 1;
    return this.#processes[this.#turn % this.#processes.length]?.api;
  }

  /** False while the API is away. */
  get isServing(): boolean {
    return !this.#isAway && this.#processes.length > 0;
  }

  /** True from the version on in which the API has a load balancer, and a host name, of its own. */
  get hasMoved(): boolean {
    return this.#version >= SINCE.apiOnOwnBalancer;
  }

  /** True for a moment after an update: the stack is done, an instance is not in service yet. */
  get isConverging(): boolean {
    return this.#world.clock.now() < this.#convergesAt;
  }

  stop(): void {
    for (const { life } of this.#processes) life.abort();
    this.#processes = [];
  }

  /** Ends all processes and starts others after `awayMs`; false, and nothing happens, while the rack is updated. */
  restart(awayMs: number): boolean {
    const { clock, cloudFormation, settings } = this.#world;
    const [running] = this.#processes;
    const stack = cloudFormation.find(settings.rackName);
    if (this.#isAway || running === undefined || stack?.status.endsWith('_IN_PROGRESS') !== false) return false;
    this.#isAway = true;
    this.stop();
    clock.after(awayMs, () => {
      this.start(running.api.version, stack.parameters);
      this.#isAway = false;
    });
    return true;
  }

  /** Called when an update of the rack's stack was accepted. */
  updated(change: { readonly version: string; readonly parameters: ReadonlyMap<string, string> }): void {
    const before = this.#processes[0]?.api;
    if (before === undefined) return;
    if (change.version === before.version) this.#replaceOneByOne(change.parameters);
    else this.#replaceAll(change);
  }

  /** The first new process serves while the stack is still updating, the second when it has finished. */
  #replaceOneByOne(parameters: ReadonlyMap<string, string>): void {
    this.#whenSettled((succeeded) => {
      if (!succeeded) return;
      for (const index of this.#processes.keys()) {
        this.#world.clock.after(index * WATCH_MS, () => {
          const old = this.#processes[index];
          if (old === undefined) return;
          old.life.abort();
          this.#processes[index] = this.#newProcess(old.api.version, parameters);
        });
      }
    });
  }

  #replaceAll({ version, parameters }: { version: string; parameters: ReadonlyMap<string, string> }): void {
    const { clock, settings } = this.#world;
    const { rackUpdateMs, rackApiAwayMs } = settings.durations;
    const old = this.#processes[0]?.api;
    if (old === undefined) return;
    clock.after(Math.max(0, rackUpdateMs - rackApiAwayMs) / 3, () => {
      this.#isAway = true;
      this.stop();
    });
    clock.after(Math.max(0, rackUpdateMs - rackApiAwayMs) / 3 + rackApiAwayMs, () => {
      const isRolledBack = this.#world.cloudFormation.find(settings.rackName)?.status.includes('ROLLBACK') === true;
      this.start(isRolledBack ? old.version : version, parameters);
      this.#isAway = false;
      this.#whenSettled((succeeded) => {
        if (succeeded) {
          this.#convergesAt = clock.now() + CONVERGING_MS;
          return;
        }
        this.stop();
        this.start(old.version, parameters);
      });
    });
  }

  #whenSettled(done: (succeeded: boolean) => void): void {
    const stack = this.#world.cloudFormation.find(this.#world.settings.rackName);
    if (stack === undefined) return;
    if (stack.status.endsWith('_IN_PROGRESS')) {
      this.#world.clock.after(WATCH_MS, () => {
        this.#whenSettled(done);
      });
      return;
    }
    done(stack.status === 'UPDATE_COMPLETE');
  }

  #newProcess(version: string, parameters: ReadonlyMap<string, string>): ApiProcess {
    const life = new AbortController();
    const api = new Api({ world: this.#world, store: this.#store, host: this, version, parameters, life: life.signal });
    return { api, life };
  }
}
