import { MigrationError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';

/** How the rack's certificate is judged. */
export type RackTls =
  /** By the system's authorities and the host name; the default. */
  | { readonly mode: 'verify' }
  /** By its SHA-256 fingerprint, hex with or without colons. Racks before 20221129130331 make a new one at every restart. */
  | { readonly mode: 'fingerprints'; readonly fingerprints: readonly string[] }
  /** Not at all: only when the user says so; every plan shows it. */
  | { readonly mode: 'none' };

/** The part of a pino logger that the client uses. */
export interface RackLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** One request of the client, told after its answer or failure. */
export interface RackCall {
  readonly method: string;
  /** Path without the query, as sent. */
  readonly path: string;
  /** Operation of the client: `apps.create`. */
  readonly operation: string;
  /** HTTP status; absent when no answer came. */
  readonly status?: number;
  readonly durationMs: number;
}

export interface RackClientOptions {
  /** `https://HOST[:PORT]`; `http://` only for a loopback address, because the password travels in every request. */
  readonly url: string;
  /** The rack's password, the console's API key, or a JWT when `user` is `jwt`. */
  readonly password: string;
  /** Default `convox`: racks compare only the password (convox/rack@20171213132441 api/controllers/auth.go). */
  readonly user?: string;
  /** `org/rack`, when `url` is a console: sent as the header `Rack`. */
  readonly consoleRack?: string;
  /** Default `{ mode: 'verify' }`. */
  readonly tls?: RackTls;
  /** `http://[user:password@]host:port` of a proxy to go through; the environment is not read. */
  readonly proxyUrl?: string;
  /** Refuses every write before it leaves the process, with code `READ_ONLY`. Default false. */
  readonly readOnly?: boolean;
  /** Paces retries and looks; default the machine's clock. Limits on a single request always use real time. */
  readonly clock?: Clock;
  /** Silent by default. */
  readonly logger?: RackLogger;
  /** Limit in ms for the whole answer to one request, default 60000; for streams the limit without progress. */
  readonly timeoutMs?: number;
  /** Called once for each HTTP request and websocket. */
  readonly onCall?: (call: RackCall) => void;
  /**
   * Finds the API again when its host is gone: from 20221129130331 it lives behind another balancer. Gives a URL or a
   * host name, usually output `Dashboard` of the rack's CloudFormation stack; `undefined` if it cannot be told.
   */
  readonly findApiUrl?: (signal: AbortSignal) => Promise<string | undefined>;
  /** List of rack releases; default https://convox.s3.amazonaws.com/release/versions.json. Fetched without credentials. */
  readonly versionsUrl?: string;
}

export const DEFAULT_TIMEOUT_MS = 60_000;
export const DEFAULT_VERSIONS_URL = 'https://convox.s3.amazonaws.com/release/versions.json';

/** True for the addresses that never leave the machine. */
function isLoopback(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * Reads the address of a rack: a URL, or a bare host name, which means https.
 *
 * @throws {MigrationError} `RACK_URL_INVALID`; the message never holds credentials found in the text.
 */
export function parseRackUrl(text: string): URL {
  const candidate = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(candidate)) {
    throw invalidUrl(
      'it is not a URL',
      'Give the rack as https://HOST, for example the output Dashboard of its stack.',
    );
  }
  const url = new URL(candidate);
  if (url.username !== '' || url.password !== '') {
    throw invalidUrl('it holds credentials', 'Give the host alone and the password separately.');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw invalidUrl(`its scheme is ${url.protocol.slice(0, -1)}`, 'Use https://HOST.');
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw invalidUrl(`http://${url.host} would send the password in clear`, 'Use https://.');
  }
  if (url.search !== '' || url.hash !== '')
    throw invalidUrl('it has a query or fragment', 'Give only scheme and host.');
  return url;
}

function invalidUrl(why: string, hint: string): MigrationError {
  return new MigrationError('RACK_URL_INVALID', `rack URL refused: ${why}`, { hint });
}
