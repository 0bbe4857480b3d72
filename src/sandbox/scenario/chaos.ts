import { Random } from '../random.ts';
import type { World } from '../world.ts';

/** How long a slow answer takes, in simulated milliseconds. */
const SLOW_MS = 20_000;

/**
 * Makes about one request in sixteen go wrong, by a seed: throttling, errors of something in between, connections reset
 * before or after the request took effect, slow answers. Returns a function that ends it.
 */
export function startChaos(world: World, seed: number): () => void {
  const random = new Random(seed);
  return world.faults.add(({ service }) => {
    const dice = random.next();
    if (dice < 0.02) return service === 'rack' ? undefined : { type: 'throttle' };
    if (dice < 0.035) return { type: 'error', status: random.next() < 0.5 ? 500 : 503 };
    if (dice < 0.05) return { type: 'reset', applied: random.next() < 0.5 };
    if (dice < 0.06) return { type: 'delay', ms: SLOW_MS };
    return undefined;
  });
}
