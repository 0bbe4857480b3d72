/** Counts what reached the sandbox, by `<service> <operation>` (`acm RequestCertificate`, `rack apps.create`). */
export class Counters {
  readonly #counts = new Map<string, number>();

  count(service: string, operation: string): void {
    const key = `${service} ${operation}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Calls to one service, or to one operation of it. */
  total(service: string, operation?: string): number {
    if (operation !== undefined) return this.#counts.get(`${service} ${operation}`) ?? 0;
    let sum = 0;
    for (const [key, count] of this.#counts) if (key.startsWith(`${service} `)) sum += count;
    return sum;
  }

  entries(): readonly (readonly [string, number])[] {
    return [...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }
}
