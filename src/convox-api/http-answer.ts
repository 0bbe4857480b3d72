import http from 'node:http';
import type { Readable } from 'node:stream';
import type { AxiosResponse } from 'axios';
import type { StreamReply } from './request.ts';

/** An answer that goes on beyond any sense. */
export class TooLarge extends Error {}

/** Reads a stream to its end, at most `limitBytes` of it; what is beyond is cut, or refused with `TooLarge`. */
export async function readText(stream: Readable, limitBytes: number, beyond: 'cut' | 'refuse'): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    // An IncomingMessage without encoding gives Buffers.
    chunks.push(chunk);
    size += chunk.length;
    if (size > limitBytes) {
      stream.destroy();
      if (beyond === 'refuse') throw new TooLarge();
      break;
    }
  }
  return Buffer.concat(chunks).subarray(0, limitBytes).toString('utf8');
}

/** The headers that have one value, names in lower case. */
export function plainHeaders(response: AxiosResponse): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name.toLowerCase(), value] satisfies [string, string]] : [],
    ),
  );
}

/** The closing words of an answer, by name; complete once its body has ended. */
export function trailersOf(response: AxiosResponse<Readable>): StreamReply['trailer'] {
  // axios gives Node's own message unless it decompresses; the request knows it in both cases (lib/adapters/http.js).
  const request: unknown = response.request;
  const message = request instanceof http.ClientRequest && 'res' in request ? request.res : response.data;
  return (name) => (message instanceof http.IncomingMessage ? message.trailers[name] : undefined);
}

/** The host that a redirect leads to, without anything else of its address. */
export function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).host : 'the same host';
}
