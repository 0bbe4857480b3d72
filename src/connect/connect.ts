/** Builds the procedure's ports from a RackClient and AWS clients: the one place that knows both sides. */
import { checkRegion, parseStackArn } from '../aws/account.ts';
import { createAwsClients, type AwsClientsOptions } from '../aws/clients.ts';
import { dnsResolver } from '../aws/dns/resolver.ts';
import { publicNetwork } from '../aws/network.ts';
import { findStack } from '../aws/stacks.ts';
import type { RackClientOptions } from '../convox-api/options.ts';
import type { RackSystem } from '../convox-api/rack-types.ts';
import { RackClient } from '../convox-api/rack-client.ts';
import type { Ports } from '../orchestrator/ports.ts';
import { systemClock, type Clock } from '../time/clock.ts';
import type { NetworkAccess } from './aws-context.ts';
import { awsPort } from './aws-port.ts';
import { sourceOnDisk } from './folders.ts';

export interface ConnectOptions {
  readonly rack: Omit<RackClientOptions, 'clock' | 'readOnly' | 'findApiUrl'>;
  /** Without `region`: the one the rack says it is in. */
  readonly aws?: Omit<AwsClientsOptions, 'clock' | 'readOnly' | 'region'> & { readonly region?: string };
  /** Default: the real network and public resolvers. */
  readonly network?: NetworkAccess;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Refuses every write in rack and AWS clients, with code `READ_ONLY`. Default false. */
  readonly readOnly?: boolean;
}

export interface Connection {
  readonly ports: Ports;
  readonly rack: RackClient;
  close(): void;
}

/** Asked as a sample of the world's resolvers (Cloudflare, Google). */
const PUBLIC_RESOLVERS = ['1.1.1.1', '8.8.8.8'] as const;

/** The real network. */
export function realNetwork(): NetworkAccess {
  const resolver = dnsResolver();
  return {
    network: publicNetwork({ resolver }),
    resolver,
    resolverFor: (address) => dnsResolver({ servers: [address] }),
    publicResolvers: PUBLIC_RESOLVERS,
  };
}

/**
 * Connects to a rack and to the AWS account and region it is in.
 *
 * @throws {MigrationError} `RACK_UNREACHABLE`, `RACK_UNAUTHORIZED`, …: the rack is asked for its region; `AWS_REGION`
 * when another one was given.
 */
export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  const { clock = systemClock, readOnly = false, network = realNetwork() } = options;
  const made: { findApiUrl?: (signal: AbortSignal) => Promise<string | undefined> } = {};
  const rack = new RackClient({
    ...options.rack,
    clock,
    readOnly,
    // During an update the API's host may move; the rack's stack tells the new one.
    findApiUrl: (stop) => made.findApiUrl?.(stop) ?? Promise.resolve(undefined),
  });
  const system = await rack.system.get(signal);
  const region = regionOf(system, options.aws?.region);
  const clients = createAwsClients({ ...options.aws, region, clock, readOnly });
  const stack = system.outputs['StackId'] ?? system.name;
  made.findApiUrl = async (stop) => (await findStack({ clients, stack }, stop))?.outputs['Dashboard'];
  return {
    rack,
    ports: { rack, aws: awsPort({ clients, clock, ...network }), source: sourceOnDisk, clock },
    close: () => {
      clients.destroy();
      rack.close();
    },
  };
}

/** The StackId holds the region for certain; the rack's own field is its word for it. */
function regionOf({ name, region, outputs }: RackSystem, given: string | undefined): string {
  const stackId = outputs['StackId'];
  if (stackId === undefined) return given ?? region;
  const stack = parseStackArn(stackId);
  if (given !== undefined) checkRegion(given, name, stack);
  return stack.region;
}
