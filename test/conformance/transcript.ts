import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type Era = 'classic' | 'standard';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  /** Decoded pairs of the query string. */
  readonly query: readonly (readonly [string, string])[];
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A frame, or what happened to the connection. */
export type SocketEvent =
  | {
      readonly type: 'frame';
      readonly from: 'server' | 'client';
      readonly kind: 'text' | 'binary';
      readonly data: string;
    }
  | { readonly type: 'closed-by-server' | 'left-open' | 'closed-by-client' };

export interface Transcript {
  /** `classic/app-get-gen1` */
  readonly id: string;
  readonly era: Era;
  readonly name: string;
  readonly request: RecordedRequest;
  readonly status: number;
  readonly responseHeaders: ReadonlyMap<string, string>;
  readonly responseBody: string;
  /** Set for a websocket that was opened. */
  readonly events: readonly SocketEvent[] | undefined;
}

const FOLDER = path.join(import.meta.dirname, 'transcripts');

/** Every recorded exchange, by id. */
export function readTranscripts(): ReadonlyMap<string, Transcript> {
  const eras: readonly Era[] = ['classic', 'standard'];
  return new Map(
    eras.flatMap((era) =>
      readdirSync(path.join(FOLDER, era))
        .filter((file) => file.endsWith('.http'))
        .map((file) => {
          const transcript = parseTranscript(
            era,
            file.slice(0, -'.http'.length),
            readFileSync(path.join(FOLDER, era, file), 'utf8'),
          );
          return [transcript.id, transcript] as const;
        }),
    ),
  );
}

function parseTranscript(era: Era, name: string, text: string): Transcript {
  const split = /\n\n?HTTP\/1\.1 (\d{3}) /.exec(text);
  if (split?.[1] === undefined) throw new Error(`${era}/${name}: no response found`);
  const [requestHead, requestBody] = headAndBody(text.slice(0, split.index));
  const [responseHead, responseBody] = headAndBody(text.slice(split.index).trimStart());
  const [method = '', target = ''] = (requestHead.split('\n')[0] ?? '').split(' ');
  const [pathname = '', query = ''] = target.split('?');
  const headers = headersOf(requestHead);
  const responseHeaders = headersOf(responseHead);
  return {
    id: `${era}/${name}`,
    era,
    name,
    request: {
      method,
      path: pathname,
      query: [...new URLSearchParams(query)],
      headers,
      body: dechunked(headers, requestBody.replace(/\n$/, '')),
    },
    status: Number(split[1]),
    responseHeaders,
    responseBody: split[1] === '101' ? '' : dechunked(responseHeaders, responseBody),
    events: split[1] === '101' ? eventsOf(responseBody) : undefined,
  };
}

function headAndBody(text: string): readonly [string, string] {
  const end = text.indexOf('\n\n');
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 2)];
}

function headersOf(head: string): ReadonlyMap<string, string> {
  return new Map(
    head
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
      }),
  );
}

/** Takes the sizes of a chunked body out; each stands on a line of its own, before its chunk. */
function dechunked(headers: ReadonlyMap<string, string>, body: string): string {
  if (headers.get('transfer-encoding') !== 'chunked') return body;
  const lines = body.split('\n');
  const last = lines.lastIndexOf('0');
  return lines
    .slice(0, last)
    .filter((line) => !/^[0-9a-f]{1,3}$/.test(line))
    .join('\n');
}

function eventsOf(text: string): readonly SocketEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const frame = /^(<<|>>) (text|binary) frame, \d+ bytes: (".*")$/.exec(line);
      if (frame?.[3] !== undefined) {
        return {
          type: 'frame',
          from: frame[1] === '<<' ? 'server' : 'client',
          kind: frame[2] === 'text' ? 'text' : 'binary',
          data: String(JSON.parse(frame[3])),
        };
      }
      if (line === '-- connection closed by server') return { type: 'closed-by-server' };
      if (line.startsWith('-- idle')) return { type: 'left-open' };
      if (line.startsWith('-- client stops')) return { type: 'closed-by-client' };
      throw new Error(`unknown line in a transcript: ${line}`);
    });
}
