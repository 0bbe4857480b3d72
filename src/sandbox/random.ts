/** A seeded source of randomness (mulberry32): the same seed gives the same world. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** `ms` give or take `share` of it: durations that differ a little from each other. */
  around(ms: number, share = 0.2): number {
    return ms * (1 - share + 2 * share * this.next());
  }

  /** `length` characters drawn from `alphabet`. */
  text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.integer(0, alphabet.length - 1)] ?? '').join('');
  }

  hex(length: number): string {
    return this.text(length, '0123456789abcdef');
  }

  upper(length: number): string {
    return this.text(length, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  }

  digits(length: number): string {
    return this.text(length, '123456789');
  }

  uuid(): string {
    return [8, 4, 4, 4, 12].map((n) => this.hex(n)).join('-');
  }
}
