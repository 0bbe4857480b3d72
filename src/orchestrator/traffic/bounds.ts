/** What may go wrong with the new app while traffic moves to it, and what is too much. */
import { MigrationError } from '../../errors.ts';
import { formatDuration } from '../../time/wait.ts';
import type { MigrationSettings } from '../plan.ts';
import type { TargetHealthFacts, TrafficCounts, TrafficFacts } from '../ports.ts';
import type { SideFacts } from './samples.ts';

export interface TrafficBounds {
  /** Share of answers that may be wrong above the old app's own share, 0 to 1. */
  readonly maxErrorShare: number;
  /** Real ms that four of five answers must keep; undefined: three times what the old app takes, at least a second. */
  readonly maxLatencyMs: number | undefined;
  /** Share of each service's targets that must be healthy, 0 to 1. */
  readonly minHealthyShare: number;
}

const DEFAULT_MAX_ERROR_PERCENT = 1;
const DEFAULT_MIN_HEALTHY_PERCENT = 50;
const LATENCY_FACTOR = 3;
const LATENCY_FLOOR_MS = 1_000;
/** One or two wrong answers may be the network's. */
const MIN_WRONG_ANSWERS = 3;
const MIN_TIMED_ANSWERS = 10;
/** CloudWatch's share means little of fewer requests. */
const MIN_COUNTED_REQUESTS = 20;

export function boundsOf({ maxErrorPercent, maxLatencyMs, minHealthyPercent }: MigrationSettings): TrafficBounds {
  return {
    maxErrorShare: (maxErrorPercent ?? DEFAULT_MAX_ERROR_PERCENT) / 100,
    maxLatencyMs,
    minHealthyShare: (minHealthyPercent ?? DEFAULT_MIN_HEALTHY_PERCENT) / 100,
  };
}

/** The bounds in one line, for the plan. */
export function describeBounds({ maxErrorShare, maxLatencyMs, minHealthyShare }: TrafficBounds): string {
  const latency =
    maxLatencyMs === undefined
      ? `${LATENCY_FACTOR} times the old app's time (at least ${formatDuration(LATENCY_FLOOR_MS)})`
      : formatDuration(maxLatencyMs);
  return (
    `wrong answers above the old app's share + ${percent(maxErrorShare)}, answers slower than ${latency}, ` +
    `or less than ${percent(minHealthyShare)} of a service's targets healthy`
  );
}

/** A bound that was crossed. While the old app is there the records go back; else `hint` says what is to be done. */
export function outOfBounds(
  problem: string,
  hint = "The records are put back by themselves. Look at the new app's logs.",
): MigrationError {
  return new MigrationError('TRAFFIC_OUT_OF_BOUNDS', problem, { hint, details: { problem } });
}

/** Compares the answers of both sides for one host; undefined while they keep the bounds. */
export function judgeAnswers(
  host: string,
  fresh: SideFacts,
  old: SideFacts | undefined,
  bounds: TrafficBounds,
): string | undefined {
  const oldShare = old === undefined || old.answers === 0 ? 0 : old.wrong / old.answers;
  const share = fresh.answers === 0 ? 0 : fresh.wrong / fresh.answers;
  if (fresh.wrong >= MIN_WRONG_ANSWERS && share - oldShare > bounds.maxErrorShare) {
    return (
      `${host}: ${fresh.wrong} of ${fresh.answers} answers of the new app are wrong (${percent(share)}, ` +
      `the old app's ${percent(oldShare)}, at most ${percent(bounds.maxErrorShare)} more): ${fresh.lastWrong ?? ''}`
    );
  }
  const oldMs = old?.usualMs;
  const limitMs = bounds.maxLatencyMs ?? Math.max(LATENCY_FLOOR_MS, LATENCY_FACTOR * (oldMs ?? 0));
  const { usualMs: ms } = fresh;
  if (ms === undefined || fresh.timed < MIN_TIMED_ANSWERS || ms <= limitMs) return undefined;
  const compared = oldMs === undefined ? '' : `, the old app's within ${formatDuration(oldMs)}`;
  return `${host}: one of five answers of the new app takes longer than ${formatDuration(ms)} (bound ${formatDuration(limitMs)}${compared})`;
}

export function judgeHealth(
  service: string,
  { healthy, total, problems }: TargetHealthFacts,
  { minHealthyShare }: TrafficBounds,
): string | undefined {
  if (total > 0 && healthy / total >= minHealthyShare) return undefined;
  return `${service}: ${healthy} of ${total} targets are healthy (at least ${percent(minHealthyShare)}): ${problems.join('; ')}`;
}

/** Judges CloudWatch's counts, which are minutes late but hold everybody's requests. */
export function judgeCounts(traffic: TrafficFacts, { maxErrorShare }: TrafficBounds): string | undefined {
  const { newErrors, newRequests, oldErrors, oldRequests, says } = countsToJudge(traffic);
  if (newRequests < MIN_COUNTED_REQUESTS) return undefined;
  const oldShare = oldRequests < MIN_COUNTED_REQUESTS ? 0 : oldErrors / oldRequests;
  const share = newErrors / newRequests;
  if (share - oldShare <= maxErrorShare) return undefined;
  return `${percent(share)} of the requests to the new app fail (the old app's ${percent(oldShare)}, at most ${percent(maxErrorShare)} more): ${says}`;
}

/** True when some of the requests failed, and there were too few of them for `judgeCounts`. */
export function isTooEarlyToJudge(traffic: TrafficFacts): boolean {
  const { newErrors, newRequests } = countsToJudge(traffic);
  return newErrors > 0 && newRequests < MIN_COUNTED_REQUESTS;
}

/** The newest figures, unless they are of too few requests. */
function countsToJudge(traffic: TrafficFacts): TrafficCounts {
  return traffic.newRequests < MIN_COUNTED_REQUESTS ? traffic.lately : traffic;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
