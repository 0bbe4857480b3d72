import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { ReplayResume, SinceResume } from '../../src/convox-api/log-resume.ts';
import { growthMb, usedMemoryMb } from '../support/used-memory.ts';
import { CLASSIC, clientOf, errorOf, json, noStop, startLocalRack, STANDARD } from './local-rack.ts';

const end = (socket: WebSocket): void => socket.send(Buffer.alloc(0), { binary: true });
const time = (second: number): string =>
  new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString().replace('.000Z', 'Z');

async function collect(lines: AsyncIterable<string>, most = Infinity): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) {
    all.push(line);
    if (all.length === most) break;
  }
  return all;
}

test('a frame is not a line: lines are put together across frames and characters', async () => {
  const rack = await startLocalRack();
  rack.onSocket = (socket) => {
    const bytes = Buffer.from(`${time(1)} größe\n${time(2)} two\n${time(3)} no end`);
    for (const byte of bytes) socket.send(Buffer.from([byte]), { binary: false });
    end(socket);
  };

  const lines = await collect(clientOf(rack.url).logs.app('shop', { mode: 'once' }, noStop()));

  expect(lines).toEqual([`${time(1)} größe`, `${time(2)} two`, `${time(3)} no end`]);
});

test('a classic stream ends without a word', async () => {
  const rack = await startLocalRack({}, CLASSIC);
  rack.onSocket = (socket) => socket.send(`${time(1)} service/web:R/p one\n`, () => socket.terminate());

  const lines = await collect(clientOf(rack.url).logs.app('shop', { mode: 'once' }, noStop()));

  expect(lines).toEqual([`${time(1)} service/web:R/p one`]);
});

test('a dropped connection is resumed without loss or repetition', async () => {
  const all = Array.from({ length: 500 }, (_, n) => `${time(Math.floor(n / 20))} line ${n}`);
  const rack = await startLocalRack();
  const asked: (string | undefined)[] = [];
  let sent = 0;
  rack.onSocket = (socket, request) => {
    asked.push(request.headers['since']?.toString());
    // Begins well before where the last connection ended, as a server that is asked for the last minute does.
    const from = Math.max(0, sent - 90);
    sent = Math.min(all.length, from + 190);
    const part = all.slice(from, sent).join('\n');
    // Cut in the middle of the last line.
    socket.send(sent === all.length ? `${part}\n` : part.slice(0, -3), () => socket.terminate());
  };

  const lines = await collect(clientOf(rack.url).logs.app('shop', { sinceMs: 5_000 }, noStop()), all.length);

  expect(lines).toEqual(all);
  expect(asked[0]).toBe('5s');
  expect(asked.length).toBeGreaterThan(3);
});

test('equal lines of one second are counted, not merged', async () => {
  const rack = await startLocalRack();
  let connections = 0;
  rack.onSocket = (socket) => {
    connections++;
    const same = `${time(1)} ping\n`;
    socket.send(connections === 1 ? same.repeat(2) : `${same.repeat(3)}${time(2)} done\n`, () => socket.terminate());
  };

  const lines = await collect(clientOf(rack.url).logs.app('shop', {}, noStop()), 4);

  expect(lines).toEqual([`${time(1)} ping`, `${time(1)} ping`, `${time(1)} ping`, `${time(2)} done`]);
});

test('a build log that is replayed at each connection is handed on once, to the end of the build', async () => {
  const log = Array.from({ length: 60 }, (_, n) => `Step ${n}`);
  let connections = 0;
  const rack = await startLocalRack({
    'GET /apps/shop/builds/B1': ({ response }) =>
      json(response, { id: 'B1', app: 'shop', release: '', status: connections < 3 ? 'running' : 'complete' }),
  });
  rack.onSocket = (socket) => {
    connections++;
    socket.send(`${log.slice(0, connections * 20).join('\n')}\n`, () => socket.terminate());
    if (connections > 3) end(socket);
  };
  rack.onSocket = ((play) => (socket: WebSocket, request) => {
    if (connections < 3) play(socket, request);
    else socket.send(`${log.join('\n')}\n`, () => end(socket));
  })(rack.onSocket);

  const lines = await collect(clientOf(rack.url).builds.logs('shop', 'B1', noStop()));

  expect(lines).toEqual(log);
});

test('an abort closes the socket within 100 ms', async () => {
  const rack = await startLocalRack();
  const tookMs: number[] = [];

  // The best of three, since the machine may be busy with other things.
  for (let attempt = 0; attempt < 3; attempt++) {
    const controller = new AbortController();
    const closed = new Promise<number>((resolve) => {
      rack.onSocket = (socket) => {
        socket.on('close', () => resolve(performance.now()));
        socket.send(`${time(1)} one\n`);
      };
    });
    const iterator = clientOf(rack.url).logs.app('shop', {}, controller.signal)[Symbol.asyncIterator]();
    await iterator.next();
    const abortedAt = performance.now();
    controller.abort();
    const error = await errorOf(iterator.next());
    expect(error).toMatchObject({ code: 'STOPPED' });
    tookMs.push((await closed) - abortedAt);
  }

  expect(Math.min(...tookMs)).toBeLessThan(100);
});

test('a reader that leaves closes the socket', async () => {
  const rack = await startLocalRack();
  const closed = new Promise<void>((resolve) => {
    rack.onSocket = (socket) => {
      socket.on('close', () => resolve());
      socket.send(`${time(1)} one\n`);
    };
  });

  await collect(clientOf(rack.url).logs.app('shop', {}, noStop()), 1);

  await closed;
  expect(rack.requests).toContain('ws /apps/shop/logs');
});

test.each([
  ['ERROR: invalid authentication\n', STANDARD, 'RACK_UNAUTHORIZED'],
  ['ERROR: app not found: shop\n', STANDARD, 'RACK_NOT_FOUND'],
  ['Unable to authenticate.\nPlease confirm your Rack API Key is correct.', CLASSIC, 'RACK_UNAUTHORIZED'],
])('%j as the only frame is an error', async (frame, version, code) => {
  const rack = await startLocalRack({}, version);
  rack.onSocket = (socket) => socket.send(frame, () => (version === CLASSIC ? socket.terminate() : end(socket)));

  const error = await errorOf(collect(clientOf(rack.url).logs.app('shop', {}, noStop())));

  expect(error).toMatchObject({ code });
});

test('the log of a failed build may be one line that begins with ERROR:', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop/builds/B1': ({ response }) =>
      json(response, { id: 'B1', app: 'shop', release: '', status: 'failed', reason: '' }),
  });
  rack.onSocket = (socket) => socket.send('ERROR: open convox.yml: no such file or directory\n', () => end(socket));
  const client = clientOf(rack.url);
  const build = await client.builds.get('shop', 'B1', noStop());

  const lines = await collect(client.builds.logs('shop', 'B1', noStop()));
  const reason = await client.builds.failureReason(build, noStop());

  expect(lines).toEqual(['ERROR: open convox.yml: no such file or directory']);
  expect(reason).toBe('open convox.yml: no such file or directory');
});

test('100,000 lines pass with flat memory, however slowly they are read', async () => {
  const rack = await startLocalRack();
  const total = 100_000;
  const filling = 'x'.repeat(400);
  rack.onSocket = (socket) => {
    void (async () => {
      for (let n = 0; n < total; n += 100) {
        const lines = Array.from(
          { length: 100 },
          (_, k) => `${time(Math.floor((n + k) / 1000))} ${n + k} ${filling}\n`,
        );
        await new Promise((resolve) => socket.send(lines.join(''), resolve));
      }
      end(socket);
    })();
  };
  let count = 0;
  let isInOrder = true;
  const usedMb: number[] = [];

  for await (const line of clientOf(rack.url).logs.app('shop', { mode: 'once' }, noStop())) {
    isInOrder &&= line.includes(` ${count} x`);
    count++;
    if (count % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 1)); // reads more slowly than is sent
    if (count % (total / 25) === 0) usedMb.push(usedMemoryMb());
  }

  expect(count).toBe(total);
  expect(isInOrder).toBe(true);
  // 42 MB have passed; what is in memory at the end is what was there in the first fifth.
  expect(growthMb(usedMb)).toBeLessThan(10);
});

test('after a drop only what has been handed on is left out, also when the stream goes on where it was', () => {
  const replay = new ReplayResume();
  for (const line of ['a', 'b', 'c']) replay.accept(line);
  replay.reconnected();

  const handedOn = ['a', 'd', 'e'].flatMap((line) => replay.accept(line));

  expect(handedOn).toEqual(['a', 'd', 'e']);
});

test('what is asked for again after a drop covers the silence and a clock that is off', () => {
  const resume = new SinceResume();
  const lineAt = Date.UTC(2026, 0, 1);

  resume.accept(`${new Date(lineAt).toISOString()} one`);

  expect(resume.sinceMs(lineAt + 60_000)).toBe(100_000);
  expect(resume.sinceMs(lineAt - 60_000)).toBe(40_000);
  expect(new SinceResume().sinceMs(lineAt)).toBeUndefined();
});
