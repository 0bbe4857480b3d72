import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { parseRackUrl } from '../../src/convox-api/options.ts';
import { RackClient } from '../../src/convox-api/rack-client.ts';
import { Secrets } from '../../src/convox-api/secrets.ts';
import { clientOf, errorOf, noStop, startLocalRack } from './local-rack.ts';

test.each([
  'http://rack.example.org',
  'ftp://rack.example.org',
  'https://',
  'https://u:hush@rack.example.org',
  'https://x/?q=1',
])('the address %s is refused, without quoting what may be a password', async (url) => {
  const error = await errorOf(Promise.resolve().then(() => parseRackUrl(url)));

  expect(error).toMatchObject({ code: 'RACK_URL_INVALID' });
  expect(JSON.stringify([error, String(error)])).not.toContain('hush');
});

test.each(['http://127.0.0.1:5000', 'http://localhost:5000', 'http://[::1]:5000', 'http://rack.localhost'])(
  '%s may be spoken to in clear, since nothing leaves the machine',
  (url) => {
    expect(parseRackUrl(url).protocol).toBe('http:');
  },
);

test('a bare host name means https', () => {
  expect(parseRackUrl('convox-123.us-west-2.elb.amazonaws.com').href).toBe(
    'https://convox-123.us-west-2.elb.amazonaws.com/',
  );
});

test('an empty password is refused before anything is sent', () => {
  expect(() => new RackClient({ url: 'https://rack.example.org', password: '' })).toThrow(
    expect.objectContaining({ code: 'RACK_PASSWORD_MISSING' }),
  );
});

const writes: Readonly<Record<string, (client: RackClient) => Promise<unknown>>> = {
  'apps.create': (client) => client.apps.create({ name: 'x', generation: '2' }, noStop()),
  'apps.delete': (client) => client.apps.delete('x', noStop()),
  'apps.cancel': (client) => client.apps.cancel('x', noStop()),
  'apps.setParameters': (client) => client.apps.setParameters('x', { A: '2' }, noStop()),
  'apps.setLock': (client) => client.apps.setLock('x', 'locked', noStop()),
  'environment.set': (client) => client.environment.set('x', new Map([['A', '1']]), noStop()),
  'environment.unset': (client) => client.environment.unset('x', 'A', noStop()),
  'releases.create': (client) => client.releases.create('x', {}, noStop()),
  'releases.promote': (client) => client.releases.promote('x', 'R1', undefined, noStop()),
  'builds.create from a folder': (client) => client.builds.create('x', { folder: '.' }, {}, noStop()),
  'builds.create from a url': (client) => client.builds.create('x', { url: 'object://x/y' }, {}, noStop()),
  'builds.import': (client) => client.builds.import('x', Readable.from(['x']), noStop()),
  'objects.store': (client) => client.objects.store('x', 'tmp/x', 'x', noStop()),
  'objects.delete': (client) => client.objects.delete('x', 'tmp/x', noStop()),
  'services.scale': (client) => client.services.scale('x', 'web', { count: 2 }, noStop()),
  'services.restart': (client) => client.services.restart('x', 'web', noStop()),
  'processes.stop': (client) => client.processes.stop('x', 'p1', noStop()),
  'processes.start': (client) => client.processes.start('x', 'web', { command: 'ls' }, noStop()),
  'processes.exec': (client) => client.processes.exec('x', 'p1', { command: 'ls' }, noStop()),
  'processes.run': (client) => client.processes.run('x', 'web', { command: 'ls' }, noStop()),
  'certificates.create': (client) => client.certificates.create({ certificate: 'c', privateKey: 'k' }, noStop()),
  'certificates.generate': (client) => client.certificates.generate(['example.org'], noStop()),
  'certificates.delete': (client) => client.certificates.delete('acm-1', noStop()),
  'ssl.update': (client) => client.ssl.update('x', 'web', 443, 'acm-1', noStop()),
  'resources.create': (client) => client.resources.create({ name: 'r', type: 'syslog', options: {} }, noStop()),
  'resources.update': (client) => client.resources.update('r', {}, noStop()),
  'resources.delete': (client) => client.resources.delete('r', noStop()),
  'resources.link': (client) => client.resources.link('r', 'x', noStop()),
  'resources.unlink': (client) => client.resources.unlink('r', 'x', noStop()),
  'registries.add': (client) => client.registries.add({ server: 's', username: 'u', password: 'p' }, noStop()),
  'registries.remove': (client) => client.registries.remove('s', noStop()),
  'instances.terminate': (client) => client.instances.terminate('i-1', noStop()),
  'instances.keyroll': (client) => client.instances.keyroll(noStop()),
  'system.setParameters': (client) => client.system.setParameters({ Internal: 'Yes' }, noStop()),
  'system.updateVersion': (client) => client.system.updateVersion('20990101000000', noStop()),
  'system.scale': (client) => client.system.scale({ count: 5 }, noStop()),
  'system.createToken': (client) => client.system.createToken('read', 1, noStop()),
};

test.each(Object.entries(writes))('a reading client refuses %s before it leaves the process', async (_name, write) => {
  const app = '{"name":"x","status":"running","release":"","generation":"2","locked":false,"parameters":{"A":"1"}}';
  const lists = { 'content-type': 'application/json' };
  const rack = await startLocalRack({
    'GET /apps/x': ({ response }) => void response.writeHead(200, lists).end(app),
    'GET /apps/x/releases': ({ response }) => void response.writeHead(200, lists).end('[{"id":"R1","app":"x"}]'),
    'GET /apps/x/releases/R1': ({ response }) =>
      void response.writeHead(200, lists).end('{"id":"R1","app":"x","env":"A=1"}'),
    'GET /apps/x/builds': ({ response }) => void response.writeHead(200, lists).end('[]'),
    'GET /certificates': ({ response }) => void response.writeHead(200, lists).end('[{"id":"acm-1","domain":"d"}]'),
  });

  const error = await errorOf(write(clientOf(rack.url, { readOnly: true })));

  expect(error).toMatchObject({ code: 'READ_ONLY' });
  expect(rack.requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
});

test('secrets are hidden as they are, percent-encoded and inside JSON', () => {
  const secrets = new Secrets();
  secrets.add('p@ss "word"', 'postgres://u:secret@db/x', '1', 'yes');

  const quoted = secrets.quote(
    'a p@ss "word" b p%40ss%20%22word%22 c p@ss \\"word\\" d postgres://u:secret@db/x 1 yes',
  );

  expect(quoted).toBe('a [hidden] b [hidden] c [hidden] d [hidden] 1 yes');
});

test('a quote is cut, so that a page does not become a message', () => {
  expect(new Secrets().quote('x'.repeat(10_000)).length).toBeLessThan(500);
});
