import type { Program } from '../model/compute.ts';
import type { World } from '../world.ts';
import { LogGroup, LogStore } from './log-store.ts';

export type BuildStatus = 'created' | 'running' | 'complete' | 'failed';

/** A build as its row holds it. */
export interface Build {
  readonly id: string;
  readonly app: string;
  readonly description: string;
  manifest: string;
  release: string;
  reason: string;
  status: BuildStatus;
  readonly startedAt: number;
  endedAt: number | undefined;
  readonly log: LogGroup;
  /** Programs of the services, from the `program.json` of their build folders. Belongs to the images. */
  programs: ReadonlyMap<string, Partial<Program>>;
}

/** A release as its row holds it. */
export interface Release {
  readonly id: string;
  readonly app: string;
  readonly build: string;
  /** The environment as it was sent; what the rack makes of it is read out of it each time. */
  readonly env: string;
  readonly manifest: string;
  readonly description: string;
  readonly createdAt: number;
}

/** A one-off process (run), alive until its command has ended. */
export interface OneOff {
  readonly id: string;
  readonly app: string;
  readonly service: string;
  readonly release: string;
  readonly command: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly requestedAt: number;
  status: 'pending' | 'running' | 'stopped';
}

export interface Registry {
  readonly server: string;
  readonly username: string;
  readonly password: string;
}

/**
 * What a rack keeps outside CloudFormation: rows of builds and releases (keyed by **app name**, so they can outlive the
 * app), buckets (one an app stack), registries, logs. Shared by all API processes.
 */
export class RackStore {
  readonly builds = new Map<string, Build>();
  readonly releases = new Map<string, Release>();
  /** Settings buckets by stack ARN: objects, and the classic environment. */
  readonly buckets = new Map<string, Bucket>();
  readonly oneOffs = new Map<string, OneOff>();
  readonly registries = new Map<string, Registry>();
  readonly logs = new LogStore();
  /** Changed by `PUT /system/jwt/rotate`. */
  jwtSecret: string;
  readonly #world: World;
  #sequence = 0;
  readonly #order = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.jwtSecret = world.random.hex(32);
  }

  bucket(stackArn: string): Bucket {
    let bucket = this.buckets.get(stackArn);
    if (bucket === undefined) {
      bucket = { objects: new Map(), environment: undefined, versions: 0 };
      this.buckets.set(stackArn, bucket);
    }
    return bucket;
  }

  addBuild(build: Omit<Build, 'id' | 'log' | 'startedAt'>): Build {
    const row: Build = { ...build, id: this.#id('B'), startedAt: this.#world.clock.now(), log: new LogGroup() };
    this.builds.set(row.id, row);
    return row;
  }

  addRelease(release: Omit<Release, 'id' | 'createdAt'>): Release {
    const row: Release = { ...release, id: this.#id('R'), createdAt: this.#world.clock.now() };
    this.releases.set(row.id, row);
    return row;
  }

  /** Newest first. */
  buildsOf(app: string): Build[] {
    return this.#newestFirst([...this.builds.values()].filter((build) => build.app === app));
  }

  /** Newest first. */
  releasesOf(app: string): Release[] {
    return this.#newestFirst([...this.releases.values()].filter((release) => release.app === app));
  }

  latestRelease(app: string): Release | undefined {
    return this.releasesOf(app)[0];
  }

  /** True when `first` was made before `second`. */
  isOlder(first: Release, second: Release): boolean {
    return (this.#order.get(first.id) ?? 0) < (this.#order.get(second.id) ?? 0);
  }

  #newestFirst<T extends { readonly id: string }>(rows: T[]): T[] {
    return rows.toSorted((a, b) => (this.#order.get(b.id) ?? 0) - (this.#order.get(a.id) ?? 0));
  }

  #id(kind: 'B' | 'R'): string {
    const id = kind + this.#world.random.upper(10);
    this.#sequence += 1;
    this.#order.set(id, this.#sequence);
    return id;
  }
}

export interface Bucket {
  readonly objects: Map<string, Buffer>;
  /** The classic environment; `undefined` = never set. */
  environment: string | undefined;
  /**
   * How many object versions it holds. Of more than 1000 only the first page is emptied when the app goes: deleting the
   * bucket then fails, and the rows of builds and releases stay.
   */
  versions: number;
}
