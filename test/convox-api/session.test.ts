import { expect, test } from 'vitest';
import type { RackCall } from '../../src/convox-api/options.ts';
import { ManualClock } from '../../src/time/clock.ts';
import { CLASSIC, clientOf, errorOf, json, noStop, STANDARD, startLocalRack, text } from './local-rack.ts';

const services = (balancer: string) => [{ name: 'web', balancer, count: 1, ports: [80] }];
const standardServices = [{ name: 'web', domain: 'd', count: 1, ports: null }];

test('the dialect follows the version of a settled rack, up to the last classic one', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop/formation': ({ response }) => json(response, services('classic')),
    'GET /apps/shop/services': ({ response }) => json(response, standardServices),
  });
  const lastClassic = clientOf(rack.url);
  rack.version = '20180708231844';
  const [classic] = await lastClassic.services.list('shop', noStop());
  rack.version = '20180711032918';
  const [standard] = await clientOf(rack.url).services.list('shop', noStop());

  expect(classic?.domain).toBe('classic');
  expect(standard?.domain).toBe('d');
});

test('a settled rack is asked for its version once', async () => {
  const rack = await startLocalRack({ 'GET /apps/shop/services': ({ response }) => json(response, []) });
  const client = clientOf(rack.url);

  await client.services.list('shop', noStop());
  await client.services.list('shop', noStop());

  expect(rack.requests.filter((request) => request === 'GET /system')).toHaveLength(1);
});

test('while a rack is updating its version is not believed: the server itself is asked', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop/formation': ({ response }) => json(response, services('old API still answers')),
    'GET /auth': ({ response }) => json(response, { success: true }),
  });
  rack.status = 'updating';
  rack.version = STANDARD;

  const [service] = await clientOf(rack.url).services.list('shop', noStop());

  expect(service?.domain).toBe('old API still answers');
  expect(rack.requests).toContain('GET /auth');
});

test('what was probed during an update is probed again soon, and the end of the update is noticed', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop/formation': ({ response }) => json(response, services('classic')),
    'GET /apps/shop/services': ({ response }) => json(response, standardServices),
    'GET /auth': ({ response }) => json(response, { success: true }),
  });
  const clock = new ManualClock();
  const client = clientOf(rack.url, { clock });
  rack.status = 'updating';
  rack.version = STANDARD;
  const [during] = await client.services.list('shop', noStop());
  rack.status = 'running';
  await clock.advance(6_000);

  const [after] = await client.services.list('shop', noStop());

  expect(during?.domain).toBe('classic');
  expect(after?.domain).toBe('d');
});

test('a rack that has been updated by somebody else is noticed by the unknown route', async () => {
  const rack = await startLocalRack(
    {
      'GET /apps/shop/formation': ({ response }) =>
        rack.version === CLASSIC ? json(response, services('classic')) : text(response, '', 404),
      'GET /apps/shop/services': ({ response }) => json(response, standardServices),
    },
    CLASSIC,
  );
  const client = clientOf(rack.url);
  await client.services.list('shop', noStop());
  rack.version = STANDARD;

  const [service] = await client.services.list('shop', noStop());

  expect(service?.domain).toBe('d');
});

test('a development rack is asked which dialect it speaks', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop/services': ({ response }) => json(response, standardServices),
    'GET /auth': ({ response }) => text(response, 'ok\n'),
  });
  rack.version = 'dev';

  const [service] = await clientOf(rack.url).services.list('shop', noStop());

  expect(service?.domain).toBe('d');
});

test('capabilities name what the rack can do, and while it updates only what is certain', async () => {
  const rack = await startLocalRack({}, '20190529174125');
  const client = clientOf(rack.url);
  const settled = await client.capabilities(noStop());
  rack.status = 'updating';
  const updating = await client.capabilities(noStop());

  expect(settled).toMatchObject({
    version: '20190529174125',
    era: 'standard',
    isSettled: true,
    healthCodes: '200-399,401',
  });
  expect(settled.has).toMatchObject({ generation2: true, certificateReuseIssuedOnly: true, apiBehindAlb: false });
  expect(updating).toMatchObject({ era: 'standard', isSettled: false });
  expect(updating.has.certificateReuseIssuedOnly).toBe(false);
});

test('an API that has moved is found again, and calls go on without their callers noticing', async () => {
  const newHome = await startLocalRack({
    'GET /check': ({ response }) => text(response, 'ok\n'),
    'GET /apps': ({ response }) => json(response, []),
  });
  let asked = 0;
  const client = clientOf('http://127.0.0.1:1', {
    findApiUrl: () => {
      asked++;
      return Promise.resolve(newHome.url);
    },
  });

  const apps = await client.apps.list(noStop());

  expect(apps).toEqual([]);
  expect(asked).toBe(1);
  expect(client.url.origin).toBe(newHome.url);
});

test('a write that never left is sent to the new home of the API', async () => {
  const newHome = await startLocalRack({
    'GET /check': ({ response }) => text(response, 'ok\n'),
    'POST /apps/shop/cancel': ({ response }) => text(response, 'ok\n'),
  });
  const client = clientOf('http://127.0.0.1:1', { findApiUrl: () => Promise.resolve(newHome.url) });

  await client.apps.cancel('shop', noStop());

  expect(newHome.requests).toEqual(['GET /check', 'POST /apps/shop/cancel']);
});

test('an API that is only slow to answer is not taken for one that has moved', async () => {
  const client = clientOf('http://127.0.0.1:1', { findApiUrl: () => Promise.resolve('http://127.0.0.1:2') });

  const error = await errorOf(client.apps.cancel('shop', noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE' });
  expect(client.url.origin).toBe('http://127.0.0.1:1');
});

test('an API is never followed to a place that would get the password in clear', async () => {
  const client = clientOf('http://127.0.0.1:1', { findApiUrl: () => Promise.resolve('http://rack.example.org') });

  const error = await errorOf(client.apps.list(noStop()));

  expect(error).toMatchObject({ code: 'RACK_URL_INVALID' });
});

test('a finder that fails does not hide that the rack cannot be reached', async () => {
  const warned: string[] = [];
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_: object, message: string) => void warned.push(message),
  };
  const client = clientOf('http://127.0.0.1:1', { logger, findApiUrl: () => Promise.reject(new Error('AWS said no')) });

  const error = await errorOf(client.apps.list(noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNREACHABLE', details: { reason: 'ECONNREFUSED' } });
  expect(warned).not.toEqual([]);
});

test('a console is told which rack is meant, and given the session it asks for', async () => {
  const rack = await startLocalRack({
    'GET /apps': ({ response, headers }) => {
      if (headers['session'] === 'S1') json(response, []);
      else response.writeHead(401, { 'www-authenticate': 'Session path="/session" token="false"' }).end();
    },
    'POST /session': ({ response }) => json(response, { id: 'S1' }),
  });

  const apps = await clientOf(rack.url, { consoleRack: 'acme/production', readOnly: true }).apps.list(noStop());

  expect(apps).toEqual([]);
  expect(rack.headers.every((headers) => headers['rack'] === 'acme/production')).toBe(true);
});

test('a console that wants a signed challenge is an error, not a loop', async () => {
  const rack = await startLocalRack({
    'GET /apps': ({ response }) =>
      void response.writeHead(401, { 'www-authenticate': 'Session path="/session" token="true"' }).end(),
  });

  const error = await errorOf(clientOf(rack.url).apps.list(noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNAUTHORIZED' });
  expect(rack.requests).toEqual(['GET /apps']);
});

test('every request is reported with its operation and time', async () => {
  const calls: RackCall[] = [];
  const rack = await startLocalRack({ 'GET /apps': ({ response }) => json(response, []) });

  await clientOf(rack.url, { onCall: (call) => calls.push(call) }).apps.list(noStop());

  expect(calls).toMatchObject([{ method: 'GET', path: '/apps', operation: 'apps.list', status: 200 }]);
  expect(calls[0]?.durationMs).toBeGreaterThan(0);
});
