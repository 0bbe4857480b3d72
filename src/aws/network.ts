import type { DnsResolver } from './dns/resolver.ts';
import { dnsResolver } from './dns/resolver.ts';

/** How a balancer is reached over the network: replaced where names, ports or authorities are not the world's. */
export interface Network {
  /** The addresses of a name, IPv4. */
  lookup(name: string, signal: AbortSignal): Promise<readonly string[]>;
  /** The port that stands for `standard` (80 or 443). */
  port(standard: number): number;
  /** PEM of the authorities to trust; absent: those Node.js comes with. */
  readonly ca?: string;
}

export interface NetworkOptions {
  /** Default: the system's. */
  readonly resolver?: DnsResolver;
}

/** The real network: the resolver's answers, ports as they are, the usual authorities. */
export function publicNetwork({ resolver = dnsResolver() }: NetworkOptions = {}): Network {
  return {
    lookup: async (name, signal) => (await resolver.addresses(name, 4, signal)).map(({ address }) => address),
    port: (standard) => standard,
  };
}
