import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import {
  CLASSIC,
  clientOf,
  errorOf,
  json,
  noStop,
  PASSWORD,
  startLocalRack,
  text,
  type Handler,
} from './local-rack.ts';

const build = { id: 'B1', app: 'shop', status: 'created', release: '' };
const noBuilds: Handler = ({ response }) => json(response, []);
const stored: Handler = ({ response }) => json(response, { Url: 'object://shop/tmp/x.tgz' });

function folderWith(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'builds-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, name), 'content');
  return folder;
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test.each([CLASSIC, '20260421192651'])('a folder that cannot be packed is told as such (rack %s)', async (version) => {
  const folder = folderWith('x.txt');
  symlinkSync('/etc/hostname', path.join(folder, 'escape'));
  const rack = await startLocalRack(
    {
      'GET /apps/shop/builds': noBuilds,
      'POST /apps/shop/builds': () => undefined,
      'POST /apps/shop/objects': () => undefined,
    },
    version,
  );

  const error = await errorOf(clientOf(rack.url).builds.create('shop', { folder }, {}, noStop()));

  expect(error).toMatchObject({ code: 'SOURCE_INVALID', details: { path: 'escape' } });
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(PASSWORD);
});

test('an upload that is cut is packed and sent again, under the same key', async () => {
  const sizes: number[] = [];
  const rack = await startLocalRack({
    'GET /apps/shop/builds': noBuilds,
    'POST /apps/shop/objects': (exchange) => {
      sizes.push(exchange.body.length);
      if (exchange.number === 0) exchange.socket.destroy();
      else return stored(exchange);
    },
    'POST /apps/shop/builds': ({ response }) => json(response, build),
  });

  await clientOf(rack.url).builds.create('shop', { folder: folderWith('Dockerfile') }, {}, noStop());

  expect(sizes).toHaveLength(2);
  expect(sizes[0]).toBe(sizes[1]);
  expect(new Set(rack.requests.filter((request) => request.includes('/objects/'))).size).toBe(1);
});

test('options of a build arrive in the form of the standard API', async () => {
  let form = '';
  const rack = await startLocalRack({
    'GET /apps/shop/builds': noBuilds,
    'POST /apps/shop/objects': stored,
    'POST /apps/shop/builds': ({ body, response }) => {
      form = body;
      json(response, build);
    },
  });
  const source = { folder: folderWith('Dockerfile'), manifestFile: 'convox.staging.yml' };

  await clientOf(rack.url).builds.create('shop', source, { cache: 'ignore', description: 'one & two' }, noStop());

  expect(Object.fromEntries(new URLSearchParams(form))).toEqual({
    url: 'object://shop/tmp/x.tgz',
    manifest: 'convox.staging.yml',
    'no-cache': 'true',
    description: 'one & two',
  });
});

test('a standard rack is not given a url that it would fail with later', async () => {
  const rack = await startLocalRack();

  const error = await errorOf(
    clientOf(rack.url).builds.create('shop', { url: 'https://example.org/x.git' }, {}, noStop()),
  );

  expect(error).toMatchObject({ code: 'RACK_INVALID' });
  expect(rack.requests).toEqual(['GET /system']);
});

test('an export that is cut short ends with an error, not with a short file', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop/builds/B1.tgz': ({ response, socket }) => {
      response.writeHead(200, { 'content-type': 'application/gzip', 'content-length': 100_000 });
      response.write(Buffer.alloc(50_000), () => socket.destroy());
    },
  });

  const error = await errorOf(clientOf(rack.url).builds.export('shop', 'B1', noStop()).then(bytesOf));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE', retryable: true });
});

test('a classic export counts as whole only when its closing words say so', async () => {
  const answer =
    (done: string): Handler =>
    ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/gzip', trailer: 'Done' });
      response.write(Buffer.alloc(1000));
      response.addTrailers({ Done: done });
      response.end();
    };
  const rack = await startLocalRack(
    { 'GET /apps/shop/builds/B1.tgz': answer('OK'), 'GET /apps/shop/builds/B2.tgz': answer('docker save failed') },
    CLASSIC,
  );
  const client = clientOf(rack.url);

  const whole = await bytesOf(await client.builds.export('shop', 'B1', noStop()));
  const error = await errorOf(client.builds.export('shop', 'B2', noStop()).then(bytesOf));

  expect(whole).toHaveLength(1000);
  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE', details: { reason: 'truncated' } });
});

test('an export goes straight into an import, as a stream', async () => {
  const archive = Buffer.alloc(3_000_000, 'image');
  let received = 0;
  const rack = await startLocalRack({
    'GET /apps/shop/builds/B1.tgz': ({ response }) => void response.writeHead(200).end(archive),
    'GET /apps/shop2/builds': noBuilds,
    'POST /apps/shop2/builds/import': ({ body, headers, response }) => {
      received = body.length;
      expect(headers['content-type']).toBe('application/octet-stream');
      json(response, { ...build, app: 'shop2', status: 'complete', release: 'R1' });
    },
  });
  const client = clientOf(rack.url);

  const imported = await client.builds.import('shop2', await client.builds.export('shop', 'B1', noStop()), noStop());

  expect(imported).toMatchObject({ app: 'shop2', release: 'R1' });
  expect(received).toBe(archive.length);
});

test('a classic import is a form with the image in it', async () => {
  let sent = '';
  const rack = await startLocalRack(
    {
      'GET /apps/shop/builds': noBuilds,
      'POST /apps/shop/builds': ({ body, response }) => {
        sent = body;
        json(response, build);
      },
    },
    CLASSIC,
  );

  await clientOf(rack.url).builds.import('shop', Readable.from([Buffer.from('archive')]), noStop());

  expect(sent).toContain('name="image"; filename="binary-data"');
  expect(sent).toContain('\r\n\r\narchive\r\n');
});

test('stopping in the middle of an export ends the stream with that', async () => {
  const controller = new AbortController();
  const rack = await startLocalRack({
    'GET /apps/shop/builds/B1.tgz': ({ response }) => void response.writeHead(200).write(Buffer.alloc(1000)),
  });

  const stream = await clientOf(rack.url).builds.export('shop', 'B1', controller.signal);
  stream.once('data', () => controller.abort());
  const error = await errorOf(bytesOf(stream));

  expect(error).toMatchObject({ code: 'STOPPED' });
});

test('metrics come with their statistics, and are a code of their own where there are none', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop/metrics': ({ response }) =>
      json(response, [{ name: 'process:running', values: [{ time: '2026-01-01T00:00:00Z', avg: 2, p95: 3 }] }]),
    'GET /apps/old/metrics': ({ response }) => text(response, '', 404),
  });
  const client = clientOf(rack.url);
  const start = new Date('2026-01-01T00:00:00.500Z');

  const metrics = await client.apps.metrics('shop', { start, periodSeconds: 60 }, noStop());
  const error = await errorOf(client.apps.metrics('old', {}, noStop()));

  expect(metrics).toEqual([
    { name: 'process:running', values: [{ time: new Date('2026-01-01T00:00:00Z'), statistics: { avg: 2, p95: 3 } }] },
  ]);
  expect(rack.requests[0]).toBe('GET /apps/shop/metrics?start=20260101.000000.500000000&period=60');
  expect(error).toMatchObject({ code: 'RACK_UNSUPPORTED' });
});
