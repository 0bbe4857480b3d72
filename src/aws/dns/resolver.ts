import type { CaaRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { MigrationError, stopped, throwIfStopped } from '../../errors.ts';
import { onAbort } from '../../time/on-abort.ts';
import { dnsName } from './names.ts';

export interface DnsAddress {
  readonly address: string;
  /** What is left of it when the answer comes from a cache. */
  readonly ttlSeconds: number;
}

export interface CaaProperty {
  readonly tag: 'issue' | 'issuewild' | 'other';
  /** A domain name, perhaps with parameters after `;`; empty forbids all. */
  readonly value: string;
}

/** DNS questions as we ask them. "There is none" is an answer: an empty list or `undefined`. */
export interface DnsResolver {
  addresses(name: string, family: 4 | 6, signal: AbortSignal): Promise<readonly DnsAddress[]>;
  findCname(name: string, signal: AbortSignal): Promise<string | undefined>;
  nameServers(name: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Host names of the mail servers. */
  mailServers(name: string, signal: AbortSignal): Promise<readonly string[]>;
  caa(name: string, signal: AbortSignal): Promise<readonly CaaProperty[]>;
}

export interface DnsResolverOptions {
  /** `address` or `address:port`; default: the system's. */
  readonly servers?: readonly string[];
  /** For one try, in ms; default 3000. */
  readonly timeoutMs?: number;
  readonly tries?: number;
}

const NO_SUCH_RECORD: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);

/**
 * Asks DNS servers over the network.
 *
 * @throws {MigrationError} `DNS_UNREACHABLE` (retryable) when they don't answer or fail.
 */
export function dnsResolver({ servers, timeoutMs = 3000, tries = 3 }: DnsResolverOptions = {}): DnsResolver {
  const ask = async <T>(
    name: string,
    type: string,
    query: (resolver: Resolver, name: string) => Promise<T>,
    none: T,
    signal: AbortSignal,
  ): Promise<T> => {
    const what = `ask DNS for ${type} of ${name}`;
    throwIfStopped(signal, what);
    // One resolver a question: `cancel` ends all that its resolver has under way.
    const resolver = new Resolver({ timeout: timeoutMs, tries });
    if (servers !== undefined) resolver.setServers(servers);
    const forget = onAbort(signal, () => resolver.cancel());
    try {
      return await query(resolver, dnsName(name));
    } catch (error) {
      if (signal.aborted) throw stopped(signal, what);
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      if (NO_SUCH_RECORD.has(code)) return none;
      const asked = servers === undefined ? 'the system resolver' : servers.join(', ');
      throw new MigrationError('DNS_UNREACHABLE', `${what}: ${asked} failed (${code})`, {
        hint: 'Check the network and that the server answers DNS questions.',
        retryable: true,
        details: { name, type, servers: servers ?? [], dnsCode: code },
      });
    } finally {
      forget();
    }
  };
  return {
    addresses: async (name, family, signal) => {
      const found = await (family === 4
        ? ask(name, 'A', (r, n) => r.resolve4(n, { ttl: true }), [], signal)
        : ask(name, 'AAAA', (r, n) => r.resolve6(n, { ttl: true }), [], signal));
      return found.map(({ address, ttl }) => ({ address, ttlSeconds: ttl }));
    },
    findCname: async (name, signal) => {
      const [target] = await ask(name, 'CNAME', (r, n) => r.resolveCname(n), [], signal);
      return target === undefined ? undefined : dnsName(target);
    },
    nameServers: async (name, signal) => {
      const found = await ask(name, 'NS', (r, n) => r.resolveNs(n), [], signal);
      return found.map(dnsName).toSorted();
    },
    mailServers: async (name, signal) => {
      const found = await ask(name, 'MX', (r, n) => r.resolveMx(n), [], signal);
      return found.map(({ exchange }) => dnsName(exchange));
    },
    caa: async (name, signal) => {
      const found = await ask(name, 'CAA', (r, n) => r.resolveCaa(n), [], signal);
      return found.map(caaProperty);
    },
  };
}

function caaProperty(record: CaaRecord): CaaProperty {
  if (record.issue !== undefined) return { tag: 'issue', value: record.issue };
  if (record.issuewild !== undefined) return { tag: 'issuewild', value: record.issuewild };
  return { tag: 'other', value: '' };
}
