import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import type { RecordedRequest } from './transcript.ts';

/** A request as it has arrived. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * Headers that decide what a rack does: each must be equal, and none may be there that was not recorded. All others are
 * framing (Host, Connection, Content-Length, Transfer-Encoding, Sec-WebSocket-*, Upgrade, which the transport checks by
 * itself), or are ignored by every rack (Accept, Accept-Encoding, User-Agent, Session; Version but for count=-1).
 */
const DECISIVE = [
  'authorization',
  'rack',
  'follow',
  'since',
  'filter',
  'prefix',
  'command',
  'release',
  'height',
  'width',
  'tty',
  'entrypoint',
  'sec-websocket-protocol',
] as const;

/** What differs between a recorded request and a received one, in words; empty when they are equal. */
export async function differences(recorded: RecordedRequest, received: ReceivedRequest): Promise<readonly string[]> {
  const found: string[] = [];
  const compare = (what: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b))
      found.push(`${what}: recorded ${JSON.stringify(a)}, sent ${JSON.stringify(b)}`);
  };
  compare('method', recorded.method, received.method);
  compare('path', recorded.path, received.path);
  compare('query', sorted(recorded.query), sorted(received.query));
  for (const name of DECISIVE) {
    // An empty Filter or Release is the same as none: the 2017 CLI always sends them.
    compare(name, recorded.headers.get(name) ?? '', received.headers.get(name) ?? '');
  }
  compare('origin', ownOrigin(recorded.headers), ownOrigin(received.headers));
  if (recorded.method !== 'GET' && recorded.method !== 'DELETE' && recorded.method !== 'HEAD') {
    const contentType = essence(recorded.headers.get('content-type') ?? '');
    // The newest CLI labels an empty body as bytes, the recorder as a form; both are empty.
    if (recorded.body !== '' || received.body.length > 0)
      compare('content-type', contentType, essence(received.headers.get('content-type') ?? ''));
    compare('body', await bodyOf(recorded.headers, recorded.body), await bodyOf(received.headers, received.body));
  } else {
    compare('body', '', received.body.toString());
  }
  return found;
}

function sorted(pairs: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Whether there is an Origin, and whether it is the host's own; the address itself is the test's. */
function ownOrigin(headers: ReadonlyMap<string, string>): string {
  const origin = headers.get('origin');
  if (origin === undefined) return 'none';
  return new URL(origin).host === headers.get('host') ? 'own' : 'foreign';
}

function essence(contentType: string): string {
  return contentType.split(';')[0] ?? '';
}

/** A body in a form that can be compared: fields of a form by name, parts in order, an archive by its files. */
async function bodyOf(headers: ReadonlyMap<string, string>, body: string | Buffer): Promise<unknown> {
  const contentType = headers.get('content-type') ?? '';
  const boundary = /boundary=(.+)$/.exec(contentType)?.[1];
  if (boundary !== undefined) return await partsOf(boundary, body);
  const archive = await archiveOf(body);
  if (archive !== undefined) return archive;
  const text = body.toString();
  // POST /environment is labelled as a form, and is not one: its lines are compared as they are.
  const isForm =
    essence(contentType) === 'application/x-www-form-urlencoded' && /^[^=\n]*=[^\n]*$/.test(text) && !/[:/]/.test(text);
  return isForm ? sorted([...new URLSearchParams(text)]) : text;
}

async function partsOf(boundary: string, body: string | Buffer): Promise<unknown> {
  const binary = Buffer.from(body).toString('latin1');
  const parts = binary.split(`--${boundary}`).slice(1, -1);
  return await Promise.all(
    parts.map(async (part) => {
      const [head = '', ...rest] = part.replaceAll('\r\n', '\n').trimStart().split('\n\n');
      const raw = typeof body === 'string' ? Buffer.from(rest.join('\n\n').trim()) : rawPart(part);
      return { head: head.split('\n'), content: (await archiveOf(raw)) ?? raw.toString().trim() };
    }),
  );
}

function rawPart(part: string): Buffer {
  const start = part.indexOf('\r\n\r\n') + 4;
  return Buffer.from(part.slice(start, part.endsWith('\r\n') ? -2 : undefined), 'latin1');
}

/** `archive` for a gzipped tar and for the note that stands for one in a transcript; with the files if it names them. */
async function archiveOf(body: string | Buffer): Promise<{ readonly files: readonly string[] } | undefined> {
  const note = /^\(\d+ bytes: gzip-compressed tar(?: of (.*))?\)$/.exec(body.toString());
  if (note !== null) return { files: namedFiles(note[1]) };
  if (typeof body === 'string' || body[0] !== 0x1f) return undefined;
  const files = await fileNames(body);
  return { files: files.toSorted() };
}

/** The recorded CLI sessions packed the same two files, without naming them. */
function namedFiles(list: string | undefined): readonly string[] {
  return (list ?? 'Dockerfile, convox.yml').split(', ').toSorted();
}

function fileNames(archive: Buffer): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const names: string[] = [];
    const reader = extract();
    reader.on('entry', (header, stream, next) => {
      names.push(header.name);
      stream.on('end', () => next());
      stream.resume();
    });
    reader.once('finish', () => resolve(names));
    reader.once('error', reject);
    reader.end(gunzipSync(archive));
  });
}
