import type { RackContext } from './context.ts';
import { goDuration, pathOf } from './form.ts';
import { streamLines } from './log-stream.ts';

export interface LogQuery {
  /** How far back to begin, ms; default 120000, as the rack's own. */
  readonly sinceMs?: number;
  /** A CloudWatch Logs filter pattern. */
  readonly filter?: string;
  /** `follow` (default) never ends by itself; `once` ends with what is there. */
  readonly mode?: 'follow' | 'once';
  /** Puts `service/NAME/PROCESS` before each message; standard racks only, classic ones always do. Default `plain`. */
  readonly prefix?: 'plain' | 'service';
}

/** Logs, line by line. Every line begins with its time; stack events appear among them. */
export interface LogOperations {
  /** The log of an app; resumes after a dropped connection without loss or repetition. */
  app(name: string, query: LogQuery, signal: AbortSignal): AsyncIterable<string>;
  /** The log of the rack itself. */
  system(query: LogQuery, signal: AbortSignal): AsyncIterable<string>;
}

export function createLogOperations(context: RackContext): LogOperations {
  const stream = (
    label: { readonly operation: string; readonly subject?: string; readonly path: string },
    { sinceMs, filter, mode, prefix }: LogQuery,
    signal: AbortSignal,
  ): AsyncIterable<string> =>
    streamLines(
      context,
      {
        ...label,
        // What is not given is left to the rack, whose defaults are those of LogQuery.
        headers: {
          Follow: mode === undefined ? undefined : mode === 'follow',
          Since: sinceMs === undefined ? undefined : goDuration(sinceMs),
          Filter: filter === '' ? undefined : filter,
          Prefix: prefix === 'service' ? true : undefined,
        },
        resume: { from: 'since', mode: mode ?? 'follow' },
      },
      signal,
    );
  return {
    app: (name, query, signal) =>
      stream({ operation: 'logs.app', subject: name, path: pathOf('apps', name, 'logs') }, query, signal),
    system: (query, signal) => stream({ operation: 'logs.system', path: '/system/logs' }, query, signal),
  };
}
