import { Random } from '../../random.ts';
import type { World } from '../../world.ts';
import { askNameServer, type Authorities, type View } from './authorities.ts';
import { DnsSocket, type DnsReply } from './dns-socket.ts';
import { CachingResolver } from './resolver.ts';

export interface SandboxDns {
  /** `127.0.0.1:PORT`, a recursive resolver outside the VPC. */
  readonly publicDns: string;
  /** `127.0.0.1:PORT`, the VPC's resolver: private zones first. */
  readonly vpcDns: string;
  /** Port on which the addresses of name servers answer. */
  readonly dnsPort: number;
  readonly nameServerAddresses: readonly string[];
  close(): Promise<void>;
}

const NAME_SERVERS_PER_ZONE = 4;
/** Caches behind the public resolver's address; one VPC has one. */
const PUBLIC_CACHES = 8;
const BIND_ATTEMPTS = 20;

/** Starts both resolvers and the four authoritative servers, over UDP and TCP. */
export async function startDns(world: World): Promise<SandboxDns> {
  const nameServerAddresses = world.dataPlane.allocateAddresses(NAME_SERVERS_PER_ZONE);
  const authorities: Authorities = {
    world,
    random: new Random(world.random.integer(0, 0xffffffff)),
    nameServerAddresses,
  };
  const sockets: DnsSocket[] = [];

  const publicPort = await bindTogether(
    ['127.0.0.1', ...nameServerAddresses],
    () => [
      recursiveSocket(authorities, 'public', PUBLIC_CACHES),
      ...nameServerAddresses.map((_, index) => authoritativeSocket(authorities, index)),
    ],
    sockets,
  );
  const vpcPort = await bindTogether(['127.0.0.1'], () => [recursiveSocket(authorities, 'vpc', 1)], sockets);
  return {
    publicDns: `127.0.0.1:${publicPort}`,
    vpcDns: `127.0.0.1:${vpcPort}`,
    dnsPort: publicPort,
    nameServerAddresses,
    close: async () => {
      await Promise.all(sockets.map((socket) => socket.close()));
    },
  };
}

/** One port for all addresses, UDP and TCP: the first address chooses, and all try again when one of them has lost. */
async function bindTogether(
  addresses: readonly string[],
  make: () => readonly DnsSocket[],
  bound: DnsSocket[],
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const sockets = make();
    try {
      let port = 0;
      for (const [index, socket] of sockets.entries()) port = await socket.bind(addresses[index] ?? '127.0.0.1', port);
      bound.push(...sockets);
      return port;
    } catch (error) {
      await Promise.all(sockets.map((socket) => socket.close()));
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isTaken || attempt === BIND_ATTEMPTS) throw error;
    }
  }
}

function recursiveSocket(authorities: Authorities, view: View, caches: number): DnsSocket {
  const resolver = new CachingResolver(authorities, view, caches);
  return new DnsSocket((name, type, client) => {
    return { ...resolver.resolve(name, type, client), isAuthoritative: false };
  });
}

function authoritativeSocket(authorities: Authorities, index: number): DnsSocket {
  return new DnsSocket((name, type) => {
    return authoritativeReply(authorities, index, name, type);
  });
}

/** Follows CNAMEs as long as they stay in zones of this server. */
function authoritativeReply(authorities: Authorities, index: number, name: string, type: string): DnsReply {
  const answers: DnsReply['answers'][number][] = [];
  let at = name;
  for (let step = 0; step < 8; step += 1) {
    const lookup = askNameServer(authorities, index, at, type);
    if (lookup === undefined) {
      return { rcode: answers.length > 0 ? 'NOERROR' : 'REFUSED', answers, authorities: [], isAuthoritative: true };
    }
    answers.push(...lookup.answers);
    if (lookup.outcome === 'cname' && lookup.target !== undefined) {
      at = lookup.target;
      continue;
    }
    const soa = lookup.authority === undefined ? [] : [lookup.authority];
    return {
      rcode: lookup.outcome === 'no-name' ? 'NXDOMAIN' : 'NOERROR',
      answers,
      authorities: soa,
      isAuthoritative: true,
    };
  }
  return { rcode: 'SERVFAIL', answers, authorities: [], isAuthoritative: true };
}
