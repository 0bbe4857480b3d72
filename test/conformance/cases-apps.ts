import type { Answer } from './replay-server.ts';
import { app, json, noSuchApp, operation, system, trap, type CaseTable, type ConformanceCase } from './case.ts';
import type { Era } from './transcript.ts';

/** The token of the recorded reader; it has expired. */
const READ_TOKEN =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHBpcmVzQXQiOjE3OTU0MDc2MjksInJvbGUiOiJyIiwidXNlciI6InN5c3RlbS1yZWFkIn0.w5gF2sXPSVjgxkaIo42o29bZTcmvwoNnks5g3xR2J1s';

/** What a rack says of its own name, as in app-get-rack-name. */
const rackIsNoApp = (era: Era): Answer =>
  era === 'classic'
    ? { ...noSuchApp(era, ''), body: '{"error":"rack convox is not an app"}' }
    : noSuchApp(era, 'convox');

const creates =
  (name: string, expected: Parameters<typeof operation>[1]) =>
  (era: Era): ConformanceCase =>
    operation(({ rack, signal }) => rack.apps.create({ name, generation: '2' }, signal), expected, {
      around: { [`GET /apps/${name}`]: [noSuchApp(era, name)] },
    });

const gets = (name: string, result: object): ConformanceCase =>
  operation(({ rack, signal }) => rack.apps.get(name, signal), { result: { name, ...result } });

const deletes = (name: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.apps.delete(name, signal), expected);

const setsFormation = (value: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.apps.setParameters('myapp', { WebFormation: value }, signal), expected, {
    around: {
      'GET /apps/myapp/parameters': [json({ WebFormation: '1,0,256' })],
    },
  });

/** In the standard era the current parameters come with the app. */
const setsFormationStandard = (value: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.apps.setParameters('myapp', { WebFormation: value }, signal), expected, {
    around: { 'GET /apps/myapp': [app('myapp', { parameters: { WebFormation: '1,0,256' } })] },
  });

const alwaysGeneration = trap(
  'What an omitted generation means depends on the version (1 before 20180328031038, 2 from it): the client always sends one.',
  ({ rack, signal }) => rack.apps.create({ name: 'genless', generation: '1' }, signal),
);

export const appCases: CaseTable = {
  'apps-list': operation(({ rack, signal }) => rack.apps.list(signal), {
    result: [{ name: 'myapp', generation: '1', status: 'running' }],
  }),
  'app-create-gen2': creates('tmpapp', {
    result: { name: 'tmpapp', generation: '2', status: 'creating', release: '' },
  }),
  'app-create-will-fail': creates('createfail', { result: { name: 'createfail', status: 'creating' } }),
  'app-create-exists': creates('tmpapp', { error: { code: 'RACK_CONFLICT', says: 'app already exists: tmpapp' } }),
  'app-create-while-deleting': creates('genless', {
    error: { code: 'RACK_CONFLICT', says: 'app already exists: genless' },
  }),
  'app-create-rack-name': (era) =>
    operation(
      ({ rack, signal }) => rack.apps.create({ name: 'convox', generation: '2' }, signal),
      { error: { code: 'RACK_INVALID', says: 'ack name' } },
      { around: { 'GET /apps/convox': [rackIsNoApp(era)] } },
    ),
  'classic/app-create-bad-name': creates('foo_bar', {
    error: { code: 'RACK_INVALID', says: 'failed to satisfy constraint' },
  }),
  'standard/app-create-underscore': creates('foo_bar', {
    error: { code: 'RACK_INVALID', says: 'failed to satisfy constraint' },
  }),
  'standard/app-create-dot': creates('my.app', { error: { code: 'RACK_INVALID', says: 'App name can only contain' } }),
  'standard/app-create-uppercase': creates('MyApp', { error: { code: 'RACK_INVALID', says: 'Uppercase' } }),
  'app-create-gen3': (era) =>
    operation(
      // The type allows only '1' and '2'; what the rack says to anything else is understood all the same.
      ({ rack, signal }) => rack.apps.create({ name: 'gen3', generation: '3' as '2' }, signal),
      { error: { code: 'RACK_INVALID', says: 'unknown generation' } },
      { around: { 'GET /apps/gen3': [noSuchApp(era, 'gen3')] } },
    ),
  'standard/app-create-gen1': (era) =>
    operation(
      ({ rack, signal }) => rack.apps.create({ name: 'gen1app', generation: '1' }, signal),
      {
        result: { name: 'gen1app', generation: '1' },
      },
      { around: { 'GET /apps/gen1app': [noSuchApp(era, 'gen1app')] } },
    ),
  'app-create-gen-default': (era) => ({
    ...alwaysGeneration,
    around: {
      'GET /apps/genless': [noSuchApp(era, 'genless')],
      'POST /apps': [app('genless', { generation: '1' })],
    },
  }),
  'app-create-json-body': (era) =>
    trap(
      'A JSON body is ignored without an error, and makes an app with an empty name: the client sends forms, and no empty name.',
      ({ rack, signal }) => rack.apps.create({ name: '', generation: '2' }, signal),
      { error: { code: 'RACK_INVALID' }, around: { 'GET /apps/jsonapp': [noSuchApp(era, 'jsonapp')] } },
    ),
  'standard/app-create-query-string': trap(
    'Works on POST by accident and on no other method: the client puts parameters into the body.',
    ({ rack, signal }) => rack.apps.create({ name: 'fromquery', generation: '2' }, signal),
    { around: { 'GET /apps/fromquery': [noSuchApp('standard', 'fromquery')], 'POST /apps': [app('fromquery')] } },
  ),

  'classic/cli-02-post-apps': creates('tmpapp', { result: { name: 'tmpapp', generation: '2' } }),
  'standard/cli-02-post-apps': {
    ...alwaysGeneration,
    run: ({ rack, signal }) => rack.apps.create({ name: 'tmpapp', generation: '2' }, signal),
    around: { 'GET /apps/tmpapp': [noSuchApp('standard', 'tmpapp')], 'POST /apps': [app('tmpapp')] },
  },
  'cli-03-get-apps-tmpapp': gets('tmpapp', { status: 'running' }),
  'classic/cli-07-get-apps-tmpapp': gets('tmpapp', { status: 'running', release: '' }),
  'classic/cli-14-get-apps-tmpapp': gets('tmpapp', { status: 'running', release: 'RYCSOIMTHAP' }),
  'standard/cli-17-get-apps-tmpapp': gets('tmpapp', { status: 'running', release: '' }),
  'standard/cli-21-get-apps-tmpapp': gets('tmpapp', {
    release: 'RLKYFGPIKIU',
    parameters: { WebFormation: '1,128,256' },
  }),
  'classic/cli-19-delete-apps-myapp': deletes('myapp', { result: undefined }),
  'standard/cli-29-delete-apps-myapp': deletes('myapp', { result: undefined }),
  'standard/cli-30-get-apps-myapp': operation(({ rack, signal }) => rack.apps.find('myapp', signal), {
    result: undefined,
  }),

  'app-get-create-failed': gets('createfail', { status: 'failed' }),
  'app-get-created': gets('tmpapp', { status: 'running', release: '' }),
  'app-get-creating': gets('tmpapp', { status: 'creating' }),
  'app-get-deleted': operation(({ rack, signal }) => rack.apps.find('genless', signal), { result: undefined }),
  'app-get-deleting': gets('genless', { status: 'deleting' }),
  'app-get-deployed': gets('tmpapp', { status: 'running', generation: '2' }),
  'app-get-gen1': gets('myapp', { status: 'running', generation: '1' }),
  'app-get-missing': operation(({ rack, signal }) => rack.apps.get('nosuch', signal), {
    error: { code: 'RACK_NOT_FOUND', says: 'nosuch' },
  }),
  'app-get-promoting': gets('tmpapp', { status: 'updating' }),
  'app-get-rack-name': operation(({ rack, signal }) => rack.apps.get('convox', signal), {
    error: { code: 'RACK_NOT_FOUND' },
  }),
  'app-get-rollback': gets('myapp', { status: 'rollback' }),
  'app-get-rolled-back': gets('tmpapp', { status: 'running' }),
  'app-get-rolling-back': gets('tmpapp', { status: 'rollback' }),
  'app-get-updating': gets('myapp', { status: 'updating' }),

  'app-cancel': operation(({ rack, signal }) => rack.apps.cancel('myapp', signal), { result: undefined }),
  'app-cancel-not-updating': operation(({ rack, signal }) => rack.apps.cancel('myapp', signal), {
    error: { code: 'RACK_CONFLICT' },
  }),
  'app-delete': deletes('genless', { result: undefined }),
  'app-delete-linked': deletes('genless', { error: { code: 'RACK_CONFLICT', says: 'app is linked to logs resource' } }),
  'app-delete-missing': deletes('nosuch', { error: { code: 'RACK_NOT_FOUND', says: 'nosuch' } }),
  'standard/app-delete-locked': deletes('genless', { error: { code: 'RACK_CONFLICT', says: 'TerminationProtection' } }),

  'classic/parameters-get': operation(({ rack, signal }) => rack.apps.parameters('myapp', signal), {
    result: { Rack: 'convox', WebFormation: '1,0,256' },
  }),
  'classic/parameters-get-rack': operation(({ rack, signal }) => rack.apps.parameters('convox', signal), {
    result: { Internal: 'No', Version: '20171213132441' },
  }),
  'classic/parameters-get-missing-app': operation(({ rack, signal }) => rack.apps.parameters('nosuch', signal), {
    error: { code: 'RACK_NOT_FOUND' },
  }),
  'classic/parameters-set': setsFormation('2,0,256', { result: undefined }),
  'classic/parameters-set-while-updating': setsFormation('3,0,256', {
    error: { code: 'RACK_BUSY', says: 'UPDATE_IN_PROGRESS' },
  }),
  'classic/parameters-set-unknown-name': trap(
    'A parameter that the stack does not have is dropped without a word: the client compares with those there are first.',
    ({ rack, signal }) => rack.apps.setParameters('myapp', { NoSuchParameter: 'x' }, signal),
    {
      error: { code: 'RACK_INVALID', says: 'NoSuchParameter' },
      around: { 'GET /apps/myapp/parameters': [json({ Rack: 'convox' })] },
    },
  ),
  'standard/app-update-unknown-parameter': trap(
    'A parameter that the stack does not have is dropped without a word: the client compares with those there are first.',
    ({ rack, signal }) => rack.apps.setParameters('myapp', { NoSuchParameter: 'x' }, signal),
    { error: { code: 'RACK_INVALID', says: 'NoSuchParameter' }, around: { 'GET /apps/myapp': [app('myapp')] } },
  ),
  'standard/app-update-params': setsFormationStandard('2,0,256', { result: undefined }),
  'standard/app-update-while-updating': setsFormationStandard('3,0,256', { error: { code: 'RACK_BUSY' } }),
  'standard/app-update-missing-app': operation(
    ({ rack, signal }) => rack.apps.setParameters('nosuch', { A: '1' }, signal),
    { error: { code: 'RACK_NOT_FOUND', says: 'stack not found: convox-nosuch' } },
    { around: { 'GET /apps/nosuch': [app('nosuch', { parameters: { A: '0' } })] } },
  ),
  'standard/app-update-lock': operation(
    ({ rack, signal }) => rack.apps.setLock('genless', 'locked', signal),
    { result: undefined },
    { around: { 'GET /apps/genless': [app('genless', { locked: false }), app('genless', { locked: true })] } },
  ),
  'classic/standard-app-update-not-in-classic': trap(
    'A standard call on a classic rack: the client notices by the unknown route, and goes on in the right dialect.',
    ({ rack, signal }) => rack.apps.setParameters('myapp', { WebFormation: '1,0,256' }, signal),
    {
      isSent: true,
      around: {
        'GET /system': [system('20190101000000'), system('20171213132441')],
        'GET /apps/myapp': [app('myapp', { parameters: { WebFormation: '2,0,256' } })],
        'POST /apps/myapp/parameters': [json({ success: true })],
      },
    },
  ),
  'standard/classic-parameters-not-in-standard': trap(
    'A classic call on a standard rack: the client notices by the unknown route, and goes on in the right dialect.',
    ({ rack, signal }) => rack.apps.parameters('myapp', signal),
    {
      isSent: true,
      result: { WebFormation: '2,0,256' },
      around: {
        'GET /system': [system('20171213132441'), system('20260421192651')],
        'GET /apps/myapp': [app('myapp', { parameters: { WebFormation: '2,0,256' } })],
      },
    },
  ),
  'trailing-slash': trap(
    'An empty name makes another route of a path: the client refuses it.',
    ({ rack, signal }) => rack.apps.get('', signal),
    { error: { code: 'RACK_INVALID' } },
  ),
  'standard/jwt-read-get': operation(
    ({ rack, signal }) => rack.apps.list(signal),
    {
      result: [
        { name: '' },
        { name: 'createfail', status: 'failed' },
        {},
        { name: 'gen1app', generation: '1' },
        {},
        {},
      ],
    },
    { options: { user: 'jwt', password: READ_TOKEN } },
  ),
  'standard/jwt-invalid': operation(
    ({ rack, signal }) => rack.apps.list(signal),
    { error: { code: 'RACK_UNAUTHORIZED', says: 'invalid authentication' } },
    { options: { user: 'jwt', password: 'not.a.token' } },
  ),
  'standard/jwt-read-write-denied': operation(
    ({ rack, signal }) => rack.apps.create({ name: 'x', generation: '2' }, signal),
    { error: { code: 'RACK_UNAUTHORIZED', says: 'you are unauthorized to access this' } },
    {
      around: { 'GET /apps/x': [noSuchApp('standard', 'x')] },
      options: { user: 'jwt', password: READ_TOKEN },
    },
  ),
};
