import type { MigrationEvent } from '../../orchestrator/events.ts';

/** Requests of one minute, by who got them. */
export interface TrafficPoint {
  /** Beginning of the minute, ms since 1970. */
  readonly at: number;
  /** At the old app's balancers. */
  readonly old: number;
  readonly temporary: number;
  readonly final: number;
  /** Answers with HTTP 5xx, of all of them. */
  readonly errors: number;
}

/** What visitors met in one minute; known of a rehearsal only. */
export interface VisitorMinute {
  readonly at: number;
  readonly sent: number;
  readonly failed: number;
}

/** Traffic before, during and after the records were switched. */
export interface TrafficReport {
  /** CloudWatch's figures, oldest first; empty when none were recorded. */
  readonly points: readonly TrafficPoint[];
  readonly visitors: readonly VisitorMinute[];
  readonly app: string;
  readonly temporaryApp: string | undefined;
}

/** Puts the figures that were recorded at several times together; of two for the same minute the higher one counts. */
export function trafficReport(
  events: readonly MigrationEvent[],
  names: Pick<TrafficReport, 'app' | 'temporaryApp' | 'visitors'>,
): TrafficReport {
  const points = new Map<number, TrafficPoint & { readonly errorsBy: ReadonlyMap<string, number> }>();
  for (const event of events) {
    if (event.type !== 'traffic') continue;
    const isFinal = event.app === names.app;
    for (const { at, newRequests, newErrors, oldRequests, oldErrors } of event.minutes) {
      const known = points.get(at) ?? {
        at,
        old: 0,
        temporary: 0,
        final: 0,
        errors: 0,
        errorsBy: new Map<string, number>(),
      };
      const errorsBy = new Map(known.errorsBy);
      errorsBy.set(event.app, Math.max(newErrors, errorsBy.get(event.app) ?? 0));
      errorsBy.set('', Math.max(oldErrors, errorsBy.get('') ?? 0));
      points.set(at, {
        at,
        old: Math.max(known.old, oldRequests),
        temporary: Math.max(known.temporary, isFinal ? 0 : newRequests),
        final: Math.max(known.final, isFinal ? newRequests : 0),
        errors: [...errorsBy.values()].reduce((sum, errors) => sum + errors, 0),
        errorsBy,
      });
    }
  }
  const oldestFirst = [...points.values()].toSorted((a, b) => a.at - b.at);
  return {
    ...names,
    points: oldestFirst.map(({ at, old, temporary, final, errors }) => ({ at, old, temporary, final, errors })),
  };
}
