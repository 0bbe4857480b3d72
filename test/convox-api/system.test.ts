import { expect, test } from 'vitest';
import { compareVersions, eraOf, versionWalk, type PublishedVersion } from '../../src/convox-api/versions.ts';
import { clientOf, errorOf, json, noStop, startLocalRack, text } from './local-rack.ts';

const entry = (version: string, more: Partial<PublishedVersion> = {}): PublishedVersion => ({
  version,
  description: '',
  published: true,
  required: false,
  ...more,
});

const RELEASES = [
  entry('20171213132441'),
  entry('20180101000000', { required: true }),
  entry('20180201000000', { required: true, published: false }),
  entry('20180301000000'),
  entry('20190101000000', { required: true }),
  entry('20200101000000'),
  entry('20210101000000', { published: false }),
];

test('versions compare as text, and a development rack is newer than all', () => {
  expect(['dev', '20260421192651', '20171213132441'].toSorted(compareVersions)).toEqual([
    '20171213132441',
    '20260421192651',
    'dev',
  ]);
  expect([eraOf('20180708231844'), eraOf('20180711032918'), eraOf('dev')]).toEqual(['classic', 'standard', 'standard']);
});

test.each([
  ['20171213132441', undefined, ['20180101000000', '20190101000000', '20200101000000']],
  ['20171213132441', '20180301000000', ['20180101000000', '20180301000000']],
  ['20180101000000', '20190101000000', ['20190101000000']],
  ['20200101000000', undefined, []],
])('from %s to %s the way leads over the required versions', (current, target, hops) => {
  expect(versionWalk(RELEASES, current, target)).toEqual(hops);
});

test.each([
  ['20170101000000', undefined, 'current version'],
  ['20171213132441', '20991231000000', 'target version'],
  ['20200101000000', '20180301000000', 'older'],
])('from %s to %s there is no way', (current, target, says) => {
  expect(() => versionWalk(RELEASES, current, target)).toThrow(says);
});

test('an update goes over every required version, and waits out an API that is away', async () => {
  const targets: string[] = [];
  const rack = await startLocalRack(
    {
      'GET /versions.json': ({ response }) => json(response, RELEASES),
      'PUT /system': ({ body, response }) => {
        const version = new URLSearchParams(body).get('version') ?? '';
        targets.push(version);
        rack.version = version;
        rack.status = 'updating';
        text(response, 'ok\n');
      },
      'GET /system': ({ response, socket, number }) => {
        // Away at every third question; settled after some more.
        if (number % 3 === 2) {
          socket.destroy();
          return;
        }
        if (number % 5 === 4) rack.status = 'running';
        json(response, { name: 'convox', version: rack.version, status: rack.status });
      },
    },
    '20171213132441',
  );
  const hops: string[] = [];
  const client = clientOf(rack.url, { versionsUrl: `${rack.url}/versions.json` });

  const system = await client.system.updateAlong(
    undefined,
    { onHop: ({ version, number, of }) => hops.push(`${number}/${of} ${version}`) },
    noStop(),
  );

  expect(system).toMatchObject({ status: 'running', version: '20200101000000' });
  expect(targets).toEqual(['20180101000000', '20190101000000', '20200101000000']);
  expect(hops).toEqual(['1/3 20180101000000', '2/3 20190101000000', '3/3 20200101000000']);
});

test('an update that is rolled back is told apart from one that worked', async () => {
  const rack = await startLocalRack(
    {
      'GET /versions.json': ({ response }) => json(response, RELEASES),
      'PUT /system': ({ response }) => text(response, 'ok\n'), // and nothing comes of it
    },
    '20190101000000',
  );
  const client = clientOf(rack.url, { versionsUrl: `${rack.url}/versions.json` });

  const error = await errorOf(client.system.updateAlong('20200101000000', {}, noStop()));

  expect(error).toMatchObject({
    code: 'RACK_UPDATE_FAILED',
    details: { from: '20190101000000', version: '20200101000000' },
  });
});

test('the list of versions is fetched without the password of the rack', async () => {
  const rack = await startLocalRack({ 'GET /versions.json': ({ response }) => json(response, RELEASES) });

  const versions = await clientOf(rack.url, { versionsUrl: `${rack.url}/versions.json` }).system.versions(noStop());

  expect(versions).toHaveLength(RELEASES.length);
  expect(rack.headers[0]).not.toHaveProperty('authorization');
});

test('a parameter that has its value already is not sent', async () => {
  const rack = await startLocalRack();

  await clientOf(rack.url).system.setParameters({ Internal: 'No' }, noStop());

  expect(rack.requests).toEqual(['GET /system']);
});

test('a parameter that the rack does not have is refused, since the rack would drop it', async () => {
  const rack = await startLocalRack();

  const error = await errorOf(clientOf(rack.url).system.setParameters({ internal: 'Yes' }, noStop()));

  expect(error).toMatchObject({ code: 'RACK_INVALID', details: { unknown: ['internal'] } });
});

test('an app of generation 2 is not asked of a rack that would make generation 1 of it', async () => {
  const rack = await startLocalRack({}, '20171001000000');

  const error = await errorOf(clientOf(rack.url).apps.create({ name: 'shop', generation: '2' }, noStop()));

  expect(error).toMatchObject({ code: 'RACK_UNSUPPORTED', details: { since: '20171102200537' } });
});

test('a rack that makes an app of another generation than asked for is caught', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop': ({ response }) => text(response, 'app not found: shop\n', 404),
    'POST /apps': ({ response }) => json(response, { name: 'shop', status: 'creating', release: '' }),
  });

  const error = await errorOf(clientOf(rack.url).apps.create({ name: 'shop', generation: '2' }, noStop()));

  expect(error).toMatchObject({ code: 'RACK_PROTOCOL' });
});

test('a delete that is refused because another app is missing does not read as gone', async () => {
  const rack = await startLocalRack({
    'DELETE /apps/shop': ({ response }) => text(response, 'app not found: other\n', 404),
  });

  const error = await errorOf(clientOf(rack.url).apps.delete('shop', noStop()));

  expect(error).toMatchObject({ code: 'RACK_CONFLICT' });
  expect(error).toHaveProperty('hint', expect.stringContaining('other'));
});

test('find takes only the missing of this very app for an answer', async () => {
  const rack = await startLocalRack({
    'GET /apps/shop': ({ response }) => text(response, 'app not found: other\n', 404),
  });

  const error = await errorOf(clientOf(rack.url).apps.find('shop', noStop()));

  expect(error).toMatchObject({ code: 'RACK_NOT_FOUND' });
});
