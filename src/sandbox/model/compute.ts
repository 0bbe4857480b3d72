/** What ECS holds: services and the tasks they run. */
import type { Duplex } from 'node:stream';

/**
 * How an app's program behaves. Read from `program.json` in a service's build folder (gen 1 and gen 2 alike); without
 * one it is an HTTP server that answers 200 everywhere.
 */
export interface Program {
  /** Seconds from task start until it listens. */
  readonly bootSeconds: number;
  /** Status by exact path; other paths answer `otherStatus`. */
  readonly statusByPath: Readonly<Record<string, number>>;
  /** Default 200. */
  readonly otherStatus?: number;
  /** What `otherStatus` is answered with; default: who answers, as JSON. */
  readonly otherReply?: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  /** Path prefix → name of the env variable that holds the base URL to forward to. */
  readonly proxies: Readonly<Record<string, string>>;
  /** Real milliseconds each answer takes. */
  readonly latencyMs: number;
  /** Share of requests answered 500, 0 to 1. */
  readonly errorShare: number;
  /** Hosts it accepts; others get 400 (like Django's ALLOWED_HOSTS). Empty = all. */
  readonly allowedHosts: readonly string[];
  /** Stops listening this many seconds after start, if set. */
  readonly crashAfterSeconds: number | undefined;
  /** Proxied requests keep the visitor's Host (nginx: `proxy_set_header Host $http_host`); default: the target's own. */
  readonly proxyKeepsHost?: boolean;
}

export const DEFAULT_PROGRAM: Program = {
  bootSeconds: 6,
  statusByPath: {},
  proxies: {},
  latencyMs: 1,
  errorShare: 0,
  allowedHosts: [],
  crashAfterSeconds: undefined,
};

export interface TaskDefinition {
  readonly app: string;
  readonly service: string;
  readonly release: string;
  readonly generation: 1 | 2;
  readonly program: Program;
  /** Container port it serves HTTP on; undefined = no port (worker). */
  readonly port: number | undefined;
  /** What the process sees, after the rules of its generation. Secret: never in an API answer. */
  readonly environment: ReadonlyMap<string, string>;
}

export interface EcsService {
  readonly id: string;
  readonly app: string;
  readonly service: string;
  desiredCount: number;
  minimumPercent: number;
  maximumPercent: number;
  /** Seconds after start during which failed health checks are ignored. */
  graceSeconds: number;
  taskDefinition: TaskDefinition;
  targetGroupArns: readonly string[];
  classicBalancerNames: readonly string[];
  readonly tasks: Map<string, Task>;
  deleted: boolean;
}

export interface Task {
  readonly id: string;
  readonly definition: TaskDefinition;
  readonly instanceId: string;
  readonly hostPort: number;
  state: 'pending' | 'running' | 'draining' | 'stopped';
  startedAt: number | undefined;
  /** True once its program listens. */
  listening: boolean;
}

/** A request as a program sees it. */
export interface ProgramRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface ProgramReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The program of one task, as balancers reach it. */
export interface TaskProcess {
  /** False before it has booted, after a crash and once stopped: connections are refused. */
  readonly listening: boolean;
  /** Rejects when the program does not listen, or stops before it has answered. */
  answer(request: ProgramRequest): Promise<ProgramReply>;
  /** Takes over a connection, as the far end of a byte pipe. */
  accept(connection: Duplex): void;
}
