import { ACMClient } from '@aws-sdk/client-acm';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { Route53Client } from '@aws-sdk/client-route-53';
import { STSClient } from '@aws-sdk/client-sts';
import type { Clock } from '../time/clock.ts';
import {
  limitRate,
  refuseWrites,
  reportCalls,
  type AwsCall,
  type Answered,
  type Instrumented,
} from './client-middleware.ts';
import { TokenBucket, type RateLimit } from './token-bucket.ts';

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

/** One client a service, each made when first used. */
export interface AwsClients {
  readonly region: string;
  readonly cloudFormation: CloudFormationClient;
  /** Classic balancers. */
  readonly elb: ElasticLoadBalancingClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  readonly acm: ACMClient;
  readonly route53: Route53Client;
  readonly cloudWatch: CloudWatchClient;
  readonly sts: STSClient;
  /** Closes the connections of those that were made. */
  destroy(): void;
}

/** Enough for a rack update's worth of polling: the SDK's own 3 give up in a throttling storm. */
const DEFAULT_MAX_ATTEMPTS = 8;
const DEFAULT_REQUEST_TIMEOUT_MS = 20_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** Below Route 53's 5 requests a second, which all programs of an account share (Route 53 quotas), leaving some to others. */
export const DNS_RATE = { perSecond: 4, burst: 5 } as const;

/** Makes the SDK clients every function of this folder takes, for one region and one set of credentials. */
export function createAwsClients(options: AwsClientsOptions): AwsClients {
  const made: { destroy(): void }[] = [];
  const config = clientConfig(options, options.credentials);

  const prepare = <
    Input extends object,
    Output extends Answered,
    Client extends Instrumented<Input, Output> & { destroy(): void },
  >(
    client: Client,
    service: string,
  ): Client => {
    if (options.readOnly === true) refuseWrites(client, service);
    if (options.onCall !== undefined) reportCalls(client, service, options.onCall);
    made.push(client);
    return client;
  };
  const route53 = (): Route53Client => {
    const client = new Route53Client(clientConfig(options, options.dnsCredentials ?? options.credentials));
    limitRate(
      client,
      options.dnsLimit ?? new TokenBucket({ ...DNS_RATE, ...(options.clock ? { clock: options.clock } : {}) }),
    );
    return prepare(client, 'route53');
  };

  return lazy(
    {
      cloudFormation: () => prepare(new CloudFormationClient(config), 'cloudformation'),
      elb: () => prepare(new ElasticLoadBalancingClient(config), 'elasticloadbalancing'),
      elbv2: () => prepare(new ElasticLoadBalancingV2Client(config), 'elasticloadbalancing'),
      acm: () => prepare(new ACMClient(config), 'acm'),
      route53,
      cloudWatch: () => prepare(new CloudWatchClient(config), 'cloudwatch'),
      sts: () => prepare(new STSClient(config), 'sts'),
    },
    options.region,
    made,
  );
}

function clientConfig(options: AwsClientsOptions, credentials: AwsCredentials | undefined) {
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

type Makers = { readonly [Name in Exclude<keyof AwsClients, 'region' | 'destroy'>]: () => AwsClients[Name] };

function lazy(makers: Makers, region: string, made: readonly { destroy(): void }[]): AwsClients {
  const once = <T>(make: () => T): (() => T) => {
    let client: T | undefined;
    return () => (client ??= make());
  };
  const cloudFormation = once(makers.cloudFormation);
  const elb = once(makers.elb);
  const elbv2 = once(makers.elbv2);
  const acm = once(makers.acm);
  const route53 = once(makers.route53);
  const cloudWatch = once(makers.cloudWatch);
  const sts = once(makers.sts);
  return {
    region,
    get cloudFormation() {
      return cloudFormation();
    },
    get elb() {
      return elb();
    },
    get elbv2() {
      return elbv2();
    },
    get acm() {
      return acm();
    },
    get route53() {
      return route53();
    },
    get cloudWatch() {
      return cloudWatch();
    },
    get sts() {
      return sts();
    },
    destroy: () => {
      for (const client of made) client.destroy();
    },
  };
}
