import type { Clock } from '../time/clock.ts';
import { refuseWrites, reportCalls, type Answered, type AwsCall, type Instrumented } from './client-middleware.ts';
import type { RateLimit } from './token-bucket.ts';

/** Static keys; never logged, never part of an error. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Keys, or a function that fetches them (and is asked again when they expire). */
export type AwsCredentials = AwsKeys | (() => Promise<AwsKeys>);

export interface AwsClientsOptions {
  /** The rack's region: the one in its StackId, never the environment's default. */
  readonly region: string;
  /** One endpoint for all services, e.g. of the sandbox; default: AWS's own, or `AWS_ENDPOINT_URL` as the SDK reads it. */
  readonly endpoint?: string;
  /** Default: the SDK's own chain (environment, profile, role). */
  readonly credentials?: AwsCredentials;
  /** For Route 53 alone: zones often live in another account than the rack. Default: `credentials`. */
  readonly dnsCredentials?: AwsCredentials;
  /** True: any command that is not a read fails with `READ_ONLY` before it leaves the process. Default false. */
  readonly readOnly?: boolean;
  /** Attempts a request, throttling and network errors included; default 8. */
  readonly maxAttempts?: number;
  /** Limit of one attempt in ms; default 20 000. */
  readonly requestTimeoutMs?: number;
  /** Called before each request is sent, retries included. */
  readonly onCall?: (call: AwsCall) => void;
  /** When a request to Route 53 may go out; default `DNS_RATE` in this process. */
  readonly dnsLimit?: RateLimit;
  /** The clock of the default `dnsLimit`; default: the machine's. */
  readonly clock?: Clock;
}

/** Enough for a rack update's worth of polling: the SDK's own 3 give up in a throttling storm. */
const DEFAULT_MAX_ATTEMPTS = 8;
const DEFAULT_REQUEST_TIMEOUT_MS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** Prepares SDK clients that all have the same options. */
export class ClientMaker {
  readonly #options: AwsClientsOptions;
  readonly #made: { destroy(): void }[] = [];

  constructor(options: AwsClientsOptions) {
    this.#options = options;
  }

  /** A new client as it is to be used; `service` as IAM names it. */
  prepare<
    Input extends object,
    Output extends Answered,
    Client extends Instrumented<Input, Output> & { destroy(): void },
  >(client: Client, service: string): Client {
    if (this.#options.readOnly === true) refuseWrites(client, service);
    if (this.#options.onCall !== undefined) reportCalls(client, service, this.#options.onCall);
    this.#made.push(client);
    return client;
  }

  /** Closes the connections of those that were made. */
  destroy(): void {
    for (const client of this.#made) client.destroy();
  }
}

/** A function that makes something when it is first asked for it. */
export function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** What every SDK client is made with. */
export function clientConfig(options: AwsClientsOptions, credentials = options.credentials) {
  return {
    region: options.region,
    maxAttempts: options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
