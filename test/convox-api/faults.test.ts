import http from 'node:http';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { MigrationError, type ErrorCode } from '../../src/errors.ts';
import { clientOf, errorOf, json, noStop, PASSWORD, startLocalRack, type Handler } from './local-rack.ts';

const APPS = '[{"name":"shop","status":"running","release":"R1","generation":"2"}]';

/** Everything of an error that a logger, a terminal or a file could show. */
function shown(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return [
    inspect(error, { depth: 10, showHidden: true }),
    JSON.stringify(error),
    JSON.stringify(cause),
    String(error),
  ].join('\n');
}

function expectClean(error: unknown): void {
  expect(error).toBeInstanceOf(MigrationError);
  expect(shown(error)).not.toContain(PASSWORD);
  expect(shown(error)).not.toContain(Buffer.from(`convox:${PASSWORD}`).toString('base64'));
}

const faults: readonly (readonly [string, Handler, ErrorCode])[] = [
  [
    'a reset in mid-reply',
    ({ response, socket }) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': APPS.length });
      response.write(APPS.slice(0, 20), () => socket.resetAndDestroy());
    },
    'RACK_UNREACHABLE',
  ],
  ['a connection closed without a reply', ({ socket }) => void socket.destroy(), 'RACK_UNREACHABLE'],
  [
    'a reply shorter than announced',
    ({ response, socket }) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': APPS.length });
      response.write(APPS.slice(0, 20), () => socket.end());
    },
    'RACK_UNREACHABLE',
  ],
  [
    'a 502 with a page',
    ({ response }) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad Gateway'),
    'RACK_UNREACHABLE',
  ],
  ['a 503', ({ response }) => void response.writeHead(503).end(), 'RACK_UNREACHABLE'],
  [
    'truncated JSON',
    ({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).end(APPS.slice(0, 30)),
    'RACK_PROTOCOL',
  ],
  [
    'an empty answer',
    ({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).end(),
    'RACK_PROTOCOL',
  ],
  [
    'HTML instead of JSON',
    ({ response }) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Login</body></html>'),
    'RACK_PROTOCOL',
  ],
  [
    'HTML that says it is JSON',
    ({ response }) => void response.writeHead(200, { 'content-type': 'application/json' }).end('<html>'),
    'RACK_PROTOCOL',
  ],
  [
    'a wrong content type',
    ({ response }) => void response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(APPS),
    'RACK_PROTOCOL',
  ],
  ['JSON of another shape', ({ response }) => json(response, { apps: [] }), 'RACK_PROTOCOL'],
  ['a missing field', ({ response }) => json(response, [{ name: 'shop', status: 'running' }]), 'RACK_PROTOCOL'],
  [
    'an error body of 10 MB',
    ({ response }) => void response.writeHead(500).end('x'.repeat(10 * 1024 * 1024)),
    'RACK_REFUSED',
  ],
  [
    'a reply of 80 MB',
    ({ response }) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.alloc(80 * 1024 * 1024, '[')),
    'RACK_PROTOCOL',
  ],
  ['an error body that never ends', ({ response }) => void response.writeHead(500).write('oh'), 'RACK_REFUSED'],
  ['a status that means nothing', ({ response }) => void response.writeHead(418).end('teapot'), 'RACK_REFUSED'],
  [
    'an unknown host page of a balancer',
    ({ response }) => void response.writeHead(404, { 'content-type': 'text/plain' }).end('unknown host'),
    'RACK_UNREACHABLE',
  ],
];

test.each(faults)('%s is a named error that holds no password', async (_name, handler, code) => {
  const rack = await startLocalRack({ 'GET /apps': handler });
  const client = clientOf(rack.url, { timeoutMs: 1_000 });

  const error = await errorOf(client.apps.list(noStop()));

  expect(error).toMatchObject({ code });
  expectClean(error);
  expect(shown(error).length).toBeLessThan(20_000);
});

test('a missing field is named with its path, and its neighbours are not quoted', async () => {
  const rack = await startLocalRack({
    'GET /apps': ({ response }) =>
      json(response, [{ name: 'shop', status: 'running', release: '', env: 'A=hunter22' }, { name: 'x' }]),
  });

  const error = await errorOf(clientOf(rack.url).apps.list(noStop()));

  expect(error).toMatchObject({ code: 'RACK_PROTOCOL', details: { path: '1.status' } });
  expect(shown(error)).not.toContain('hunter22');
});

test('a reply that drips is given up after the limit', async () => {
  let dripped = 0;
  const rack = await startLocalRack({
    'GET /apps': ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(` `, () => dripped++), 20);
      response.on('close', () => clearInterval(timer));
    },
  });
  const client = clientOf(rack.url, { timeoutMs: 150 });
  const startedAt = performance.now();

  const error = await errorOf(client.apps.list(noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE', retryable: true, details: { reason: 'timeout' } });
  expect(dripped).toBeGreaterThan(0);
  expect(performance.now() - startedAt).toBeLessThan(10_000); // four attempts of 150 ms on a busy machine
});

test('a redirect is not followed, and the password goes nowhere else', async () => {
  const seen: http.IncomingHttpHeaders[] = [];
  const other = http.createServer((request, response) => {
    seen.push(request.headers);
    response.end('[]');
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const rack = await startLocalRack({
    'GET /apps': ({ response }) => void response.writeHead(302, { location: `http://localhost:${port}/apps` }).end(),
    'POST /apps/shop/cancel': ({ response }) =>
      void response.writeHead(307, { location: `http://localhost:${port}/x` }).end(),
  });
  const client = clientOf(rack.url);

  const read = await errorOf(client.apps.list(noStop()));
  const write = await errorOf(client.apps.cancel('shop', noStop()));

  expect(read).toMatchObject({ code: 'RACK_PROTOCOL', details: { redirectsTo: `localhost:${port}` } });
  expect(write).toMatchObject({ code: 'RACK_PROTOCOL' });
  expect(seen).toEqual([]);
});

test('a read is repeated until the rack answers', async () => {
  const rack = await startLocalRack({
    'GET /apps': ({ response, socket, number }) => {
      if (number === 0) socket.destroy();
      else if (number === 1) response.writeHead(502).end();
      else json(response, []);
    },
  });

  const apps = await clientOf(rack.url).apps.list(noStop());

  expect(apps).toEqual([]);
  expect(rack.requests).toEqual(['GET /apps', 'GET /apps', 'GET /apps']);
});

test('Retry-After is heeded', async () => {
  const slept: number[] = [];
  const rack = await startLocalRack({
    'GET /apps': ({ response, number }) => {
      if (number === 0) response.writeHead(503, { 'retry-after': '7' }).end();
      else json(response, []);
    },
  });
  const clock = { now: () => 0, monotonic: () => 0, sleep: (ms: number) => Promise.resolve(void slept.push(ms)) };

  await clientOf(rack.url, { clock }).apps.list(noStop());

  expect(slept).toEqual([7000]);
});

test('a write whose answer is lost is not repeated', async () => {
  const rack = await startLocalRack({ 'POST /apps/shop/cancel': ({ socket }) => void socket.destroy() });

  const error = await errorOf(clientOf(rack.url).apps.cancel('shop', noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE', details: { landed: 'unknown' } });
  expect(rack.requests).toEqual(['POST /apps/shop/cancel']);
});

test('a write travels on a connection of its own', async () => {
  const ports: (number | undefined)[] = [];
  const answer: Handler = ({ response, socket }) => {
    ports.push(socket.remotePort);
    response.end('ok');
  };
  const rack = await startLocalRack({ 'GET /auth': answer, 'POST /apps/shop/cancel': answer });
  const client = clientOf(rack.url);

  await client.login(noStop());
  await client.apps.cancel('shop', noStop());
  await client.login(noStop());

  expect(ports[0]).toBe(ports[2]);
  expect(ports[1]).not.toBe(ports[0]);
});

test('a caller that stops gets its answer at once, and the request is dropped', async () => {
  let dropped: () => void = () => undefined;
  const isDropped = new Promise<void>((resolve) => (dropped = resolve));
  const controller = new AbortController();
  const rack = await startLocalRack({
    'GET /apps': ({ response }) => {
      response.on('close', dropped);
      controller.abort(new Error('enough'));
    },
  });

  const error = await errorOf(clientOf(rack.url, { timeoutMs: 60_000 }).apps.list(controller.signal));

  await isDropped;
  expect(error).toMatchObject({ code: 'STOPPED' });
  expect(rack.requests).toHaveLength(1);
});

test('the words of a rack are quoted on one line, without control characters and without what is secret', async () => {
  const said = `manifest: ${PASSWORD} and s3cr3t-value\u001b[31m\nnext line\u202e`;
  const rack = await startLocalRack({
    'GET /apps/shop/releases': ({ response }) => json(response, [{ id: 'R1', app: 'shop' }]),
    'GET /apps/shop/releases/R1': ({ response }) =>
      json(response, { id: 'R1', app: 'shop', env: 'TOKEN=s3cr3t-value' }),
    'POST /apps/shop/releases/R1/promote': ({ response }) => void response.writeHead(500).end(said),
  });
  const client = clientOf(rack.url);
  await client.environment.get('shop', noStop());

  const error = await errorOf(client.releases.promote('shop', 'R1', undefined, noStop()));

  expect(error).toMatchObject({ code: 'RACK_REFUSED' });
  expect(String(error)).toContain('"manifest: [hidden] and [hidden] [31m next line"');
});
