import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import { stopped } from '../errors.ts';

/** One request, to one address, in somebody's name. */
export interface ProbeRequest {
  readonly scheme: 'http' | 'https';
  readonly address: string;
  readonly port: number;
  /** The `Host` header. */
  readonly host: string;
  /** The name asked for in TLS (SNI); default: `host`. */
  readonly servername?: string;
  /** Default `/`. */
  readonly path?: string;
  /** PEM of the authorities to trust; absent: Node's own. */
  readonly ca?: string;
  /** Default 10 000. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A certificate as a server showed it. */
export interface ServedCertificate {
  /** DNS names it is for. */
  readonly names: readonly string[];
  readonly issuer: string;
  /** ms since 1970. */
  readonly expiresAtMs: number;
  /** How many certificates the server sent, its own included. */
  readonly chainLength: number;
  /** Absent: trusted. Otherwise Node's reason, e.g. `CERT_HAS_EXPIRED`. */
  readonly distrust?: string;
  /** True if it is for the name asked for. */
  readonly isForName: boolean;
}

/** What came back; never a redirect's target. */
export type ProbeAnswer =
  | {
      readonly kind: 'answer';
      readonly address: string;
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      /** The first 2000 characters. */
      readonly bodyStart: string;
      readonly bodyBytes: number;
      /** SHA-256 of the whole body, hexadecimal. */
      readonly bodySha256: string;
      readonly certificate?: ServedCertificate;
    }
  | { readonly kind: 'unreachable'; readonly address: string; readonly reason: string };

const DEFAULT_TIMEOUT_MS = 10_000;
const BODY_START = 2000;
const MAX_BODY_BYTES = 20_000_000;

/** Sends one GET and reports what came back, whatever the certificate: judging it is left to the caller. Follows no redirect. */
export function probe(request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
  const { scheme, address, port, host, servername = host, path = '/', ca, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
  const what = `ask ${address} for ${host}${path}`;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(stopped(signal, what));
      return;
    }
    const limit = AbortSignal.timeout(timeoutMs);
    const options = {
      host: address,
      port,
      path,
      method: 'GET',
      agent: false,
      headers: { 'User-Agent': 'convox-gen2', Accept: '*/*', ...request.headers, Host: host },
      signal: AbortSignal.any([signal, limit]),
    };
    const sent =
      scheme === 'http'
        ? http.request(options)
        : // Not refused here: an untrusted or wrong certificate is a finding, not an end.
          https.request({ ...options, servername, rejectUnauthorized: false, ...(ca === undefined ? {} : { ca }) });
    sent.on('response', (response) => {
      const certificate = scheme === 'https' ? servedCertificate(response.socket, servername) : undefined;
      readBody(response).then(
        (body) =>
          resolve({
            kind: 'answer',
            address,
            status: response.statusCode ?? 0,
            headers: plainHeaders(response.headers),
            ...body,
            ...(certificate === undefined ? {} : { certificate }),
          }),
        fail,
      );
    });
    const fail = (error: Error): void => {
      if (signal.aborted) reject(stopped(signal, what));
      else if (limit.aborted) resolve({ kind: 'unreachable', address, reason: `no answer within ${timeoutMs} ms` });
      else resolve({ kind: 'unreachable', address, reason: error.message });
    };
    sent.on('error', fail);
    sent.end();
  });
}

async function readBody(
  response: http.IncomingMessage,
): Promise<{ bodyStart: string; bodyBytes: number; bodySha256: string }> {
  const hash = createHash('sha256');
  const start: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    // Without an encoding set, Node hands out buffers.
    const data = chunk as Buffer;
    if (bytes < BODY_START) start.push(data);
    hash.update(data);
    bytes += data.length;
    if (bytes > MAX_BODY_BYTES) break;
  }
  const bodyStart = Buffer.concat(start).toString('utf8').slice(0, BODY_START);
  return { bodyStart, bodyBytes: bytes, bodySha256: hash.digest('hex') };
}

function servedCertificate(socket: unknown, servername: string): ServedCertificate {
  // An https response always comes over a TLSSocket.
  const tls = socket as TLSSocket;
  const peer = tls.getPeerCertificate(true);
  // Typed as Error; Node also gives the bare code.
  const distrust = tls.authorizationError as Error | string | null | undefined;
  const names = (peer.subjectaltname ?? '')
    .split(', ')
    .flatMap((entry) => (entry.startsWith('DNS:') ? [entry.slice(4).toLowerCase()] : []));
  return {
    names,
    issuer: [peer.issuer.O, peer.issuer.CN].filter(Boolean).join(' '),
    expiresAtMs: Date.parse(peer.valid_to),
    chainLength: chainLength(peer),
    ...(distrust ? { distrust: typeof distrust === 'string' ? distrust : distrust.message } : {}),
    isForName: checkServerIdentity(servername, peer) === undefined,
  };
}

function chainLength(peer: PeerCertificate): number {
  const seen = new Set<string>();
  let at: PeerCertificate | undefined = peer;
  while (at !== undefined && !seen.has(at.fingerprint256)) {
    seen.add(at.fingerprint256);
    at = 'issuerCertificate' in at ? (at.issuerCertificate as PeerCertificate | undefined) : undefined;
  }
  return seen.size;
}

function plainHeaders(headers: http.IncomingHttpHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
