import type { Readable } from 'node:stream';
import { encodeForm, type FormFields } from './form.ts';
import type { RequestLabel } from './rack-error.ts';
import type { TimeLimit } from './time-limit.ts';

/** What a request carries. A stream is made anew for each attempt. */
export type RequestBody =
  | { readonly type: 'form'; readonly fields: FormFields }
  | { readonly type: 'raw'; readonly contentType: string; readonly content: string | Buffer }
  | { readonly type: 'stream'; readonly contentType: string; readonly open: () => Readable };

export interface RackRequest {
  /** Operation of the client, for messages and metrics: `apps.get`. */
  readonly operation: string;
  /** What it is about: the app's name, mostly. */
  readonly subject?: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Encoded path, beginning with `/`. */
  readonly path: string;
  readonly query?: FormFields;
  readonly headers?: FormFields;
  readonly body?: RequestBody;
  /** Limit in ms for this request, instead of the client's. */
  readonly timeoutMs?: number;
  /** True for the one call that needs no password and therefore gets none. */
  readonly isAnonymous?: boolean;
  /** Default: GET and HEAD read, all others write. */
  readonly effect?: 'read' | 'write';
  /** A write that may be sent twice without harm: it sets what is set already, under a name of our own. */
  readonly isRepeatable?: boolean;
}

export interface TextReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly label: RequestLabel;
}

export interface StreamReply {
  readonly headers: Readonly<Record<string, string>>;
  /** Ends with an error (a MigrationError) when the body stops half-way. */
  readonly body: Readable;
  /** The words after the body; complete once it has ended. */
  readonly trailer: (name: string) => string | undefined;
  readonly label: RequestLabel;
}

/** Whether a request changes something. */
export function effectOf({ effect, method }: RackRequest): 'read' | 'write' {
  return effect ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'write');
}

/** The address of a request. */
export function urlOf(base: URL, request: RackRequest): string {
  const query = encodeForm(request.query ?? {});
  return `${base.origin}${base.pathname.replace(/\/$/, '')}${request.path}${query === '' ? '' : `?${query}`}`;
}

/** The body of a request, its stream opened; each piece of it counts as progress. */
export function openBody(
  request: RackRequest,
  limit: TimeLimit,
): { data?: string | Buffer | Readable; contentType?: string } {
  const { body, method } = request;
  if (body === undefined) {
    // A POST without fields still says that it is a form, as both convox CLIs' servers expect.
    return method === 'POST' || method === 'PUT' ? { data: '', contentType: FORM } : {};
  }
  if (body.type === 'form') return { data: encodeForm(body.fields), contentType: FORM };
  if (body.type === 'raw') return { data: body.content, contentType: body.contentType };
  const stream = body.open();
  stream.on('data', limit.touch).pause();
  return { data: stream, contentType: body.contentType };
}

const FORM = 'application/x-www-form-urlencoded';
