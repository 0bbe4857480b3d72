import type { TrafficCount, TrafficReading } from '../aws/traffic.ts';
import type { TrafficCounts, TrafficFacts, TrafficWindow } from '../orchestrator/ports.ts';

export const MINUTE_MS = 60_000;

const NO_COUNTS: TrafficCounts = {
  newRequests: 0,
  newErrors: 0,
  oldRequests: 0,
  oldErrors: 0,
  says: 'no figures of the time after the change yet',
};

export const NO_FIGURES: TrafficFacts = { ...NO_COUNTS, fromMs: 0, toMs: 0, lately: NO_COUNTS };

export interface NewestWindow extends Pick<TrafficWindow, 'minutes' | 'figures'> {
  /** All figures of minutes that ended before are there, ms since 1970. */
  readonly certainMs: number;
  /** What the new side is called in words. */
  readonly app: string;
}

/** The newest minutes of a reading that tell what both sides did. */
export function newestWindow(
  reading: Pick<TrafficReading, 'fromMs' | 'toMs' | 'new' | 'old'>,
  { certainMs, minutes, figures, app }: NewestWindow,
): TrafficFacts {
  const { fromMs, toMs } = reading;
  const known = Math.round((toMs - fromMs) / MINUTE_MS);
  const certain = Math.min(known, Math.max(0, Math.round((certainMs - fromMs) / MINUTE_MS)));
  // Where one side has figures, those of the other are there as a rule.
  const told = Array.from({ length: known }, (_, minute) => inMinute(reading.new, 'requestsPerMinute', minute) > 0);
  const end = figures === 'certain' ? certain : Math.max(certain, told.lastIndexOf(true) + 1);
  const begin = Math.max(0, end - minutes);
  if (end === begin) return NO_FIGURES;
  return {
    ...countsOf(reading, begin, end, app),
    ...{ fromMs: fromMs + begin * MINUTE_MS, toMs: fromMs + end * MINUTE_MS },
    lately: countsOf(reading, 0, end, app),
  };
}

function countsOf(
  reading: Pick<TrafficReading, 'new' | 'old'>,
  begin: number,
  end: number,
  app: string,
): TrafficCounts {
  const [young, old] = [total(reading.new, begin, end), total(reading.old, begin, end)];
  const which = whichOf(reading.old.map((count) => ({ ...count, ...total([count], begin, end) })));
  return {
    ...{ newRequests: young.requests, newErrors: young.errors },
    ...{ oldRequests: old.requests, oldErrors: old.errors },
    says: `in ${end - begin} min: ${young.requests} requests at ${app} (${young.errors} errors), ${old.requests} at the old balancers${which}`,
  };
}

/** The ones that get requests, each with how many. */
export function whichOf(counts: readonly Pick<TrafficCount, 'label' | 'requests'>[]): string {
  const busy = counts.filter(({ requests }) => requests > 0).map(({ label, requests }) => `${label} ${requests}`);
  return busy.length === 0 ? '' : ` (${busy.join(', ')})`;
}

/** Of the minutes from `begin` on, before `end`. */
function total(
  counts: readonly TrafficCount[],
  begin: number,
  end: number,
): { readonly requests: number; readonly errors: number } {
  const sum = (figures: (count: TrafficCount) => readonly number[]): number =>
    counts.reduce(
      (all, count) =>
        figures(count)
          .slice(begin, end)
          .reduce((a, b) => a + b, all),
      0,
    );
  return { requests: sum(({ requestsPerMinute }) => requestsPerMinute), errors: sum((count) => count.errorsPerMinute) };
}

export function inMinute(
  counts: readonly TrafficCount[],
  figure: 'requestsPerMinute' | 'errorsPerMinute',
  minute: number,
): number {
  return counts.reduce((sum, count) => sum + (count[figure][minute] ?? 0), 0);
}
