/** The Rack API in the procedure's words; `RackClient` fits it. */
import type { Readable } from 'node:stream';

export type TextMap = Readonly<Record<string, string>>;
export type EnvironmentMap = ReadonlyMap<string, string>;

/** The rack as its API shows it. */
export interface RackFacts {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly region: string;
  readonly domain: string;
  readonly parameters: TextMap;
  readonly outputs: TextMap;
}

export interface AppFacts {
  readonly name: string;
  readonly status: string;
  /** Active release; empty before the first promotion. */
  readonly release: string;
  readonly generation: '1' | '2';
  readonly locked: boolean;
}

export interface ServiceFacts {
  readonly name: string;
  /** Host name of its balancer; empty without one. */
  readonly domain: string;
  readonly count: number;
  readonly cpu: number;
  readonly memory: number;
}

export interface BuildFacts {
  readonly id: string;
  readonly status: string;
  readonly release: string;
  readonly reason: string;
  readonly description: string;
}

export interface ReleaseFacts {
  readonly id: string;
  readonly build: string;
  readonly manifest: string;
  readonly created: Date | undefined;
  readonly env: EnvironmentMap | undefined;
}

/** A source folder to package, with generated files laid over it. */
export interface SourceFolder {
  readonly folder: string;
  readonly overlay?: ReadonlyMap<string, string>;
}

/** The Rack API, as far as the procedure calls it; `RackClient` fits. */
export interface RackPort {
  readonly system: {
    get(signal: AbortSignal): Promise<RackFacts>;
    setParameters(changes: TextMap, signal: AbortSignal): Promise<void>;
    /** Updates the rack, version by required version, and waits; goes on from wherever it is. */
    updateAlong(
      target: string,
      options: {
        readonly onHop?: (hop: { readonly version: string; readonly number: number; readonly of: number }) => void;
      },
      signal: AbortSignal,
    ): Promise<unknown>;
  };
  readonly apps: {
    list(signal: AbortSignal): Promise<readonly AppFacts[]>;
    find(name: string, signal: AbortSignal): Promise<AppFacts | undefined>;
    create(app: { readonly name: string; readonly generation: '1' | '2' }, signal: AbortSignal): Promise<unknown>;
    delete(name: string, signal: AbortSignal): Promise<void>;
    cancel(name: string, signal: AbortSignal): Promise<void>;
    parameters(name: string, signal: AbortSignal): Promise<TextMap>;
    setParameters(name: string, changes: TextMap, signal: AbortSignal): Promise<void>;
  };
  readonly environment: {
    get(app: string, signal: AbortSignal): Promise<EnvironmentMap>;
    set(app: string, env: EnvironmentMap, signal: AbortSignal): Promise<{ readonly releaseId: string }>;
  };
  readonly builds: {
    create(
      app: string,
      source: SourceFolder,
      options: { readonly description?: string },
      signal: AbortSignal,
    ): Promise<BuildFacts>;
    get(app: string, id: string, signal: AbortSignal): Promise<BuildFacts>;
    list(app: string, options: { readonly limit?: number }, signal: AbortSignal): Promise<readonly BuildFacts[]>;
    logs(app: string, id: string, signal: AbortSignal): AsyncIterable<string>;
    export(app: string, id: string, signal: AbortSignal): Promise<Readable>;
    import(app: string, archive: Readable, signal: AbortSignal): Promise<BuildFacts>;
  };
  readonly releases: {
    list(app: string, options: { readonly limit?: number }, signal: AbortSignal): Promise<readonly ReleaseFacts[]>;
    get(app: string, id: string, signal: AbortSignal): Promise<ReleaseFacts & { readonly env: EnvironmentMap }>;
    promote(app: string, id: string, options: Readonly<Record<string, never>>, signal: AbortSignal): Promise<void>;
  };
  readonly services: { list(app: string, signal: AbortSignal): Promise<readonly ServiceFacts[]> };
  readonly resources: {
    list(signal: AbortSignal): Promise<readonly { readonly name: string; readonly type: string }[]>;
    get(
      name: string,
      signal: AbortSignal,
    ): Promise<{
      readonly name: string;
      readonly status: string;
      readonly type: string;
      readonly linkedApps: readonly string[];
    }>;
    link(resource: string, app: string, signal: AbortSignal): Promise<unknown>;
    unlink(resource: string, app: string, signal: AbortSignal): Promise<unknown>;
  };
}
