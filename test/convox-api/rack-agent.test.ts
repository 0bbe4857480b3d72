import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';
import type { RackTls } from '../../src/convox-api/options.ts';
import { clientOf, errorOf, noStop } from './local-rack.ts';
import { FINGERPRINT, SELF_SIGNED } from './self-signed.ts';

interface TlsRack {
  readonly url: string;
  readonly port: number;
  /** Requests that have got through. */
  readonly requests: string[];
}

async function startTlsRack(): Promise<TlsRack> {
  const requests: string[] = [];
  const server = https.createServer(SELF_SIGNED, (request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end('[]');
  });
  server.on('tlsClientError', () => undefined);
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.send('2026-01-01T00:00:00Z hello\n');
    socket.send(Buffer.alloc(0), { binary: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a TCP server's address is an object
  return { url: `https://127.0.0.1:${port}`, port, requests };
}

/** A proxy that only knows CONNECT; leads every name to `port`. */
async function startProxy(
  port: number,
): Promise<{ readonly url: string; readonly asked: string[]; readonly authorizations: string[] }> {
  const asked: string[] = [];
  const authorizations: string[] = [];
  const server = http.createServer();
  server.on('connect', (request: http.IncomingMessage, client: net.Socket) => {
    asked.push(request.url ?? '');
    authorizations.push(request.headers['proxy-authorization'] ?? '');
    const upstream = net.connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://someone:p%40ss@127.0.0.1:${(server.address() as AddressInfo).port}`, asked, authorizations };
}

test('a self-signed rack is refused by default, before anything is sent, and the hint says what to do', async () => {
  const rack = await startTlsRack();

  const error = await errorOf(clientOf(rack.url).apps.list(noStop()));

  expect(error).toMatchObject({
    code: 'RACK_TLS',
    retryable: false,
    details: { reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  });
  expect(error).toHaveProperty('hint', expect.stringContaining('fingerprints'));
  expect(rack.requests).toEqual([]);
});

test('a self-signed rack is accepted by its fingerprint, however it is written', async () => {
  const rack = await startTlsRack();
  const withColons = FINGERPRINT.toUpperCase().replaceAll(/(..)(?!$)/g, '$1:');
  const client = clientOf(rack.url, { tls: { mode: 'fingerprints', fingerprints: ['00'.repeat(32), withColons] } });

  const apps = await client.apps.list(noStop());

  expect(apps).toEqual([]);
});

test('a rack with another fingerprint gets no request, and so no password', async () => {
  const rack = await startTlsRack();
  const client = clientOf(rack.url, { tls: { mode: 'fingerprints', fingerprints: ['ab'.repeat(32)] } });

  const error = await errorOf(client.apps.list(noStop()));

  expect(error).toMatchObject({ code: 'RACK_TLS' });
  expect(String(error)).toContain(FINGERPRINT);
  expect(rack.requests).toEqual([]);
});

const modes: readonly (readonly [string, RackTls])[] = [
  ['none', { mode: 'none' }],
  ['fingerprints', { mode: 'fingerprints', fingerprints: [FINGERPRINT] }],
];

test.each(modes)('websockets are judged the same way (%s)', async (_name, tls) => {
  const rack = await startTlsRack();
  const accepted = clientOf(rack.url, { tls });
  const refused = clientOf(rack.url);
  const command = { command: 'ls' };

  const { output } = await accepted.processes.exec('shop', 'p1', command, noStop());
  const error = await errorOf(refused.processes.exec('shop', 'p1', command, noStop()));

  expect(output).toBe('2026-01-01T00:00:00Z hello\n');
  expect(error).toMatchObject({ code: 'RACK_TLS' });
});

test('no verification is something that has to be said, and can be shown', () => {
  expect(clientOf('https://rack.example.org').tls).toEqual({ mode: 'verify' });
  expect(clientOf('https://rack.example.org', { tls: { mode: 'none' } }).tls).toEqual({ mode: 'none' });
});

test('a host under convox.site is verified whatever holds for other hosts', async () => {
  const rack = await startTlsRack();
  const proxy = await startProxy(rack.port);
  const url = 'https://rack.convox-246813579.us-west-2.convox.site';
  const client = clientOf(url, { tls: { mode: 'none' }, proxyUrl: proxy.url });

  const error = await errorOf(client.apps.list(noStop()));

  expect(error).toMatchObject({ code: 'RACK_TLS' });
  expect(rack.requests).toEqual([]);
});

test('a proxy is asked for a tunnel, with its own credentials, and never sees the request', async () => {
  const rack = await startTlsRack();
  const proxy = await startProxy(rack.port);
  const client = clientOf('https://rack.example.org', {
    tls: { mode: 'fingerprints', fingerprints: [FINGERPRINT] },
    proxyUrl: proxy.url,
  });

  await client.apps.list(noStop());

  expect(proxy.asked).toEqual(['rack.example.org:443']);
  expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('someone:p@ss').toString('base64')}`]);
  expect(rack.requests).toEqual(['GET /apps']);
});

test('a proxy that refuses, or is not there, is named without its password', async () => {
  const proxy = http.createServer();
  proxy.on('connect', (_request, socket: net.Socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo; // a TCP server's address is an object
  const refused = clientOf('https://rack.example.org', { proxyUrl: `http://someone:hush@127.0.0.1:${port}` });
  const absent = clientOf('https://rack.example.org', { proxyUrl: 'http://someone:hush@127.0.0.1:1' });

  const errors = [await errorOf(refused.apps.list(noStop())), await errorOf(absent.apps.list(noStop()))];

  expect(errors[0]).toMatchObject({ code: 'RACK_UNREACHABLE' });
  expect(String(errors[0])).toContain('HTTP 403');
  expect(errors[1]).toMatchObject({ code: 'RACK_UNREACHABLE' });
  expect(errors.map(String).join()).not.toContain('hush');
});
