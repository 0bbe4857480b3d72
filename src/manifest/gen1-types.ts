import type { Place } from './finding.ts';
import type { YamlMap } from './yaml-tree.ts';

/** A value and where it stands. */
export interface Located<T> {
  readonly value: T;
  readonly at: Place;
}

export interface Gen1Port {
  /** The port callers use: of the balancer, or of the host. */
  readonly balancer: number;
  readonly container: number;
  readonly protocol: 'tcp' | 'udp';
  /** False for a port written as a single number, which makes the balancer internal. */
  readonly isPair: boolean;
  readonly at: Place;
}

export interface Gen1Variable {
  readonly name: string;
  /** Undefined for a name without a value; an empty string for `NAME=`. */
  readonly value: string | undefined;
  readonly at: Place;
}

export interface Gen1Cron {
  readonly name: string;
  /** The five schedule fields joined by single spaces. */
  readonly schedule: string;
  readonly command: string;
  /** How many words the label has; fewer than six are no schedule and command. */
  readonly words: number;
  readonly at: Place;
}

export interface Gen1Build {
  readonly context: Located<string> | undefined;
  readonly dockerfile: Located<string> | undefined;
  readonly args: readonly { readonly name: string; readonly at: Place }[];
  readonly at: Place;
}

export interface Gen1Service {
  readonly name: string;
  readonly at: Place;
  readonly build: Gen1Build | undefined;
  readonly image: Located<string> | undefined;
  readonly command: Located<string | readonly string[]> | undefined;
  readonly entrypoint: Located<string> | undefined;
  readonly environment: readonly Gen1Variable[];
  readonly extraHosts: Located<number> | undefined;
  /** All labels, as text, by name. */
  readonly labels: ReadonlyMap<string, Located<string>>;
  readonly links: readonly Located<string>[];
  /** Bytes. */
  readonly memoryLimit: Located<number> | undefined;
  readonly cpuShares: Located<number> | undefined;
  readonly ports: readonly Gen1Port[];
  readonly isPrivileged: Located<boolean> | undefined;
  readonly volumes: readonly Located<string>[];
  readonly crons: readonly Gen1Cron[];
  /** Keys that no rack looks at. */
  readonly ignoredKeys: readonly { readonly key: string; readonly at: Place }[];
}

/** A docker-compose.yml as a generation 1 rack reads it. */
export interface Gen1Manifest {
  readonly syntax: 'v1' | 'v2';
  readonly services: readonly Gen1Service[];
  readonly root: YamlMap;
  /** Variables of the text that a rack resolves from its own environment, outside of comments. */
  readonly variables: readonly { readonly name: string; readonly at: Place }[];
}

/** True if the service has a classic ELB (convox/rack@20171213132441 manifest1/service.go HasBalancer). */
export function hasBalancer(service: Gen1Service): boolean {
  return service.labels.get('convox.balancer')?.value !== 'false' && tcpPorts(service).length > 0;
}

export function tcpPorts(service: Gen1Service): readonly Gen1Port[] {
  return service.ports.filter((port) => port.protocol === 'tcp');
}

/** True for one task per instance: the presence of the label counts, whatever its value. */
export function isAgent(service: Gen1Service): boolean {
  return service.labels.has('convox.agent') || service.labels.has('convox.daemon');
}

/** The prefix of a service's link variables: `my-api` gives `MY_API`. */
export function variablePrefix(service: string): string {
  return service.toUpperCase().replaceAll('-', '_');
}
