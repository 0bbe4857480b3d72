import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { CLASSIC_VERSION, eventually, STANDARD_VERSION, testSandbox } from './rack-http.ts';

interface Opened {
  readonly socket: WebSocket;
  readonly texts: string[];
  /** `empty frame`, or how the connection ended. */
  readonly end: Promise<string>;
}

function open({ env, endpoints }: Sandbox, path: string, headers: Readonly<Record<string, string>> = {}): Opened {
  const authorization = `Basic ${Buffer.from(`convox:${env['CONVOX_PASSWORD'] ?? ''}`).toString('base64')}`;
  const { host } = new URL(endpoints.rackUrl);
  const socket = new WebSocket(`ws://${host}${path}`, {
    headers: { authorization, origin: `https://${host}`, ...headers },
  });
  const texts: string[] = [];
  const end = new Promise<string>((resolve) => {
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) resolve(data.length === 0 ? 'empty frame' : 'binary frame');
      else texts.push(data.toString('utf8'));
    });
    socket.on('close', (code) => {
      resolve(`closed ${code}`);
    });
    socket.on('error', () => undefined);
  });
  return { socket, texts, end };
}

describe('app logs', () => {
  it('end without a close frame on classic racks', async () => {
    const { sandbox } = await testSandbox({ rackVersion: CLASSIC_VERSION });

    const { end } = open(sandbox, '/apps/shop/logs', { follow: 'false' });

    expect(await end).toBe('closed 1006');
  });

  it('end with close frame 1000 on the first standard racks', async () => {
    const { sandbox } = await testSandbox({ rackVersion: '20180808194846' });

    const { end } = open(sandbox, '/apps/shop/logs', { follow: 'false' });

    expect(await end).toBe('closed 1000');
  });

  it('end with an empty binary frame later, and leave the connection to the client', async () => {
    const { sandbox } = await testSandbox({ rackVersion: STANDARD_VERSION });

    const { end, socket } = open(sandbox, '/apps/shop/logs', { follow: 'false' });
    const how = await end;
    const isOpen = socket.readyState === WebSocket.OPEN;
    socket.close();

    expect([how, isOpen]).toEqual(['empty frame', true]);
  });

  it('follow what comes, filtered, and carry 100,000 lines in order', async () => {
    const { sandbox } = await testSandbox({ rackVersion: STANDARD_VERSION });
    const { texts, socket } = open(sandbox, '/apps/shop/logs', { filter: 'line -odd' });
    await new Promise((resolve) => socket.once('open', resolve));
    const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index}${index % 2 === 0 ? '' : ' odd'}`);

    for (let from = 0; from < lines.length; from += 10_000) {
      await fetch(`${sandbox.endpoints.controlUrl}/sandbox/logs`, {
        method: 'POST',
        body: JSON.stringify({ app: 'shop', lines: lines.slice(from, from + 10_000) }),
      });
    }
    const seen = await eventually({
      ask: () =>
        Promise.resolve(
          texts
            .join('')
            .split('\n')
            .filter((line) => line !== ''),
        ),
      until: (got) => got.length >= 50_000,
    });
    socket.close();

    expect(seen).toHaveLength(50_000);
    expect(seen[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+Z line 0$/);
    expect(seen.map((line) => Number(line.split(' ').at(-1)))).toEqual(Array.from({ length: 50_000 }, (_, i) => 2 * i));
  });

  it('are cut when the streams are dropped, and tell again what came since', async () => {
    const { sandbox } = await testSandbox({ rackVersion: CLASSIC_VERSION, scale: 10 });
    const { controlUrl } = sandbox.endpoints;
    const post = (path: string, body: unknown): Promise<Response> =>
      fetch(`${controlUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
    const first = open(sandbox, '/apps/shop/logs');
    await post('/sandbox/logs', { app: 'shop', lines: ['one'] });
    await eventually({ ask: () => Promise.resolve(first.texts.length), until: (count) => count === 1 });

    await post('/sandbox/drop-streams', {});
    const how = await first.end;
    await post('/sandbox/logs', { app: 'shop', lines: ['two'] });
    const second = open(sandbox, '/apps/shop/logs', { since: '10m0s', follow: 'false' });
    await second.end;

    expect(how).toBe('closed 1006');
    expect(second.texts.map((line) => line.trim().split(' ').at(-1))).toEqual(['one', 'two']);
    expect(second.texts[0]).toMatch(/^\S+ service\/\w+:R[A-Z]{10}\/sandbox one\n$/);
  });

  it('show the events of the stack while an update is followed on standard racks', async () => {
    const { sandbox, rack } = await testSandbox({ rackVersion: STANDARD_VERSION });
    const { texts, socket } = open(sandbox, '/apps/shop/logs', { prefix: 'true' });
    await new Promise((resolve) => socket.once('open', resolve));

    await rack('PUT', '/apps/shop/services/worker', { form: { count: '2' } });
    const seen = await eventually({
      ask: () => Promise.resolve(texts.join('')),
      until: (text) => text.includes('UPDATE_COMPLETE convox-shop'),
    });
    socket.close();

    expect(seen).toMatch(/ system\/cloudformation aws\/cfm convox-shop UPDATE_IN_PROGRESS ServiceWorker/);
  });
});

describe('a command', () => {
  it('runs in a one-off process that sees what the service sees, and gives its exit code', async () => {
    const { sandbox, rack } = await testSandbox({ rackVersion: STANDARD_VERSION });
    const started = await rack('POST', '/apps/other/services/web/processes', { headers: { command: 'sleep 3600' } });
    await eventually({
      ask: () => rack('GET', `/apps/other/processes/${started.field('id')}`),
      until: (reply) => reply.field('status') === 'running',
    });

    const { texts, end, socket } = open(sandbox, `/apps/other/processes/${started.field('id')}/exec`, {
      command: 'printenv GREETING',
    });
    await end;
    socket.close();
    await rack('DELETE', `/apps/other/processes/${started.field('id')}`);
    const gone = await rack('GET', `/apps/other/processes/${started.field('id')}`);

    expect(texts).toEqual(['hello\r\n', 'F1E49A85-0AD7-4AEF-A618-C249C6E6568D:0\n']);
    expect(gone.status).toBe(404);
  });

  it('that does not exist ends with 127, as in a shell', async () => {
    const { sandbox } = await testSandbox({ rackVersion: CLASSIC_VERSION });

    const { texts, end } = open(sandbox, '/apps/other/processes/web/run', { command: 'nosuch' });

    expect(await end).toBe('closed 1006');
    expect(texts.at(-1)).toBe('F1E49A85-0AD7-4AEF-A618-C249C6E6568D:127\n');
  });
});

describe('a process of a service', () => {
  it('that is stopped is replaced by another', async () => {
    const { rack } = await testSandbox({ rackVersion: STANDARD_VERSION });
    const list = async (): Promise<string[]> =>
      ((await rack('GET', '/apps/other/processes')).json() as { id: string; status: string }[])
        .filter(({ status }) => status === 'running')
        .map(({ id }) => id);
    const [old = ''] = await list();

    const stopped = await rack('DELETE', `/apps/other/processes/${old}`);
    const [fresh = ''] = await eventually({ ask: list, until: (ids) => ids.length === 1 && ids[0] !== old });

    expect(stopped.text).toBe('ok\n');
    expect(fresh).toMatch(/^[0-9a-f]{12}$/);
  });
});
