import type { AwsClients } from '../aws/clients.ts';
import type { DnsResolver } from '../aws/dns/resolver.ts';
import type { Network } from '../aws/network.ts';
import type { Clock } from '../time/clock.ts';

/** How the world is reached from here; the sandbox has its own servers and port numbers. */
export interface NetworkAccess {
  readonly network: Network;
  /** Answers as a resolver of the public world. */
  readonly resolver: DnsResolver;
  /** Asks one server, given by address. */
  readonly resolverFor: (address: string) => DnsResolver;
  /** Resolvers asked as a sample of the world: `address` or `address:port`. */
  readonly publicResolvers: readonly string[];
}

/** What the AWS side of the ports works with. */
export interface AwsContext extends NetworkAccess {
  readonly clients: AwsClients;
  readonly clock: Clock;
}
