import type { Random } from '../random.ts';

/**
 * Hands out loopback addresses, 127.x.y.z, from a block of its own: each balancer node and name server gets one that
 * nobody had before, so that a client with a stale answer never reaches somebody else.
 */
export class LoopbackAddresses {
  readonly #second: number;
  #next: number;

  constructor(random: Random) {
    this.#second = random.integer(16, 250);
    this.#next = random.integer(1, 200) * 256;
  }

  allocate(count: number): string[] {
    return Array.from({ length: count }, () => this.#one());
  }

  #one(): string {
    do this.#next += 1;
    while (this.#next % 256 === 0 || this.#next % 256 === 255);
    if (this.#next >= 256 * 256) throw new Error(`sandbox: no loopback address left in 127.${this.#second}.0.0/16`);
    return `127.${this.#second}.${this.#next >> 8}.${this.#next & 255}`;
  }
}
