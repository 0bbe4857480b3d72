import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../../../time/clock.ts';
import { afterRunning } from '../patient-timer.ts';
import type { SandboxEndpoints } from '../../sandbox.ts';
import { RequestTimeout, type Answer } from './failure-cause.ts';
import { StubResolver } from './stub-resolver.ts';

export type TrafficEndpoints = Pick<SandboxEndpoints, 'publicDns' | 'vpcDns' | 'ports' | 'caPem'>;

export interface TrafficTarget {
  readonly host: string;
  readonly scheme: 'http' | 'https';
  readonly path: string;
  /** Which resolver knows the name. */
  readonly view: 'public' | 'vpc';
  /** The app that must answer: it, or one whose name continues it (`shop` → `shop-g2`). */
  readonly app: string;
}

export interface TrafficClientOptions {
  readonly endpoints: TrafficEndpoints;
  /** Simulated time. */
  readonly clock: Clock;
  readonly keepsAlive: boolean;
  /** Simulated ms after which kept connections are given up and names asked again. */
  readonly keepAliveMaxAgeMs: number;
  readonly ttlFactor: number;
  /** Real ms a request may take. */
  readonly timeoutMs: number;
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  readonly bornAt: number;
}

const MAX_REDIRECTS = 3;
/** Connections a browser opens to one host at most. */
const MAX_SOCKETS = 6;
/** Real ms for one of several addresses before the next is tried. */
const ADDRESS_ATTEMPT_MS = 2_000;

/**
 * One visitor: its own DNS cache and, if it keeps connections, its own pool. Like a browser it pools by host name, so
 * a kept connection outlives a DNS change, follows redirects, tries a name's other addresses, and repeats a GET whose
 * kept connection turns out to be closed (RFC 9110 §9.2.2).
 */
export class TrafficClient {
  readonly #options: TrafficClientOptions;
  readonly #resolvers: { readonly public: StubResolver; readonly vpc: StubResolver };
  readonly #pools = new Map<string, Agents>();
  /** Made once: reading the authority's certificate costs more than the rest of a connection. */
  readonly #trust: SecureContext;
  /** GETs sent once more because a kept connection had been closed. */
  repeated = 0;

  constructor(options: TrafficClientOptions) {
    this.#options = options;
    const { clock, ttlFactor, endpoints } = options;
    this.#trust = createSecureContext({ ca: endpoints.caPem });
    this.#resolvers = {
      public: new StubResolver({ server: endpoints.publicDns, clock, ttlFactor }),
      vpc: new StubResolver({ server: endpoints.vpcDns, clock, ttlFactor }),
    };
  }

  /** The final answer, after redirects. Rejects with the error of the connection. */
  async get(target: TrafficTarget): Promise<Answer> {
    let { scheme, path } = target;
    for (let hop = 0; ; hop += 1) {
      const reply = await this.#request(target, scheme, path, 'first');
      const next = hop < MAX_REDIRECTS ? redirectTarget(reply, target.host) : undefined;
      if (next === undefined) return { status: reply.status, app: reply.app };
      ({ scheme, path } = next);
    }
  }

  close(): void {
    for (const { http, https } of this.#pools.values()) {
      http.destroy();
      https.destroy();
    }
    this.#resolvers.public.close();
    this.#resolvers.vpc.close();
  }

  /** `again`: over a connection of its own, for the answer that a kept one did not bring. */
  #request(target: TrafficTarget, scheme: 'http' | 'https', path: string, turn: 'first' | 'again'): Promise<Reply> {
    const { host, view } = target;
    const { ports } = this.#options.endpoints;
    const agents = turn === 'first' ? this.#agents(view) : this.#makeAgents(view, false);
    return new Promise((resolve, reject) => {
      let hasAnswer = false;
      const receive = (response: IncomingMessage): void => {
        hasAnswer = true;
        response.resume();
        response.on('end', () => {
          cancel();
          const { location, 'x-app': app } = response.headers;
          const status = response.statusCode ?? 0;
          resolve({ status, app: typeof app === 'string' ? app : undefined, location });
        });
        response.on('error', fail);
      };
      const fail = (error: Error): void => {
        cancel();
        // An answer that has begun is not asked for again: that one is lost.
        if (request.reusedSocket && turn === 'first' && !hasAnswer && !(error instanceof RequestTimeout)) {
          this.repeated += 1;
          this.#request(target, scheme, path, 'again').then(resolve, reject);
        } else {
          reject(error);
        }
      };
      const request: ClientRequest =
        scheme === 'https'
          ? httpsRequest({ agent: agents.https, host, port: ports[443], path, headers: { Host: host } }, receive)
          : httpRequest({ agent: agents.http, host, port: ports[80], path, headers: { Host: host } }, receive);
      const cancel = afterRunning(this.#options.timeoutMs, () => {
        request.destroy(new RequestTimeout(`no answer within ${this.#options.timeoutMs} ms`));
      });
      request.on('error', fail);
      request.end();
    });
  }

  /** A pool per view; a pool that is old enough is left to finish what it has begun. */
  #agents(view: 'public' | 'vpc'): Agents {
    const known = this.#pools.get(view);
    const now = this.#options.clock.now();
    if (known !== undefined && now - known.bornAt < this.#options.keepAliveMaxAgeMs) return known;
    if (known !== undefined) {
      retire(known.http);
      retire(known.https);
    }
    const agents = this.#makeAgents(view, this.#options.keepsAlive);
    this.#pools.set(view, agents);
    return agents;
  }

  #makeAgents(view: 'public' | 'vpc', keepAlive: boolean): Agents {
    const options = {
      keepAlive,
      ...(keepAlive ? { maxSockets: MAX_SOCKETS } : {}),
      lookup: lookupWith(this.#resolvers[view]),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
    };
    return {
      http: new HttpAgent(options),
      // No session is resumed: each new connection checks the certificate that is shown now.
      https: new HttpsAgent({ ...options, secureContext: this.#trust, maxCachedSessions: 0 }),
      bornAt: this.#options.clock.now(),
    };
  }
}

interface Reply extends Answer {
  readonly location: string | undefined;
}

function redirectTarget(reply: Reply, host: string): { scheme: 'http' | 'https'; path: string } | undefined {
  if (![301, 302, 307, 308].includes(reply.status) || reply.location === undefined) return undefined;
  const url = new URL(reply.location, `http://${host}`);
  if (url.hostname !== host) return undefined;
  return { scheme: url.protocol === 'https:' ? 'https' : 'http', path: `${url.pathname}${url.search}` };
}

function lookupWith(resolver: StubResolver): LookupFunction {
  return (host, how, done) => {
    resolver.addresses(host).then(
      (addresses) => {
        if (how.all === true)
          done(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
        else done(null, addresses[0] ?? '', 4);
      },
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), []),
    );
  };
}

function retire(agent: HttpAgent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
