import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { RackTls } from './options.ts';

/** A connection that is not there after this many ms is given up. */
const CONNECT_LIMIT_MS = 20_000;

/** Code of the error for a certificate that is not one of the given fingerprints. */
export const FINGERPRINT_MISMATCH = 'ERR_RACK_FINGERPRINT';

export interface RackAgentOptions {
  readonly tls: RackTls;
  readonly proxyUrl: URL | undefined;
  readonly keepAlive: boolean;
}

interface Destination {
  readonly host: string;
  readonly port: number;
  readonly servername: string;
}

/**
 * Opens the TLS connections to one rack: through a proxy if there is one, and handing a connection out only after its
 * certificate has been judged, so that not one byte of a request reaches a server that is not the rack.
 *
 * Fingerprints need this: `rejectUnauthorized: false` plus a check in `secureConnect` would come after the request
 * has been written, and `checkServerIdentity` is not called for a self-signed certificate (Node.js docs, TLS).
 */
export class RackAgent extends https.Agent {
  readonly #tls: RackTls;
  readonly #proxyUrl: URL | undefined;

  constructor(options: RackAgentOptions) {
    super({ keepAlive: options.keepAlive });
    this.#tls = options.tls;
    this.#proxyUrl = options.proxyUrl;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const host = options.host ?? options.hostname ?? 'localhost';
    const destination = { host, port: Number(options.port ?? 443), servername: options.servername ?? host };
    this.#open(destination).then(
      (socket) => callback?.(null, socket),
      // Node's own contract of an asynchronous createConnection: no stream beside an error.
      (error: unknown) => callback?.(error as Error, undefined as unknown as Duplex),
    );
    return undefined;
  }

  async #open(destination: Destination): Promise<tls.TLSSocket> {
    const raw = this.#proxyUrl === undefined ? undefined : await openTunnel(this.#proxyUrl, destination);
    return await new Promise((resolve, reject) => {
      const socket = tls.connect({
        host: destination.host, // also what the certificate must name, where there is no server name
        ...(raw === undefined ? { port: destination.port } : { socket: raw }),
        ...(net.isIP(destination.servername) === 0 ? { servername: destination.servername } : {}),
        rejectUnauthorized: this.#tls.mode === 'verify',
        ALPNProtocols: ['http/1.1'],
      });
      const fail = (error: Error): void => {
        socket.destroy();
        reject(error);
      };
      const late = (): void => fail(coded('ETIMEDOUT', 'connect ETIMEDOUT', 'connect'));
      socket.once('error', fail).setTimeout(CONNECT_LIMIT_MS, late);
      socket.once('secureConnect', () => {
        const problem = this.#judge(socket);
        if (problem !== undefined) {
          fail(problem);
          return;
        }
        socket.setTimeout(0, late).off('error', fail); // 0 takes the listener away too
        resolve(socket);
      });
    });
  }

  #judge(socket: tls.TLSSocket): Error | undefined {
    if (this.#tls.mode !== 'fingerprints') return undefined;
    const seen = createHash('sha256').update(socket.getPeerCertificate().raw).digest('hex');
    const wanted = this.#tls.fingerprints.map((text) => text.replaceAll(':', '').toLowerCase());
    return wanted.includes(seen)
      ? undefined
      : coded(FINGERPRINT_MISMATCH, `certificate has the SHA-256 fingerprint ${seen}, which is not one of those given`);
  }
}

/** A CONNECT tunnel through an HTTP proxy (RFC 9110, section 9.3.6). */
async function openTunnel(proxyUrl: URL, { host, port }: Destination): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const credentials = `${decodeURIComponent(proxyUrl.username)}:${decodeURIComponent(proxyUrl.password)}`;
    const request = http.request({
      host: proxyUrl.hostname,
      port: Number(proxyUrl.port === '' ? 80 : proxyUrl.port),
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(proxyUrl.username === ''
          ? {}
          : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
      agent: false,
      timeout: CONNECT_LIMIT_MS,
    });
    request.once('timeout', () => request.destroy(coded('ETIMEDOUT', 'proxy: connect ETIMEDOUT', 'connect')));
    request.once('error', (error) => reject(coded('ERR_PROXY', `proxy ${proxyUrl.host}: ${error.message}`)));
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        // The proxy's socket is a net.Socket; the type says Duplex because a custom agent could give another one.
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(coded('ERR_PROXY', `proxy ${proxyUrl.host} answered CONNECT with HTTP ${String(response.statusCode)}`));
    });
    request.end();
  });
}

function coded(code: string, message: string, syscall?: string): Error {
  return Object.assign(new Error(message), { code }, syscall === undefined ? {} : { syscall });
}
