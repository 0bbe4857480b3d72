import type { ClockJump } from '../../time/clock.ts';
import type { Fault, FaultAction, FaultRequest } from '../faults.ts';
import { Random } from '../random.ts';
import type { World } from '../world.ts';

/** How long a slow answer takes, in simulated ms. */
const SLOW_MS = 20_000;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/**
 * Whose reads may lag. Not Route 53: its lists hold every change so far, pending ones too (API reference,
 * ListResourceRecordSets); nor CloudWatch, which is late in its own way.
 */
const LAGGING = ['rack', 'cloudformation', 'elasticloadbalancing', 'acm'] as const;
/** Of the reads of a service while one of its copies lags, the share that this copy answers. */
const LAGGING_SHARE = 0.5;

export interface ChaosTargets {
  readonly world: World;
  /** API servers that can go away for a while and come back with the state they had. */
  readonly servers: readonly { restart(awayMs: number): void }[];
}

/**
 * Makes things go wrong, by a seed: about one request in sixteen is throttled, refused with a 500 or 503, cut off
 * before or after it took effect, or slow; copies of the data lag behind for some seconds; API servers restart.
 * It lasts as long as the world. When which request arrives is not seeded: a seed gives the same mix, not the same run to
 * the millisecond.
 */
export function startChaos({ world, servers }: ChaosTargets, seed: number): void {
  world.faults.keepPastAnswers();
  const dice = new Random(seed);
  const staleRead = lagNowAndThen(world, new Random(seed + 1));
  world.faults.add((request) => {
    const action = disturbance(request, dice) ?? staleRead(request);
    if (action !== undefined) world.counters.count('chaos', action.type);
    return action;
  });
  restartNowAndThen(world, servers, new Random(seed + 2));
}

/** When and how far the clock of the machine that gen2 runs on is set, by the seed: five times in about four hours. */
export function chaosClockJumps(seed: number): readonly ClockJump[] {
  const random = new Random(seed + 3);
  let afterMs = 0;
  return Array.from({ length: 5 }, () => {
    afterMs += random.integer(5, 60) * MINUTE_MS;
    const byMs = random.integer(30, 1800) * SECOND_MS;
    return { afterMs, byMs: random.next() < 0.5 ? byMs : -byMs };
  });
}

function disturbance({ service }: FaultRequest, random: Random): FaultAction | undefined {
  const dice = random.next();
  if (dice < 0.02) return service === 'rack' ? undefined : { type: 'throttle' };
  if (dice < 0.035) return { type: 'error', status: random.next() < 0.5 ? 500 : 503 };
  if (dice < 0.05) return { type: 'reset', applied: random.next() < 0.5 };
  if (dice < 0.06) return { type: 'delay', ms: SLOW_MS };
  return undefined;
}

/** Now and then a copy of a service's data stops to be brought up to date, for 3 to 15 seconds. */
function lagNowAndThen(world: World, random: Random): Fault {
  const stoppedAt = new Map<string, number>();
  const pauseMs = (): number => random.integer(10, 60) * SECOND_MS;
  repeat(world, pauseMs, () => {
    const service = LAGGING[random.integer(0, LAGGING.length - 1)] ?? 'rack';
    stoppedAt.set(service, world.clock.now());
    world.clock.after(random.integer(3, 15) * SECOND_MS, () => stoppedAt.delete(service));
  });
  return ({ service, mutates }) => {
    const asOfMs = stoppedAt.get(service);
    if (asOfMs === undefined || mutates || random.next() >= LAGGING_SHARE) return undefined;
    return { type: 'stale', asOfMs };
  };
}

/** Every 10 to 30 minutes one of the servers is away for 20 to 120 seconds. */
function restartNowAndThen(world: World, servers: ChaosTargets['servers'], random: Random): void {
  const pauseMs = (): number => random.integer(10, 30) * MINUTE_MS;
  repeat(world, pauseMs, () => {
    world.counters.count('chaos', 'restart');
    servers[random.integer(0, servers.length - 1)]?.restart(random.integer(20, 120) * SECOND_MS);
  });
}

/** Runs `task` again and again, each time after a pause of its own. */
function repeat(world: World, pauseMs: () => number, task: () => void): void {
  world.clock.after(pauseMs(), () => {
    task();
    repeat(world, pauseMs, task);
  });
}
