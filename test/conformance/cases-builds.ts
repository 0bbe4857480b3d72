import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { BuildOptions } from '../../src/convox-api/builds.ts';
import { collect, json, operation, system, trap, type CaseTable, type ConformanceCase } from './case.ts';

/** A folder with empty files of these names, gone when the test ends. */
function folderWith(...names: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'conformance-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of names) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), '');
  }
  return folder;
}

const noBuilds = (app: string) => ({ [`GET /apps/${app}/builds?limit=10`]: [json([])] });

const buildJson = (id: string, status: string, app = 'tmpapp') => json({ id, app, status, release: '' });

const createsFromUrl = (
  app: string,
  url: string,
  expected: Parameters<typeof operation>[1],
  options: BuildOptions = {},
): ConformanceCase =>
  operation(({ rack, signal }) => rack.builds.create(app, { url }, options, signal), expected, {
    around: noBuilds(app),
  });

const createsFromFolder = (id: string, ...files: readonly string[]): ConformanceCase =>
  operation(
    ({ rack, signal }) => rack.builds.create('tmpapp', { folder: folderWith(...files) }, {}, signal),
    { result: { id, status: 'created', release: '', ended: undefined } },
    { around: noBuilds('tmpapp') },
  );

const getsBuild = (id: string, result: object): ConformanceCase =>
  operation(({ rack, signal }) => rack.builds.get('tmpapp', id, signal), { result: { id, app: 'tmpapp', ...result } });

const readsLog = (id: string, expected: Parameters<typeof operation>[1], status = 'complete'): ConformanceCase =>
  operation(({ rack, signal }) => collect(rack.builds.logs('tmpapp', id, signal)), expected, {
    around: { [`GET /apps/tmpapp/builds/${id}`]: [buildJson(id, status)] },
  });

const LOG = [
  'Authenticating 123456789012.dkr.ecr.us-west-2.amazonaws.com: Login Succeeded',
  'Building: .',
  'Sending build context to Docker daemon  3.584kB',
  'Step 1/2 : FROM httpd',
  ' ---> 7f2f8b9a8e3b',
  'Successfully built 7f2f8b9a8e3b',
];

const stores = (key: string): ConformanceCase =>
  operation(
    async ({ rack, signal }) => {
      const { sourceArchive } = await import('../../src/convox-api/source-archive.ts');
      const folder = folderWith('convox.yml', 'Dockerfile');
      return await rack.objects.store('tmpapp', key, () => sourceArchive({ folder, era: 'standard' }), signal);
    },
    { result: { url: `object://tmpapp/${key}` } },
  );

export const buildCases: CaseTable = {
  'classic/build-create': createsFromFolder('BTTKOJYZFQN', 'convox.yml', 'Dockerfile'),
  'classic/build-create-wrong-manifest': createsFromFolder('BRJAFGJTLSF', 'docker-compose.yml'),
  'classic/cli-09-post-apps-tmpapp-builds': createsFromFolder('BHLEXVHDCQH', 'convox.yml', 'Dockerfile'),
  'classic/build-create-missing-app': createsFromUrl(
    'nosuch',
    'https://example.org/repo.git',
    { error: { code: 'RACK_NOT_FOUND' } },
    { cache: 'use' },
  ),
  'classic/build-create-url-without-extension': createsFromUrl('tmpapp', 'https://example.org/repo', {
    error: { code: 'RACK_INVALID', says: 'requires an extension' },
  }),
  'classic/build-create-no-source': trap(
    'A build without a source cannot be asked for: the type wants a folder or a url.',
    ({ rack, signal }) => rack.builds.create('tmpapp', { url: 'https://example.org/repo.git' }, {}, signal),
    {
      around: {
        ...noBuilds('tmpapp'),
        'POST /apps/tmpapp/builds': [buildJson('B1', 'created')],
      },
      result: { id: 'B1' },
    },
  ),
  'standard/build-create': createsFromUrl(
    'tmpapp',
    'object://tmpapp/tmp/3f8a1c0b7d9e2f4a6c8e0b1d3f5a79.tgz',
    { result: { id: 'BAWTXZXYMJO', description: 'first deploy', status: 'created' } },
    { description: 'first deploy' },
  ),
  'standard/build-create-wrong-manifest': createsFromUrl('tmpapp', 'object://tmpapp/tmp/18ea8e5e711022c6.tgz', {
    result: { id: 'BLHPIRZOIIA', status: 'created' },
  }),
  'standard/build-create-missing-app': createsFromUrl('nosuch', 'object://nosuch/tmp/x.tgz', {
    error: { code: 'RACK_NOT_FOUND' },
  }),
  'standard/cli-11-post-apps-tmpapp-builds': createsFromUrl(
    'tmpapp',
    'object://tmpapp/tmp/dc11c6ead0b2f4b7677c27b81f537e.tgz',
    { result: { id: 'BVHOIJPQBXW' } },
  ),
  'standard/build-create-classic-multipart': trap(
    'A standard rack answers a multipart upload with 200 and fails later: the dialect is detected anew before every build.',
    async ({ rack, signal }) => {
      await rack.system.get(signal); // classic until just now
      return await rack.builds.create('tmpapp', { url: 'object://tmpapp/tmp/x.tgz' }, {}, signal);
    },
    {
      around: {
        'GET /system': [system('20171213132441'), system('20260421192651')],
        ...noBuilds('tmpapp'),
        'POST /apps/tmpapp/builds': [buildJson('B2', 'created')],
      },
      result: { id: 'B2' },
    },
  ),
  'classic/build-get-complete': getsBuild('BTTKOJYZFQN', { status: 'complete', release: 'RDLWIVSBNTB' }),
  'classic/build-get-failed': getsBuild('BRJAFGJTLSF', {
    status: 'failed',
    reason: 'open convox.yml: no such file or directory',
  }),
  'classic/build-get-running': getsBuild('BTTKOJYZFQN', { status: 'running', ended: undefined }),
  'classic/cli-12-get-apps-tmpapp-builds-BUILD': getsBuild('BHLEXVHDCQH', {
    status: 'complete',
    release: 'RYCSOIMTHAP',
  }),
  'standard/build-get-complete': getsBuild('BAWTXZXYMJO', { status: 'complete', release: 'RBLQPQUFQQW' }),
  'standard/build-get-failed': getsBuild('BLHPIRZOIIA', { status: 'failed', reason: '' }),
  'standard/build-get-running': getsBuild('BAWTXZXYMJO', { status: 'running' }),
  'standard/build-get-classic-multipart': getsBuild('BONNIQYVPDZ', { status: 'failed' }),
  'standard/cli-14-get-apps-tmpapp-builds-BUILD': getsBuild('BVHOIJPQBXW', {
    status: 'complete',
    release: 'RLKYFGPIKIU',
  }),
  'build-get-missing': operation(({ rack, signal }) => rack.builds.get('tmpapp', 'BNOSUCHXXXX', signal), {
    error: { code: 'RACK_NOT_FOUND', says: 'BNOSUCHXXXX' },
  }),
  'builds-list': operation(({ rack, signal }) => rack.builds.list('tmpapp', { limit: 5 }, signal), {
    result: [{ status: 'failed' }, { status: 'complete' }],
  }),
  'builds-list-missing-app': operation(({ rack, signal }) => rack.builds.list('nosuch', {}, signal), {
    error: { code: 'RACK_NOT_FOUND' },
  }),
  'standard/builds-list-bad-limit': trap(
    'The limit is a whole number: the client sends nothing else.',
    ({ rack, signal }) => rack.builds.list('tmpapp', { limit: Number('abc') }, signal),
    { error: { code: 'RACK_INVALID' } },
  ),
  'classic/build-logs': readsLog('BTTKOJYZFQN', { result: LOG }),
  'standard/build-logs': readsLog('BAWTXZXYMJO', { result: LOG }),
  'standard/build-logs-finished': readsLog(
    'BLHPIRZOIIA',
    { result: [...LOG, 'ERROR: open convox.yml: no such file or directory'] },
    'failed',
  ),
  'build-logs-missing': readsLog('BNOSUCHXXXX', { error: { code: 'RACK_NOT_FOUND', says: 'BNOSUCHXXXX' } }),
  'classic/cli-11-ws-get-apps-tmpapp-builds-BUILD-logs': readsLog('BHLEXVHDCQH', { result: [] }),
  'standard/cli-13-ws-get-apps-tmpapp-builds-BUILD-logs': readsLog('BVHOIJPQBXW', { result: [] }),
  'standard/cli-16-ws-get-apps-tmpapp-builds-BUILD-logs': readsLog('BVHOIJPQBXW', { result: [] }),
  'build-export': (era) =>
    operation(
      async ({ rack, signal }) => {
        const id = era === 'classic' ? 'BTTKOJYZFQN' : 'BAWTXZXYMJO';
        const chunks = await collect<Buffer>(await rack.builds.export('tmpapp', id, signal));
        return Buffer.concat(chunks).length;
      },
      { result: 26 },
    ),
  'standard/build-import-not-gzip': operation(
    ({ rack, signal }) => rack.builds.import('tmpapp', Readable.from([Buffer.from('not a gzip file')]), signal),
    { error: { code: 'RACK_INVALID', says: 'gzip: invalid header' } },
    { around: noBuilds('tmpapp') },
  ),

  'standard/object-store': stores('tmp/3f8a1c0b7d9e2f4a6c8e0b1d3f5a79.tgz'),
  'standard/cli-10-post-apps-tmpapp-objects-tmp-KEY.tgz': stores('tmp/dc11c6ead0b2f4b7677c27b81f537e.tgz'),
  'standard/object-store-missing-app': operation(
    ({ rack, signal }) => rack.objects.store('nosuch', 'tmp/x.tgz', 'x', signal),
    {
      error: { code: 'RACK_NOT_FOUND', says: 'does not exist' },
    },
  ),
  'standard/object-store-no-key': trap(
    'For an empty key the rack chooses a name of its own: the client refuses it.',
    ({ rack, signal }) => rack.objects.store('tmpapp', '', 'x', signal),
    { error: { code: 'RACK_INVALID' } },
  ),
  'standard/object-store-form-content-type': trap(
    'With the content type of a form the object is empty and the answer still 200: the client always says octet-stream.',
    ({ rack, signal }) => rack.objects.store('tmpapp', 'tmp/lost.tgz', 'hello world', signal),
    {
      around: { 'POST /apps/tmpapp/objects/tmp/lost.tgz': [json({ Url: 'object://tmpapp/tmp/lost.tgz' })] },
      result: { url: 'object://tmpapp/tmp/lost.tgz' },
    },
  ),
  'standard/object-fetch-form-content-type': operation(
    async ({ rack, signal }) => (await collect(await rack.objects.fetch('tmpapp', 'tmp/lost.tgz', signal))).length,
    { result: 0 },
  ),
  'standard/object-fetch-missing': operation(
    ({ rack, signal }) => rack.objects.fetch('tmpapp', 'tmp/nosuch.tgz', signal),
    {
      error: { code: 'RACK_NOT_FOUND', says: 'key not found' },
    },
  ),
  'standard/objects-list': operation(({ rack, signal }) => rack.objects.list('tmpapp', 'tmp/', signal), {
    result: ['tmp/3f8a1c0b7d9e2f4a6c8e0b1d3f5a79.tgz', 'tmp/lost.tgz', 'tmp/pxddeloqkhdppfbhgmwstmdiialqmy'],
  }),
  'standard/object-exists': existsByList(
    'tmp/3f8a1c0b7d9e2f4a6c8e0b1d3f5a79.tgz',
    ['tmp/3f8a1c0b7d9e2f4a6c8e0b1d3f5a79.tgz'],
    true,
  ),
  'standard/object-exists-missing': existsByList('tmp/nosuch.tgz', [], false),
  'classic/standard-objects-not-in-classic': operation(
    ({ rack, signal }) => rack.objects.store('myapp', 'tmp/x.tgz', 'x', signal),
    {
      error: { code: 'RACK_UNSUPPORTED' },
    },
  ),
};

function existsByList(key: string, keys: readonly string[], exists: boolean): ConformanceCase {
  return trap(
    'HEAD answers 200 whether the object exists or not: the client asks the list.',
    ({ rack, signal }) => rack.objects.exists('tmpapp', key, signal),
    { result: exists, around: { [`GET /apps/tmpapp/objects?prefix=${encodeURIComponent(key)}`]: [json(keys)] } },
  );
}
