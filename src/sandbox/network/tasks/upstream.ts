import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { ProgramRequest } from '../../model/compute.ts';

/** Real milliseconds a program waits for the one behind it (nginx: `proxy_read_timeout`). */
const TIMEOUT_MS = 10_000;
const IDLE_MS = 2_000;

export interface UpstreamReply {
  readonly status: number;
  readonly body: Buffer;
  readonly app: string | undefined;
  readonly contentType: string;
}

export interface UpstreamOptions {
  /** Addresses of a name as the VPC's resolver sees them; throws when there are none. */
  readonly resolve: (host: string) => readonly string[];
  /** What ports 80 and 443 are really served on. */
  readonly ports: () => { readonly 80: number; readonly 443: number };
}

/** What programs use to call each other: HTTP(S) through the VPC's DNS and the balancers, like everybody. */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(options: UpstreamOptions) {
    this.#options = options;
    const lookup: LookupFunction = (host, how, done) => {
      try {
        const addresses = options.resolve(host).map((address) => ({ address, family: 4 }));
        if (how.all === true) done(null, addresses);
        else done(null, addresses[0]?.address ?? '', 4);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)), []);
      }
    };
    // rejectUnauthorized: nginx's `proxy_ssl_verify` is off by default.
    const agent = { keepAlive: true, timeout: IDLE_MS, lookup, rejectUnauthorized: false };
    this.#agents = { http: new HttpAgent(agent), https: new HttpsAgent({ ...agent, maxCachedSessions: 0 }) };
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** Sends the request to `base` (`http://…`, `https://…`, or gen 1's `tcp://host:port`), path unchanged. */
  async forward(
    base: string,
    request: ProgramRequest,
    { keepHost }: { readonly keepHost: boolean },
  ): Promise<UpstreamReply | { readonly error: string }> {
    const target = parseBase(base);
    if (target === undefined) return { error: 'the base URL cannot be read' };
    const options: RequestOptions = {
      agent: target.isTls ? this.#agents.https : this.#agents.http,
      host: target.host,
      servername: target.host,
      port: this.#realPort(target.port),
      method: request.method,
      path: request.path,
      headers: upstreamHeaders(request, keepHost ? undefined : target.host),
      timeout: TIMEOUT_MS,
    };
    const isRepeatable = request.method === 'GET' || request.method === 'HEAD';
    try {
      return await send(options, target.isTls, isRepeatable);
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  #realPort(port: number): number {
    const ports = this.#options.ports();
    return port === 80 ? ports[80] : port === 443 ? ports[443] : port;
  }
}

function parseBase(base: string): { host: string; port: number; isTls: boolean } | undefined {
  const match = /^(tcp|http|https):\/\/(?:[^@/]*@)?([^:/]+)(?::(\d+))?/i.exec(base);
  const [, scheme, host, port] = match ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  const isTls = scheme.toLowerCase() === 'https';
  return { host: host.toLowerCase(), port: port === undefined ? (isTls ? 443 : 80) : Number(port), isTls };
}

function upstreamHeaders(request: ProgramRequest, host: string | undefined): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name === 'connection' || name === 'content-length' || name === 'transfer-encoding') {
      continue;
    }
    headers[name] = typeof value === 'string' ? value : [...value];
  }
  if (host !== undefined) headers['host'] = host;
  return headers;
}

/** A kept connection may have been closed while the request was on its way: a repeatable one is sent once more. */
function send(options: RequestOptions, isTls: boolean, mayRepeat: boolean): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    const request = (isTls ? httpsRequest : httpRequest)(options, (response) => {
      readAll(response).then(resolve, reject);
    });
    request.on('timeout', () => request.destroy(new Error('timed out')));
    request.on('error', (error) => {
      if (request.reusedSocket && mayRepeat) send(options, isTls, false).then(resolve, reject);
      else reject(error);
    });
    request.end();
  });
}

async function readAll(response: IncomingMessage): Promise<UpstreamReply> {
  const chunks: Buffer[] = [];
  // Chunks of an HTTP body without an encoding are buffers.
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const app = response.headers['x-app'];
  return {
    status: response.statusCode ?? 502,
    body: Buffer.concat(chunks),
    app: typeof app === 'string' ? app : undefined,
    contentType: response.headers['content-type'] ?? 'application/octet-stream',
  };
}
