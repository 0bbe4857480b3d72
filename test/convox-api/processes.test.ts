import { expect, test } from 'vitest';
import { ExitMarkFilter } from '../../src/convox-api/process-command.ts';
import { CLASSIC, clientOf, errorOf, json, noStop, startLocalRack, text } from './local-rack.ts';

const MARK = 'F1E49A85-0AD7-4AEF-A618-C249C6E6568D:';

test('the exit mark is found wherever the frames are cut, and is no output', () => {
  const whole = `out${MARK.slice(0, 9)}put\n${MARK}42\n`;
  for (let at = 1; at < whole.length; at++) {
    const filter = new ExitMarkFilter();

    const output = filter.take(whole.slice(0, at)) + filter.take(whole.slice(at)) + filter.rest();

    expect([output, filter.exitCode]).toEqual([`out${MARK.slice(0, 9)}put\n`, 42]);
  }
});

test('a command without an exit mark has no exit code', async () => {
  const rack = await startLocalRack();
  rack.onSocket = (socket) => socket.send('half of the out', () => socket.terminate());

  const result = await clientOf(rack.url).processes.exec('shop', 'p1', { command: 'ls' }, noStop());

  expect(result).toEqual({ exitCode: undefined, output: 'half of the out' });
});

test('output that looks like an error is output when more follows', async () => {
  const rack = await startLocalRack();
  const seen: string[] = [];
  rack.onSocket = (socket) => {
    socket.send('ERROR: of the command itself\n');
    socket.send(`${MARK}1\n`);
  };

  const { exitCode } = await clientOf(rack.url).processes.exec(
    'shop',
    'p1',
    { command: 'ls', onOutput: (piece) => seen.push(piece) },
    noStop(),
  );

  expect([seen.join(''), exitCode]).toEqual(['ERROR: of the command itself\n', 1]);
});

test('on a standard rack a command of its own runs in a sleeping container, which is stopped afterwards', async () => {
  let status = 'pending';
  const rack = await startLocalRack({
    'POST /apps/shop/services/web/processes': ({ response, headers }) => {
      expect([headers['command'], headers['release']]).toEqual(['sleep 3600', 'R1']);
      json(response, { id: 'p9', app: 'shop', name: 'web' });
    },
    'GET /apps/shop/processes/p9': ({ response }) => {
      json(response, { id: 'p9', app: 'shop', name: 'web', status });
      status = 'running';
    },
    'DELETE /apps/shop/processes/p9': ({ response }) => text(response, 'ok\n'),
  });
  rack.onSocket = (socket) => socket.send(`done\n${MARK}3\n`);

  const result = await clientOf(rack.url).processes.run(
    'shop',
    'web',
    { command: 'rake db:migrate', release: 'R1' },
    noStop(),
  );

  expect(result).toEqual({ exitCode: 3, output: 'done\n' });
  expect(rack.requests.slice(-2)).toEqual(['ws /apps/shop/processes/p9/exec', 'DELETE /apps/shop/processes/p9']);
});

test('the container of a command is stopped also when the command cannot run', async () => {
  const rack = await startLocalRack({
    'POST /apps/shop/services/web/processes': ({ response }) => json(response, { id: 'p9', app: 'shop', name: 'web' }),
    'GET /apps/shop/processes/p9': ({ response }) =>
      json(response, { id: 'p9', app: 'shop', name: 'web', status: 'stopped' }),
    'DELETE /apps/shop/processes/p9': ({ response }) => text(response, 'ok\n'),
  });

  const error = await errorOf(clientOf(rack.url).processes.run('shop', 'web', { command: 'ls' }, noStop()));

  expect(error).toMatchObject({ code: 'RACK_REFUSED' });
  expect(rack.requests.at(-1)).toBe('DELETE /apps/shop/processes/p9');
});

test('a command that cannot travel in a header is refused', async () => {
  const rack = await startLocalRack({}, CLASSIC);

  const error = await errorOf(
    clientOf(rack.url).processes.exec('shop', 'p1', { command: 'echo one\r\nX-Evil: 1' }, noStop()),
  );

  expect(error).toMatchObject({ code: 'RACK_INVALID' });
  expect(rack.requests).toEqual([]);
});

test('a command is never sent twice', async () => {
  const rack = await startLocalRack();
  rack.onSocket = (socket) => socket.terminate();

  await clientOf(rack.url).processes.exec('shop', 'p1', { command: 'ls' }, noStop());

  expect(rack.requests.filter((request) => request.startsWith('ws '))).toHaveLength(1);
});
