import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { packTar } from '../../../src/sandbox/rack-api/source-archive.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/sandbox.ts';

/** Fast enough for whole deployments in a second, slow enough for a busy machine. */
export const TEST_SCALE = 600;

export interface RackReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  json(): unknown;
  /** A text field of the body, which is one JSON object. */
  field(name: string): string;
}

export interface RackCall {
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly url?: string;
}

export type Rack = (method: string, path: string, call?: RackCall) => Promise<RackReply>;

/** A plain HTTP client of a sandbox's rack: no library of this project between test and wire. */
export function rackOf(sandbox: Sandbox): Rack {
  const password = sandbox.env['CONVOX_PASSWORD'] ?? '';
  const authorization = `Basic ${Buffer.from(`convox:${password}`).toString('base64')}`;
  return (method, path, { form, body, headers, url } = {}) => {
    const payload = form === undefined ? body : new URLSearchParams(form).toString();
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        new URL(path, url ?? sandbox.endpoints.rackUrl),
        {
          method,
          agent: false,
          headers: {
            authorization,
            ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const json = (): unknown => JSON.parse(text);
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json,
              field: (name) => {
                const value = (json() as Record<string, unknown>)[name];
                return typeof value === 'string' ? value : '';
              },
            });
          });
        },
      );
      request.on('error', reject);
      request.end(payload);
    });
  };
}

export interface Probe<T> {
  readonly ask: () => Promise<T>;
  readonly until: (value: T) => boolean;
  readonly limitMs?: number;
}

/** Asks until the answer is the wanted one; fails with the last answer. Real milliseconds. */
export async function eventually<T>({ ask, until, limitMs = 15_000 }: Probe<T>): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await ask();
    if (until(value)) return value;
    if (Date.now() > deadline) throw new Error(`not reached; last: ${JSON.stringify(value).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until an app is running with nothing under way, as both API processes see it. */
export async function untilRunning(rack: Rack, app: string): Promise<RackReply> {
  let inARow = 0;
  return eventually({
    ask: () => rack('GET', `/apps/${app}`),
    until: ({ status, text }) => {
      inARow = status === 200 && text.includes('"running"') ? inARow + 1 : 0;
      return inARow > 2;
    },
  });
}

/** Waits until a build has ended, one way or the other. */
export function untilBuilt(rack: Rack, app: string, id: string): Promise<RackReply> {
  return eventually({
    ask: () => rack('GET', `/apps/${app}/builds/${id}`),
    until: ({ text }) => /"status": "(complete|failed)"/.test(text),
  });
}

/** A gzip-compressed tar of the files. */
export async function tarball(files: Readonly<Record<string, string>>): Promise<Buffer> {
  return gzipSync(await packTar(new Map(Object.entries(files))));
}

/** A classic build request: multipart with the source first, as the CLI of the time sends it. */
export function multipartSource(source: Buffer, config = ''): Required<Pick<RackCall, 'body' | 'headers'>> {
  const boundary = 'c0nv0xboundary';
  const field = (name: string, value: string): Buffer =>
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
  const body = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="source"; filename="binary-data"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    ),
    source,
    Buffer.from('\r\n'),
    field('cache', 'true'),
    field('config', config),
    field('description', ''),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
}

/** A quick sandbox, and its rack; closed when the test is over. */
export async function testSandbox(options: SandboxOptions = {}): Promise<{ sandbox: Sandbox; rack: Rack }> {
  const sandbox = await startSandbox({ scale: TEST_SCALE, ...options });
  onTestFinished(() => sandbox.close());
  return { sandbox, rack: rackOf(sandbox) };
}

export const CLASSIC_VERSION = '20171213132441';
export const STANDARD_VERSION = '20260421192651';
