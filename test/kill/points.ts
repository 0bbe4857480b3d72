/** A moment at which the migration's process dies. */
export type KillPoint =
  /** Right before the n-th line is written into the record. */
  | { readonly at: 'write'; readonly number: number }
  /** At the n-th request that changes something: refused a connection, or in effect while its answer is never heard. */
  | { readonly at: 'before' | 'after'; readonly number: number }
  | { readonly at: 'never' };

/** `write-17`, `before-3`, `after-3`, as `npm run test:kill -- --point` takes it. */
export function pointName(point: KillPoint): string {
  return point.at === 'never' ? 'never' : `${point.at}-${point.number}`;
}

/** Every write into the record, and both sides of every mutating request, of an undisturbed run. */
export function allPoints({
  writes,
  mutations,
}: {
  readonly writes: number;
  readonly mutations: number;
}): readonly KillPoint[] {
  const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
  return [
    ...numbers(writes).map((number) => ({ at: 'write', number }) as const),
    ...numbers(mutations).flatMap((number) => [{ at: 'before', number } as const, { at: 'after', number } as const]),
  ];
}

/** The points to run: those named in `names` (comma-separated), or all, or so many at random. */
export function choosePoints(
  points: readonly KillPoint[],
  { names, sample }: { readonly names: string; readonly sample: string },
): readonly KillPoint[] {
  if (names !== '') return names.split(',').map(parsePoint);
  return sample === 'all' ? points : pickRandom(points, Number(sample));
}

function parsePoint(name: string): KillPoint {
  const [, at, number] = /^(write|before|after)-(\d+)$/.exec(name) ?? [];
  if (at === 'write' || at === 'before' || at === 'after') return { at, number: Number(number) };
  throw new TypeError(`no kill point: ${name}; they look like write-17, before-3, after-3`);
}

/** Half of them requests, which are fewer and more delicate. */
function pickRandom(points: readonly KillPoint[], count: number): readonly KillPoint[] {
  const requests = shuffled(points.filter(({ at }) => at !== 'write')).slice(0, Math.ceil(count / 2));
  const writes = shuffled(points.filter(({ at }) => at === 'write')).slice(0, count - requests.length);
  return [...requests, ...writes];
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}
