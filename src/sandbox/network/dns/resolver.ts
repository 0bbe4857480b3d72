import type { Answer } from 'dns-packet';
import { askAuthority, type Authorities, type View } from './authorities.ts';
import type { Lookup } from './zone-lookup.ts';

export interface Resolution {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL';
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
}

interface Cached {
  readonly lookup: Lookup;
  readonly expiresAt: number;
}

const MAX_CHAIN = 10;

/**
 * A recursive resolver that keeps what it has learnt for its TTL, in simulated time. Like a public resolver behind
 * one anycast address it has several caches; a client (address and port) always meets the same one. So clients see a
 * change at different moments, and a weighted set reaches them in shares rather than all at once.
 */
export class CachingResolver {
  readonly #authorities: Authorities;
  readonly #view: View;
  readonly #caches: readonly Map<string, Cached>[];

  constructor(authorities: Authorities, view: View, caches = 1) {
    this.#authorities = authorities;
    this.#view = view;
    this.#caches = Array.from({ length: caches }, () => new Map<string, Cached>());
  }

  /** `name` in plain form (lower case, no final dot). */
  resolve(name: string, type: string, client = 0): Resolution {
    const cache = this.#caches[client % this.#caches.length];
    const answers: Answer[] = [];
    let at = name;
    for (let step = 0; step < MAX_CHAIN; step += 1) {
      const { lookup, ageSeconds } = this.#lookUp(cache, at, type);
      answers.push(...lookup.answers.map((answer) => aged(answer, ageSeconds)));
      if (lookup.outcome === 'cname' && lookup.target !== undefined) {
        at = lookup.target;
        continue;
      }
      const authorities = lookup.authority === undefined ? [] : [aged(lookup.authority, ageSeconds)];
      return { rcode: lookup.outcome === 'no-name' ? 'NXDOMAIN' : 'NOERROR', answers, authorities };
    }
    return { rcode: 'SERVFAIL', answers: [], authorities: [] };
  }

  #lookUp(cache: Map<string, Cached> | undefined, name: string, type: string): { lookup: Lookup; ageSeconds: number } {
    const now = this.#authorities.world.clock.now();
    const key = `${name} ${type}`;
    const cached = cache?.get(key);
    if (cached !== undefined && now < cached.expiresAt) {
      const ageSeconds = Math.floor((now - (cached.expiresAt - 1000 * ttlSeconds(cached.lookup))) / 1000);
      return { lookup: cached.lookup, ageSeconds };
    }
    const lookup = askAuthority(this.#authorities, this.#view, name, type);
    cache?.set(key, { lookup, expiresAt: now + 1000 * ttlSeconds(lookup) });
    return { lookup, ageSeconds: 0 };
  }
}

function ttlSeconds(lookup: Lookup): number {
  const records = lookup.answers.length > 0 ? lookup.answers : lookup.authority === undefined ? [] : [lookup.authority];
  return records.length === 0 ? 0 : Math.min(...records.map((record) => ('ttl' in record ? (record.ttl ?? 0) : 0)));
}

function aged(answer: Answer, seconds: number): Answer {
  return 'ttl' in answer ? { ...answer, ttl: Math.max(0, (answer.ttl ?? 0) - seconds) } : answer;
}
