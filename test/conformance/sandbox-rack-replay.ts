import { request as httpRequest, type IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { multipartSource, tarball } from '../sandbox/rack-api/rack-http.ts';
import { RECORDED_MANIFEST } from './sandbox-rack-situations.ts';
import type { SocketEvent, Transcript } from './transcript.ts';

export interface Replayed {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly trailers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly events: readonly SocketEvent[] | undefined;
}

/** Set by the connection, not by the exchange. */
const OWN_HEADERS = ['connection', 'content-length', 'transfer-encoding', 'accept-encoding', 'upgrade'];
/** Real ms without a frame after which a stream counts as left open. */
const IDLE_MS = 250;

/** Sends a recorded request to the sandbox, with its own ids in the place of the recorded ones. */
export async function replayAt(
  sandbox: Sandbox,
  { request, events }: Transcript,
  names: ReadonlyMap<string, string>,
): Promise<Replayed> {
  const query =
    request.query.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(request.query)).toString()}`;
  const url = new URL(rename(request.path, names) + query, sandbox.endpoints.rackUrl);
  const headers = Object.fromEntries([...request.headers].filter(([name]) => !OWN_HEADERS.includes(name)));
  const given = names.get('authorization');
  if (given !== undefined) headers['authorization'] = given;
  if (request.headers.get('upgrade') === 'websocket') return openStream(url, headers, events ?? []);
  const { body, contentType } = await bodyOf(sandbox, request.body, request.headers.get('content-type'));
  if (contentType !== undefined) headers['content-type'] = contentType;
  return send(url, { method: request.method, headers }, rename(body, names));
}

function rename<T extends string | Buffer>(text: T, names: ReadonlyMap<string, string>): T {
  if (typeof text !== 'string') return text;
  let renamed: string = text;
  for (const [recorded, own] of names) renamed = renamed.replaceAll(recorded, own);
  return renamed as T; // a string, as T is in this branch
}

/** Recorded binary bodies are a note in parentheses, certificates three dots: real ones take their place. */
async function bodyOf(
  sandbox: Sandbox,
  body: string,
  contentType: string | undefined,
): Promise<{ body: string | Buffer; contentType: string | undefined }> {
  if (body.includes('gzip-compressed tar')) {
    const files = body.includes('docker-compose.yml')
      ? { 'docker-compose.yml': 'web:\n  image: httpd\n' }
      : { 'convox.yml': RECORDED_MANIFEST, Dockerfile: 'FROM httpd\n' };
    const source = await tarball(files);
    if (contentType?.startsWith('multipart/') !== true) return { body: source, contentType };
    const form = multipartSource(source);
    return { body: form.body, contentType: form.headers['content-type'] };
  }
  if (body.includes('BEGIN+CERTIFICATE')) {
    const { acm } = sandbox.world;
    const { arn, pem } = acm.issueNow(['www.example.org']);
    acm.certificates.delete(arn);
    const form = new URLSearchParams(body);
    for (const name of ['public', 'pub']) if (form.has(name)) form.set(name, pem!.chain);
    return { body: form.toString(), contentType };
  }
  return { body, contentType };
}

function send(
  url: URL,
  options: { readonly method: string; readonly headers: Record<string, string> },
  body: string | Buffer,
): Promise<Replayed> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { ...options, agent: false }, (response) => {
      readReply(response).then(resolve, reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function readReply(response: IncomingMessage): Promise<Replayed> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer); // no encoding is set
  return {
    status: response.statusCode ?? 0,
    headers: new Map(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
    trailers: new Map(Object.entries(response.trailers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks).toString('utf8'),
    events: undefined,
  };
}

/** Opens a websocket, says what the recorded client said, and collects what comes until nothing comes any more. */
function openStream(url: URL, headers: Record<string, string>, recorded: readonly SocketEvent[]): Promise<Replayed> {
  return new Promise((resolve, reject) => {
    const kept = Object.entries(headers).filter(
      ([name]) => !['sec-websocket-key', 'sec-websocket-version'].includes(name),
    );
    const socket = new WebSocket(url, { headers: Object.fromEntries(kept), perMessageDeflate: false });
    const events: SocketEvent[] = [];
    let reply: IncomingMessage | undefined;
    let idle: NodeJS.Timeout | undefined;
    const finish = (last: SocketEvent): void => {
      clearTimeout(idle);
      socket.terminate();
      const shown = Object.entries(reply?.headers ?? {}).map(([name, value]) => [name, String(value)] as const);
      resolve({ status: 101, headers: new Map(shown), trailers: new Map(), body: '', events: [...events, last] });
    };
    const waitOn = (): void => {
      clearTimeout(idle);
      idle = setTimeout(() => {
        finish({ type: 'left-open' });
      }, IDLE_MS);
    };
    socket.on('upgrade', (response) => {
      reply = response;
    });
    socket.on('open', () => {
      for (const event of recorded) {
        if (event.type === 'frame' && event.from === 'client') {
          socket.send(Buffer.from(event.data), { binary: event.kind === 'binary' });
        }
      }
      waitOn();
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      events.push({ type: 'frame', from: 'server', kind: isBinary ? 'binary' : 'text', data: data.toString('utf8') });
      waitOn();
    });
    socket.on('unexpected-response', (_request, response) => {
      readReply(response).then(resolve, reject);
    });
    socket.on('close', () => {
      finish({ type: 'closed-by-server' });
    });
    socket.on('error', reject);
  });
}
