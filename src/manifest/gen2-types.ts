import type { Place } from './finding.ts';

export interface Gen2Domain {
  /** As written: `${DOMAINS_WEB}`, `a.example.com,b.example.com`; the items of a list joined by commas. */
  readonly text: string;
  /** The names after interpolation; undefined if a variable's value is not known. */
  readonly resolved: readonly string[] | undefined;
  /** The variable, if the whole text is one `${VAR}`: then an empty value means "no domain" on every rack. */
  readonly variable: string | undefined;
  readonly at: Place;
}

export interface Gen2Health {
  readonly path: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly graceSeconds: number;
}

export interface Gen2Variable {
  readonly name: string;
  /** True for `NAME=…`; a name without it is required. */
  readonly hasDefault: boolean;
  /** True if the default's value holds "=". */
  readonly hasEqualsInDefault: boolean;
  readonly at: Place;
}

export interface Gen2Scale {
  /** Fewest and most tasks; undefined if the manifest says nothing. */
  readonly count: { readonly min: number; readonly max: number } | undefined;
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
}

export interface Gen2Name {
  readonly name: string;
  readonly at: Place;
}

export interface Gen2Service {
  readonly name: string;
  readonly at: Place;
  /** Container port of the HTTP balancer; undefined without one. */
  readonly port: number | undefined;
  readonly scheme: string;
  readonly health: Gen2Health;
  readonly domain: Gen2Domain | undefined;
  readonly isInternal: boolean;
  readonly isAgent: boolean;
  readonly image: string | undefined;
  readonly build: { readonly path: string; readonly manifest: string } | undefined;
  /** The list of names delivered to the service; `*` is everything. */
  readonly environment: readonly Gen2Variable[];
  readonly links: readonly Gen2Name[];
  readonly resources: readonly Gen2Name[];
  readonly scale: Gen2Scale;
  readonly volumes: readonly Gen2Name[];
  /** Seconds that requests may take to finish when their task goes away; undefined if the manifest says nothing. */
  readonly drainSeconds: number | undefined;
  readonly nlbPorts: readonly number[];
  /** Where each key that the service has stands: `build.manifest`, `command` (with `command[]` for a list), … */
  readonly keys: ReadonlyMap<string, Place>;
}

export interface Gen2Timer {
  readonly name: string;
  readonly schedule: string;
  readonly service: string;
  readonly command: string;
  readonly keys: ReadonlyMap<string, Place>;
  readonly at: Place;
}

export interface Gen2Resource {
  readonly name: string;
  readonly type: string;
  readonly keys: ReadonlyMap<string, Place>;
  readonly at: Place;
}

/** A convox.yml as a rack of the stated version reads it. */
export interface Gen2Manifest {
  readonly services: readonly Gen2Service[];
  readonly timers: readonly Gen2Timer[];
  readonly resources: readonly Gen2Resource[];
  /** The top-level environment, part of every service's. */
  readonly environment: readonly Gen2Variable[];
  /** Top-level keys, and `<<` where a merge key stands. */
  readonly keys: ReadonlyMap<string, Place>;
  /** Every `${VAR}` outside of comments is in here with its place. */
  readonly variables: readonly Gen2Name[];
}
