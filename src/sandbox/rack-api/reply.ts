import type { ServerResponse } from 'node:http';
import type { Era } from './rack-versions.ts';

/** What an operation answers; how it looks on the wire depends on the era. */
export type Reply =
  | { readonly type: 'json'; readonly value: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** Classic `{"success":true}` as text, standard `ok`. */
  | { readonly type: 'success' }
  | { readonly type: 'text'; readonly text: string; readonly contentType: string | undefined }
  | {
      readonly type: 'bytes';
      readonly bytes: Buffer;
      readonly contentType: string | undefined;
      /** The trailer by which a classic rack says that the whole body was sent. */
      readonly doneTrailer?: boolean;
    };

/** A refusal in the rack's own words. */
export class RackRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'RackRefusal';
    this.status = status;
  }
}

export const json = (value: unknown, headers?: Readonly<Record<string, string>>): Reply =>
  headers === undefined ? { type: 'json', value } : { type: 'json', value, headers };

export const SUCCESS: Reply = { type: 'success' };

const PLAIN = 'text/plain; charset=utf-8';

/** JSON as Go's encoder writes it: two spaces, `&<>` escaped, a newline at the end. */
function goJson(value: unknown): string {
  const escaped = JSON.stringify(value, undefined, 2).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${escaped}\n`;
}

/** A time as Go writes it (RFC 3339, UTC, no trailing zeros); `undefined` is Go's zero time. */
export function goTime(ms: number | undefined): string {
  if (ms === undefined) return '0001-01-01T00:00:00Z';
  return new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
}

export function sendReply(response: ServerResponse, era: Era, reply: Reply): void {
  switch (reply.type) {
    case 'json':
      send(response, 200, { 'Content-Type': 'application/json', ...reply.headers }, goJson(reply.value));
      return;
    case 'success':
      send(response, 200, { 'Content-Type': PLAIN }, era === 'classic' ? '{"success":true}' : 'ok\n');
      return;
    case 'text':
      send(response, 200, contentType(reply.contentType), reply.text);
      return;
    case 'bytes':
      if (reply.doneTrailer === true) {
        response.writeHead(200, { ...contentType(reply.contentType), Trailer: 'Done', 'Transfer-Encoding': 'chunked' });
        response.write(reply.bytes);
        response.addTrailers({ Done: 'OK' });
        response.end();
        return;
      }
      send(response, 200, contentType(reply.contentType), reply.bytes);
  }
}

/** An error: `{"error":…}` labelled as text in the classic era, plain text with a newline in the standard one. */
export function sendRefusal(response: ServerResponse, era: Era, status: number, message: string): void {
  if (era === 'classic') {
    send(response, status, { 'Content-Type': PLAIN }, `{"error":${JSON.stringify(message)}}`);
    return;
  }
  send(response, status, { 'Content-Type': PLAIN, 'X-Content-Type-Options': 'nosniff' }, `${message}\n`);
}

const UNAUTHENTICATED =
  'Unable to authenticate.\nPlease confirm your Rack API Key is correct.\nSee https://convox.com/docs/api-keys/ for more information.';

/** What a classic rack says to a wrong password, over HTTP and as a websocket frame. */
export const CLASSIC_UNAUTHENTICATED = UNAUTHENTICATED;

export function sendUnauthenticated(response: ServerResponse, era: Era, reason: string): void {
  if (era === 'standard') {
    sendRefusal(response, era, 401, reason);
    return;
  }
  const headers = { 'WWW-Authenticate': 'Basic realm="Convox System"', 'Content-Type': PLAIN };
  send(response, 401, headers, UNAUTHENTICATED);
}

/** No such route, or (standard) no such method for it. */
export function sendNoRoute(response: ServerResponse, era: Era): void {
  if (era === 'standard') {
    send(response, 404, {}, '');
    return;
  }
  send(response, 404, { 'Content-Type': PLAIN, 'X-Content-Type-Options': 'nosniff' }, '404 page not found\n');
}

export function sendWrongMethod(response: ServerResponse): void {
  send(response, 405, {}, '');
}

function contentType(value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { 'Content-Type': value };
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}
