import type { WebSocket } from 'ws';
import type { Api } from './api.ts';
import type { RackRequest } from './rack-request.ts';
import type { Reply } from './reply.ts';

/** One operation of the API, and the versions that have it. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** `:name` is one segment, `:name*` the rest of the path (may be empty). */
  readonly path: string;
  /** What it is counted as: `apps.create`. */
  readonly operation: string;
  /** First version that has it; absent = all from the beginning. */
  readonly from?: string;
  /** First version that does not have it any more. */
  readonly before?: string;
  readonly open?: boolean;
  readonly handle: (request: RackRequest, api: Api) => Reply | Promise<Reply>;
}

/** A stream: sends text, may receive it, and ends when the promise resolves; a thrown refusal becomes an error frame. */
export interface StreamRoute {
  readonly path: string;
  readonly operation: string;
  readonly from?: string;
  readonly before?: string;
  readonly stream: (request: RackRequest, api: Api, channel: Channel) => Promise<void>;
}

export interface Channel {
  readonly socket: WebSocket;
  /** Aborted when the client has gone. */
  readonly closed: AbortSignal;
  /** Sends one text frame; resolves when it has left this process. */
  send(text: string): Promise<void>;
  /** What the client writes, until it says that there is no more. */
  readonly input: AsyncIterable<string>;
}

interface Versioned {
  readonly path: string;
  readonly from?: string;
  readonly before?: string;
}

/** The path parameters if the pattern fits the path. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    if (segment.endsWith('*')) {
      if (given.length < index + 1) return undefined;
      params[segment.slice(1, -1)] = decode(given.slice(index).join('/'));
      return params;
    }
    const value = given[index];
    if (value === undefined) return undefined;
    if (segment.startsWith(':')) {
      if (value === '') return undefined;
      params[segment.slice(1)] = decode(value);
    } else if (segment !== value) return undefined;
  }
  return given.length === wanted.length ? params : undefined;
}

export function isOffered(route: Versioned, version: string): boolean {
  return (route.from === undefined || version >= route.from) && (route.before === undefined || version < route.before);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
