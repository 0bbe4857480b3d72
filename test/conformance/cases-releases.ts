import type { ReleaseOperations } from '../../src/convox-api/releases.ts';
import { app, json, operation, system, trap, type CaseTable, type ConformanceCase } from './case.ts';

const ENV = new Map([
  ['DATABASE_URL', 'postgres://u:p=w@db.example.org:5432/app'],
  ['EMPTY', ''],
  ['HOST', 'www.example.org'],
  ['SECRET_KEY', 'a=b=='],
]);
const ENV_TEXT = [...ENV].map(([name, value]) => `${name}=${value}`).join('\n');
const MULTILINE = new Map([['KEY', '-----BEGIN-----\nMIIabc=\nnoequals\n-----END-----']]);

const releaseJson = (id: string, env = '') =>
  json({ id, app: 'tmpapp', build: '', env, manifest: '', created: '2026-11-23T03:16:32Z' });
const noReleases = (name: string) => ({ [`GET /apps/${name}/releases?limit=10`]: [json([])] });

const reads = (name: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.environment.get(name, signal), expected);

const sets = (
  name: string,
  env: ReadonlyMap<string, string>,
  expected: Parameters<typeof operation>[1],
): ConformanceCase => operation(({ rack, signal }) => rack.environment.set(name, env, signal), expected);

const promotes = (name: string, id: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.releases.promote(name, id, undefined, signal), expected);

const gets = (name: string, id: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.releases.get(name, id, signal), expected);

const lists = (name: string, limit: number | undefined, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.releases.list(name, limit === undefined ? {} : { limit }, signal), expected);

const creates = (
  name: string,
  changes: Parameters<ReleaseOperations['create']>[1],
  expected: Parameters<typeof operation>[1],
): ConformanceCase =>
  operation(({ rack, signal }) => rack.releases.create(name, changes, signal), expected, { around: noReleases(name) });

const multiline = trap(
  'A newline cuts a value up and makes new variables of its lines: the client refuses it before anything is sent.',
  ({ rack, signal }) => rack.environment.set('genless', MULTILINE, signal),
  { error: { code: 'ENVIRONMENT_INVALID', says: '"KEY"' } },
);

export const releaseCases: CaseTable = {
  'classic/environment-get': reads('myapp', { result: ENV }),
  'classic/environment-get-empty': reads('tmpapp', { result: new Map() }),
  'classic/environment-get-creating': reads('tmpapp', { error: { code: 'RACK_BUSY', says: 'still being created' } }),
  'classic/environment-get-missing-app': reads('nosuch', {
    error: { code: 'RACK_NOT_FOUND', says: 'nosuch not found' },
  }),
  'classic/cli-04-get-apps-tmpapp-environment': reads('tmpapp', { result: new Map() }),
  'classic/cli-05-get-apps-myapp-environment': reads('myapp', { result: ENV }),
  'classic/environment-set': sets('tmpapp', ENV, { result: { releaseId: 'RZARLBTAZPQ' } }),
  'classic/cli-06-post-apps-tmpapp-environment': sets('tmpapp', ENV, { result: { releaseId: 'RMCPCKSLSIA' } }),
  'classic/environment-set-creating': sets('tmpapp', new Map([['A', '1']]), {
    error: { code: 'RACK_BUSY', says: 'status: creating' },
  }),
  'classic/environment-set-deleting': sets('genless', new Map([['A', '1']]), {
    error: { code: 'RACK_BUSY', says: 'status: deleting' },
  }),
  'classic/environment-set-missing-app': sets('nosuch', new Map([['A', '1']]), { error: { code: 'RACK_NOT_FOUND' } }),
  'classic/environment-set-percent-encoded': sets('genless', new Map([['A', '1%202&B=2']]), {
    result: { releaseId: 'RPUXRUCQGOP' },
  }),
  'classic/environment-set-replaces-all': sets('genless', new Map([['ONLY', '1']]), {
    result: { releaseId: 'RKJJBCUGRAS' },
  }),
  'classic/environment-set-multiline': multiline,
  'classic/environment-delete-key': operation(
    ({ rack, signal }) => rack.environment.unset('tmpapp', 'EMPTY', signal),
    { result: { releaseId: 'RLGKOLDDDLB' } },
    { around: { 'GET /apps/tmpapp/environment': [json(Object.fromEntries(ENV))] } },
  ),
  'standard/classic-environment-not-in-standard': trap(
    'A classic call on a standard rack: the client notices by the unknown route, and goes on in the right dialect.',
    ({ rack, signal }) => rack.environment.get('myapp', signal),
    {
      isSent: true,
      result: ENV,
      around: {
        'GET /system': [system('20171213132441'), system('20260421192651')],
        'GET /apps/myapp/releases?limit=1': [json([{ id: 'R1', app: 'myapp' }])],
        'GET /apps/myapp/releases/R1': [releaseJson('R1', ENV_TEXT)],
      },
    },
  ),
  'standard/classic-environment-set-not-in-standard': trap(
    'A classic call on a standard rack: the client notices by the unknown route, and goes on in the right dialect.',
    ({ rack, signal }) => rack.environment.set('myapp', new Map([['A', '1']]), signal),
    {
      isSent: true,
      result: { releaseId: 'R2' },
      around: {
        'GET /system': [system('20171213132441'), system('20260421192651')],
        'POST /apps/myapp/releases': [releaseJson('R2', 'A=1')],
        'GET /apps/myapp/releases/R2': [releaseJson('R2', 'A=1')],
      },
    },
  ),

  'standard/cli-04-get-apps-myapp-releases': lists('myapp', 1, {
    result: [{ id: 'RUJLHHNSZWH', build: 'BBAWCZZTXPW', env: undefined }],
  }),
  'standard/cli-05-get-apps-tmpapp-releases': lists('tmpapp', 1, { result: [] }),
  'standard/cli-06-get-apps-myapp-releases-RELEASE': gets('myapp', 'RUJLHHNSZWH', {
    result: { id: 'RUJLHHNSZWH', env: ENV },
  }),
  'standard/cli-08-post-apps-tmpapp-releases': operation(
    ({ rack, signal }) => rack.environment.set('tmpapp', ENV, signal),
    { result: { releaseId: 'RTWJSZPIYIX' } },
    { around: { 'GET /apps/tmpapp/releases/RTWJSZPIYIX': [releaseJson('RTWJSZPIYIX', ENV_TEXT)] } },
  ),
  'standard/release-create-env': creates('tmpapp', { env: ENV }, { result: { id: 'RQGDAJIXUUJ', env: ENV } }),
  'standard/release-create-env-multiline': multiline,
  'standard/release-create-missing-app': creates(
    'nosuch',
    { env: new Map([['A', '1']]) },
    { error: { code: 'RACK_NOT_FOUND', says: 'nosuch' } },
  ),
  'standard/release-create-missing-build': creates(
    'tmpapp',
    { build: 'BNOSUCHXXXX' },
    { error: { code: 'RACK_NOT_FOUND', says: 'BNOSUCHXXXX' } },
  ),
  'standard/release-create-no-params': creates('genless', {}, { result: { id: 'RBJEKWTBLQX' } }),
  'classic/standard-releases-create-not-in-classic': operation(
    ({ rack, signal }) => rack.releases.create('myapp', { env: new Map([['A', '1']]) }, signal),
    { error: { code: 'RACK_UNSUPPORTED' } },
    { around: noReleases('myapp') },
  ),

  'classic/releases-list': lists('tmpapp', 20, {
    result: [{ id: 'RDLWIVSBNTB', build: 'BTTKOJYZFQN', env: undefined }, {}, {}, { id: 'RZARLBTAZPQ', build: '' }],
  }),
  'standard/releases-list': lists('tmpapp', 20, { result: [{ description: 'first deploy' }, { id: 'RQGDAJIXUUJ' }] }),
  'standard/releases-list-empty': lists('tmpapp', 1, { result: [] }),
  'releases-list-missing-app': lists('nosuch', undefined, { error: { code: 'RACK_NOT_FOUND' } }),
  'classic/release-get': gets('tmpapp', 'RDLWIVSBNTB', { result: { build: 'BTTKOJYZFQN', env: ENV } }),
  'standard/release-get': gets('tmpapp', 'RBLQPQUFQQW', { result: { build: 'BAWTXZXYMJO', env: ENV } }),
  'classic/release-get-env-only': gets('tmpapp', 'RZARLBTAZPQ', { result: { build: '', manifest: '', env: ENV } }),
  'standard/release-get-env-only': gets('tmpapp', 'RQGDAJIXUUJ', { result: { build: '', env: ENV } }),
  'standard/release-get-env-multiline': gets('genless', 'RKMUPGOSORL', {
    result: {
      env: new Map([
        ['B', '"quoted"'],
        ['C', 'spaces around'],
        ['KEY', '-----BEGIN-----'],
        ['MIIabc', ''],
      ]),
    },
  }),
  'release-get-missing': gets('tmpapp', 'RNOSUCHXXXX', { error: { code: 'RACK_NOT_FOUND', says: 'RNOSUCHXXXX' } }),
  'classic/release-get-other-app': gets('myapp', 'RDLWIVSBNTB', {
    error: { code: 'RACK_INVALID', says: 'mismatched' },
  }),
  'standard/release-get-other-app': gets('myapp', 'RBLQPQUFQQW', {
    error: { code: 'RACK_INVALID', says: 'mismatched' },
  }),

  'classic/cli-13-post-apps-tmpapp-releases-RELEASE-promote': promotes('tmpapp', 'RYCSOIMTHAP', { result: undefined }),
  'standard/cli-18-post-apps-tmpapp-releases-RELEASE-promote': promotes('tmpapp', 'RLKYFGPIKIU', { result: undefined }),
  'classic/release-promote': promotes('tmpapp', 'RDLWIVSBNTB', { result: undefined }),
  'standard/release-promote': promotes('tmpapp', 'RBLQPQUFQQW', { result: undefined }),
  'classic/release-promote-empty-manifest': promotes('tmpapp', 'RZARLBTAZPQ', { result: undefined }),
  'standard/release-promote-empty-manifest': promotes('tmpapp', 'RQGDAJIXUUJ', {
    error: { code: 'RACK_INVALID', says: 'empty manifest' },
  }),
  'standard/release-promote-older': promotes('tmpapp', 'RQGDAJIXUUJ', {
    error: { code: 'RACK_INVALID', says: 'empty manifest' },
  }),
  'standard/release-promote-older-with-manifest': promotes('tmpapp', 'RBLQPQUFQQW', {
    error: { code: 'RACK_INVALID', says: 'older release' },
  }),
  'classic/release-promote-internal-unsupported': promotes('tmpapp', 'RMXNBRDBVNG', {
    error: { code: 'RACK_UNSUPPORTED', says: 'internal services' },
  }),
  'standard/release-promote-internal-unsupported': promotes('tmpapp', 'RFPLGRJIIBB', {
    error: { code: 'RACK_UNSUPPORTED' },
  }),
  'release-promote-missing-app': promotes('nosuch', 'RNOSUCHXXXX', {
    error: { code: 'RACK_NOT_FOUND', says: 'nosuch' },
  }),
  'classic/release-promote-missing': promotes('tmpapp', 'RNOSUCHXXXX', {
    error: { code: 'RACK_NOT_FOUND', says: 'no such release' },
  }),
  'standard/release-promote-missing': promotes('myapp', 'RNOSUCHXXXX', {
    error: { code: 'RACK_NOT_FOUND', says: 'release not found' },
  }),
  'classic/release-promote-while-updating': promotes('tmpapp', 'RDLWIVSBNTB', {
    error: { code: 'RACK_BUSY', says: 'UPDATE_IN_PROGRESS' },
  }),
  'standard/release-promote-while-updating': promotes('tmpapp', 'RBLQPQUFQQW', {
    error: { code: 'RACK_BUSY', says: 'currently updating' },
  }),
  'standard/release-promote-while-updating-force': operation(
    ({ rack, signal }) => rack.releases.promote('tmpapp', 'RBLQPQUFQQW', { force: true }, signal),
    { error: { code: 'RACK_BUSY', says: 'UPDATE_IN_PROGRESS' } },
    { around: { 'GET /apps/tmpapp': [app('tmpapp', { status: 'updating' })] } },
  ),
  'standard/release-promote-with-options': operation(
    ({ rack, signal }) =>
      rack.releases.promote('tmpapp', 'RSVRFKOQLWU', { min: 50, max: 200, timeoutSeconds: 1800 }, signal),
    { result: undefined },
  ),
};
