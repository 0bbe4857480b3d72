import { dnsResolver } from '../aws/dns/resolver.ts';
import { publicNetwork } from '../aws/network.ts';
import type { NetworkAccess } from '../connect/aws-context.ts';
import type { SandboxAccess } from './sandbox-access.ts';

/** The sandbox's names, ports and authority in place of the world's. */
export function sandboxNetwork(
  sandbox: Pick<SandboxAccess, 'publicDns' | 'vpcDns' | 'dnsPort' | 'ports' | 'caPem'>,
): NetworkAccess {
  const { publicDns, vpcDns, dnsPort, ports, caPem } = sandbox;
  // Balancers are asked as from inside the VPC, so that internal ones can be reached too.
  const inside = publicNetwork({ resolver: dnsResolver({ servers: [vpcDns] }) });
  return {
    network: {
      lookup: (name, signal) => inside.lookup(name, signal),
      port: (standard) => (standard === 443 ? ports[443] : standard === 80 ? ports[80] : standard),
      ca: caPem,
    },
    resolver: dnsResolver({ servers: [publicDns] }),
    resolverFor: (address) => dnsResolver({ servers: [address.includes(':') ? address : `${address}:${dnsPort}`] }),
    publicResolvers: [publicDns],
  };
}
