import { isIP } from 'node:net';
import { MigrationError } from '../../errors.ts';
import type { Clock } from '../../time/clock.ts';
import { waitFor } from '../../time/wait.ts';
import { balancerKey } from '../rack-facts.ts';
import { dnsName, parentsOf } from './names.ts';
import type { DnsResolver } from './resolver.ts';

/** What one server answers for a name, and whether that is the balancer. */
export interface ServerAnswer {
  /** The server's name or address, as it was given. */
  readonly server: string;
  readonly agrees: boolean;
  /** CNAME target or addresses; why there is none otherwise. */
  readonly saw: string;
  /** Of the answer; 0 when there is none. */
  readonly ttlSeconds: number;
}

export interface ExpectedAnswer {
  readonly name: string;
  /** DNS name of the balancer the name must lead to. */
  readonly balancerDnsName: string;
}

export interface AskServersOptions extends ExpectedAnswer {
  /** Names or addresses of the servers to ask, each alone. */
  readonly servers: readonly string[];
  /** Asks one server, given by address; names are looked up with `resolver` first. */
  readonly resolverFor: (address: string) => DnsResolver;
  /** For the servers' own addresses and the balancer's. */
  readonly resolver: DnsResolver;
}

/** Asks each server alone whether it answers with the balancer: its CNAME, or addresses the balancer has just now. */
export async function askServers(options: AskServersOptions, signal: AbortSignal): Promise<readonly ServerAnswer[]> {
  const wanted = await options.resolver.addresses(options.balancerDnsName, 4, signal);
  const addresses = new Set(wanted.map(({ address }) => address));
  return Promise.all(options.servers.map((server) => askServer(server, addresses, options, signal)));
}

async function askServer(
  server: string,
  balancerAddresses: ReadonlySet<string>,
  { name, balancerDnsName, resolver, resolverFor }: AskServersOptions,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  try {
    const address = isAddress(server) ? server : (await resolver.addresses(server, 4, signal))[0]?.address;
    if (address === undefined) return { server, agrees: false, saw: 'the server has no address', ttlSeconds: 0 };
    const asked = resolverFor(address);
    const cname = await asked.findCname(name, signal);
    if (cname !== undefined) {
      return {
        server,
        agrees: balancerKey(cname) === balancerKey(balancerDnsName),
        saw: `CNAME ${cname}`,
        ttlSeconds: 0,
      };
    }
    const answer = await asked.addresses(name, 4, signal);
    // A balancer's addresses rotate: one in common is enough.
    const agrees = answer.some((found) => balancerAddresses.has(found.address));
    const saw = answer.length === 0 ? 'no address' : answer.map((found) => found.address).join(', ');
    return { server, agrees, saw, ttlSeconds: Math.max(0, ...answer.map((found) => found.ttlSeconds)) };
  } catch (error) {
    if (!MigrationError.is(error, 'DNS_UNREACHABLE')) throw error;
    return { server, agrees: false, saw: error.message, ttlSeconds: 0 };
  }
}

/**
 * The servers that answer for a name, wherever its DNS is: those of the nearest zone upwards that public DNS knows.
 *
 * @throws {MigrationError} `ZONE_NOT_FOUND` if no zone of the name is known.
 */
export async function findNameServers(
  { name, resolver }: Pick<AskServersOptions, 'name' | 'resolver'>,
  signal: AbortSignal,
): Promise<{ readonly zone: string; readonly servers: readonly string[] }> {
  for (const zone of parentsOf(name, 2)) {
    const servers = await resolver.nameServers(zone, signal);
    if (servers.length > 0) return { zone, servers };
  }
  throw new MigrationError('ZONE_NOT_FOUND', `public DNS knows no zone that holds ${dnsName(name)}`, {
    hint: 'Check the spelling of the domain, and that it is registered.',
    details: { name },
  });
}

export interface WaitForServersOptions extends AskServersOptions {
  /** Who these servers are, for messages: "the zone's own servers", "public resolvers". */
  readonly who: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Default 5000. */
  readonly intervalMs?: number;
  readonly onPending?: (saw: string, elapsedMs: number) => void;
}

/**
 * Waits until every one of the servers answers with the balancer. With a zone's own name servers it is the second of the
 * three waits after a change, with public resolvers the third, which lasts as long as the old record's TTL.
 */
export async function waitForServers(
  options: WaitForServersOptions,
  signal: AbortSignal,
): Promise<readonly ServerAnswer[]> {
  const { who, name, clock, timeoutMs, intervalMs = 5000, onPending } = options;
  return waitFor(
    async () => {
      const answers = await askServers(options, signal);
      const others = answers.filter(({ agrees }) => !agrees);
      if (others.length === 0) return { state: 'ready', value: answers };
      return { state: 'pending', saw: others.map(({ server, saw }) => `${server}: ${saw}`).join('; ') };
    },
    {
      what: `${who} to answer ${name} with the new balancer`,
      clock,
      timeoutMs,
      intervalMs,
      hint: 'The records are changed; these servers still answer with something else.',
      ...(onPending === undefined ? {} : { onPending }),
    },
    signal,
  );
}

/** An address, with or without a port; a name may consist of the same letters. */
function isAddress(server: string): boolean {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(server)?.[1] ?? server;
  return isIP(bare) !== 0 || isIP(bare.replace(/:\d+$/, '')) !== 0;
}
