import {
  app,
  collect,
  json,
  operation,
  system,
  trap,
  type CaseContext,
  type CaseTable,
  type ConformanceCase,
} from './case.ts';

const ROUTER = 'con-Router-1QW2E3R4T5Y6U-987654321.us-west-2.elb.amazonaws.com';

const getsSystem = (result: object): ConformanceCase =>
  operation(({ rack, signal }) => rack.system.get(signal), {
    result: { name: 'convox', region: 'us-west-2', domain: ROUTER, count: 3, type: 't2.small', ...result },
  });

/** A rack that is updating is asked for its dialect too. */
const getsUpdating = (auth: string, result: object): ConformanceCase => ({
  ...operation(({ rack, signal }) => rack.system.get(signal), { result }),
  around: { 'GET /auth': [{ headers: { 'content-type': 'text/plain' }, body: auth }] },
});

const updatesVersion = (version: string, from: string, expected: Parameters<typeof operation>[1]): ConformanceCase =>
  operation(({ rack, signal }) => rack.system.updateVersion(version, signal), expected, {
    around: { 'GET /system': [system(from)] },
  });

const setsInternal = (
  value: string,
  before: string,
  version: string,
  expected: Parameters<typeof operation>[1],
): ConformanceCase =>
  operation(({ rack, signal }) => rack.system.setParameters({ Internal: value }, signal), expected, {
    around: { 'GET /system': [system(version, { parameters: { Internal: before } })] },
  });

const CLASSIC = '20171213132441';
const STANDARD = '20260421192651';
const unknownParameter = (version: string, expected: Parameters<typeof operation>[1], from = 'No', to = 'Yes') =>
  setsInternal(to, from, version, expected);

const readsAppLog = (query: object, expected: Parameters<typeof operation>[1], most = Infinity): ConformanceCase =>
  operation(({ rack, signal }) => collect(rack.logs.app('tmpapp', query, signal), most), expected);

const checks = (second: string, from: number, to: number, prefix: string): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `2026-11-23T${second}Z ${prefix}GET /check ${from + index}`);
const CLASSIC_PREFIX = 'service/web:RABCDEFGHIJ/0a1b2c3d4e5f ';

const noRacks = trap(
  'The CLI asks for /racks before each websocket to start the login at a console: the client logs in when it is asked to.',
  ({ rack, signal }) => rack.apps.list(signal),
  { around: { 'GET /apps': [json([])] }, result: [] },
);

const ownOrigin = (reason: string, expected: object): ConformanceCase =>
  trap(reason, ({ rack, signal }) => collect(rack.logs.app('tmpapp', { mode: 'once' }, signal)), expected);

const durationIsNumber = trap(
  'A duration is a number of milliseconds: the client sends no other text.',
  ({ rack, signal }) => collect(rack.logs.app('tmpapp', { sinceMs: Number('yesterday') }, signal)),
  { error: { code: 'RACK_INVALID' } },
);

/** A rack with nothing to say: the handshake is all there is, and then somebody stops. */
const opensLog = (open: (context: CaseContext) => AsyncIterable<string>): ConformanceCase =>
  operation(
    async (context) => {
      const reading = collect(open(context));
      await Promise.race([context.hit, reading]);
      context.stop();
      return await reading;
    },
    { error: { code: 'STOPPED' } },
  );

const asksOnlyKnownRoutes = trap(
  'Not a call of the API: shows what a rack says to an unknown route or method. Such an answer is a code of its own.',
  ({ rack, signal }) => rack.services.restart('tmpapp', 'web', signal),
  {
    error: { code: 'RACK_UNSUPPORTED' },
    around: {
      'POST /apps/tmpapp/services/web/restart': [{ status: 404, headers: { 'content-type': 'text/plain' }, body: '' }],
    },
  },
);

export const systemCases: CaseTable = {
  'classic/system-get': getsSystem({
    version: CLASSIC,
    status: 'running',
    outputs: { Dashboard: 'convox-1234567890.us-west-2.elb.amazonaws.com' },
  }),
  'standard/system-get': getsSystem({
    version: STANDARD,
    provider: 'aws',
    outputs: { Dashboard: 'rack.convox-246813579.us-west-2.convox.site' },
  }),
  'classic/system-get-updated': getsSystem({ version: '20180708231844', parameters: { Internal: 'Yes' } }),
  'classic/system-get-updating': getsUpdating('{"success":true}', { status: 'updating' }),
  'standard/system-get-updating': getsUpdating('ok\n', { status: 'updating' }),
  'standard/system-get-internal': getsSystem({
    outputs: { DomainInternal: 'internal-convox-rti-135791113.us-west-2.elb.amazonaws.com' },
  }),
  'cli-01-get-system': getsSystem({ status: 'running' }),
  'classic/cli-08-get-system': getsSystem({ status: 'running' }),
  'classic/cli-10-get-system': getsSystem({ status: 'running' }),
  'classic/cli-16-get-system': getsSystem({ status: 'running' }),
  'classic/cli-18-get-system': getsSystem({
    outputs: { RouterInternalHost: 'internal-convox-rti-135791113.us-west-2.convox.site' },
  }),
  'standard/cli-07-get-system': getsSystem({ status: 'running' }),
  'standard/cli-09-get-system': getsSystem({ status: 'running' }),
  'standard/cli-22-get-system': getsSystem({ status: 'running' }),
  'standard/cli-24-get-system': getsSystem({ parameters: { Internal: 'No' } }),
  'standard/cli-28-get-system': getsSystem({ parameters: { Internal: 'Yes' } }),

  'classic/system-update-version': updatesVersion('20180708231844', CLASSIC, { result: undefined }),
  'standard/system-update-version': updatesVersion('20260501000000', STANDARD, { result: undefined }),
  'classic/system-update-same-version': updatesVersion(CLASSIC, '20171102200537', {
    error: { code: 'RACK_INVALID', says: 'no system updates' },
  }),
  'standard/system-update-same-version': updatesVersion(STANDARD, '20250101000000', { result: undefined }),
  'classic/system-update-version-while-updating': updatesVersion('20171214220445', CLASSIC, {
    error: { code: 'RACK_BUSY', says: 'already updating' },
  }),
  'classic/system-update-bad-count': operation(({ rack, signal }) => rack.system.scale({ count: 1 }, signal), {
    error: { code: 'RACK_INVALID', says: 'greater than 2' },
  }),
  'classic/system-update-params': unknownParameter(CLASSIC, { result: undefined }),
  'standard/system-update-params': unknownParameter(STANDARD, { result: undefined }),
  'classic/cli-17-post-apps-convox-parameters': unknownParameter(CLASSIC, { result: undefined }),
  'standard/cli-25-put-system': unknownParameter(STANDARD, { result: undefined }),
  'classic/system-update-params-no-change': unknownParameter(CLASSIC, {
    error: { code: 'RACK_INVALID', says: 'No updates' },
  }),
  'standard/system-update-params-no-change': unknownParameter(STANDARD, {
    error: { code: 'RACK_INVALID', says: 'No updates' },
  }),
  'classic/system-update-params-while-updating': unknownParameter(
    CLASSIC,
    { error: { code: 'RACK_BUSY' } },
    'Yes',
    'No',
  ),
  'standard/system-update-params-while-updating': unknownParameter(
    STANDARD,
    { error: { code: 'RACK_BUSY' } },
    'Yes',
    'No',
  ),
  'standard/classic-rack-parameters-set-not-in-standard': trap(
    'A classic call on a standard rack: the client notices by the unknown route, and goes on in the right dialect.',
    ({ rack, signal }) => rack.system.setParameters({ Internal: 'Yes' }, signal),
    {
      isSent: true,
      around: {
        'GET /system': [system(CLASSIC), system(STANDARD)],
        'PUT /system': [{ headers: { 'content-type': 'text/plain' }, body: 'ok\n' }],
      },
    },
  ),
  'system-releases': operation(({ rack, signal }) => rack.system.releases(signal), { result: [{ app: 'convox' }] }),
  'system-processes': operation(({ rack, signal }) => rack.system.processes('own', signal), {
    result: [{ name: 'web', app: 'convox' }],
  }),
  'system-capacity': operation(({ rack, signal }) => rack.system.capacity(signal), {
    result: { clusterCpu: 3072, clusterMemory: 5961, instanceCpu: 1024, processCount: 4, processWidth: 1 },
  }),

  check: operation(({ rack, signal }) => rack.check(signal), { result: undefined }),
  'auth-ok': operation(({ rack, signal }) => rack.login(signal), { result: undefined }),
  'auth-bad-password': operation(
    ({ rack, signal }) => rack.login(signal),
    { error: { code: 'RACK_UNAUTHORIZED' } },
    { options: { password: 'wrong' } },
  ),
  'auth-none': trap(
    'Without a password there is no client: every request but /check carries it.',
    async ({ rack, signal }) => {
      const { RackClient } = await import('../../src/convox-api/rack-client.ts');
      await new RackClient({ url: rack.url.href, password: '' }).system.get(signal);
    },
    { error: { code: 'RACK_PASSWORD_MISSING' } },
  ),
  'standard/jwt-token-read': operation(
    async ({ rack, signal }) => (await rack.system.createToken('read', 1, signal)).split('.').length,
    { result: 3 },
  ),
  'standard/jwt-token-unknown-role': operation(
    // The type allows only read and write; what the rack says to anything else is understood all the same.
    ({ rack, signal }) => rack.system.createToken('admin' as 'read', 1, signal),
    { error: { code: 'RACK_INVALID', says: 'empty token' } },
  ),
  'standard/jwt-token-bad-duration': trap(
    'The duration is a whole number of hours: the client sends nothing else.',
    ({ rack, signal }) => rack.system.createToken('read', Number('x'), signal),
    { error: { code: 'RACK_INVALID' } },
  ),

  'classic/app-logs': readsAppLog(
    { sinceMs: 120_000, mode: 'follow' },
    { result: checks('03:02:53', 0, 2, CLASSIC_PREFIX) },
    3,
  ),
  'standard/app-logs': readsAppLog({ sinceMs: 120_000, mode: 'follow' }, { result: checks('03:19:54', 0, 3, '') }, 4),
  'classic/app-logs-no-follow': readsAppLog(
    { sinceMs: 3_600_000, mode: 'once' },
    { result: checks('03:02:54', 0, 2, CLASSIC_PREFIX) },
  ),
  'standard/app-logs-no-follow': readsAppLog(
    { sinceMs: 3_600_000, mode: 'once', filter: 'GET', prefix: 'service' },
    {
      result: [
        ...checks('03:19:54', 0, 0, 'service/web/0a1b2c3d4e5f '),
        ...checks('03:19:55', 1, 2, 'service/web/0a1b2c3d4e5f '),
      ],
    },
  ),
  'app-logs-missing-app': operation(({ rack, signal }) => collect(rack.logs.app('nosuch', { mode: 'once' }, signal)), {
    error: { code: 'RACK_NOT_FOUND', says: 'does not exist' },
  }),
  'app-logs-bad-since': durationIsNumber,
  'app-logs-no-origin': (era) =>
    ownOrigin(
      'A classic rack refuses a handshake without Origin: the client always sends its host as one.',
      era === 'classic' ? { error: { code: 'RACK_REFUSED' } } : {},
    ),
  'standard/app-logs-foreign-origin': ownOrigin(
    'A standard rack refuses an Origin of another host: the client sends its own.',
    {
      error: { code: 'RACK_REFUSED', says: 'Forbidden' },
    },
  ),
  'standard/app-logs-subprotocol': ownOrigin(
    'No rack names a subprotocol in its answer, so a client that asks for one fails: none is asked for.',
    {},
  ),
  'app-logs-unauthorized': trap(
    'Every websocket carries the password; that it is wrong arrives as a frame, and is understood.',
    ({ rack, signal }) => collect(rack.logs.app('tmpapp', {}, signal)),
    { error: { code: 'RACK_UNAUTHORIZED' } },
  ),
  'app-logs-without-upgrade': (era) =>
    trap(
      'Logs are a websocket: the client never asks for them with a plain GET.',
      ({ rack, signal }) => collect(rack.logs.app('tmpapp', { mode: 'once' }, signal)),
      { error: { code: era === 'classic' ? 'RACK_INVALID' : 'RACK_UNSUPPORTED' } },
    ),
  'classic/cli-20-ws-get-apps-tmpapp-logs': opensLog(({ rack, signal }) =>
    rack.logs.app('tmpapp', { mode: 'follow', sinceMs: 120_000 }, signal),
  ),
  'standard/cli-20-ws-get-apps-tmpapp-logs': opensLog(({ rack, signal }) =>
    rack.logs.app('tmpapp', { sinceMs: 5_000, prefix: 'service' }, signal),
  ),
  'standard/cli-32-ws-get-apps-tmpapp-logs': opensLog(({ rack, signal }) =>
    rack.logs.app('tmpapp', { prefix: 'service' }, signal),
  ),
  'standard/cli-27-ws-get-system-logs': opensLog(({ rack, signal }) =>
    rack.logs.system({ sinceMs: 5_000, prefix: 'service' }, signal),
  ),
  'classic/system-logs': operation(
    ({ rack, signal }) => collect(rack.logs.system({ mode: 'once', sinceMs: 120_000 }, signal)),
    {
      result: [0, 1, 2].map((id) => `2026-11-23T03:02:54Z system:20171213132441/ ns=api.web id=${id} state=success`),
    },
  ),
  'standard/system-logs': operation(
    ({ rack, signal }) => collect(rack.logs.system({ mode: 'once', sinceMs: 120_000, prefix: 'service' }, signal)),
    {
      result: [0, 1, 2].map(
        (id) => `2026-11-23T03:20:10Z system/cloudformation ns=rack at=SystemGet id=${id} state=success`,
      ),
    },
  ),

  'classic/racks-list': noRacks,
  'standard/racks-list-not-on-rack': noRacks,
  'standard/cli-12-get-racks': noRacks,
  'standard/cli-15-get-racks': noRacks,
  'standard/cli-19-get-racks': noRacks,
  'standard/cli-26-get-racks': noRacks,
  'standard/cli-31-get-racks': noRacks,
  'classic/switch': trap(
    'Belongs to a console, which the client is told of by its options: it never switches racks.',
    ({ rack, signal }) => rack.apps.get('tmpapp', signal),
    {
      around: { 'GET /apps/tmpapp': [app('tmpapp')] },
      result: { name: 'tmpapp' },
      options: { consoleRack: 'org/rack' },
    },
  ),
  'method-not-allowed': asksOnlyKnownRoutes,
  'not-found': asksOnlyKnownRoutes,
  'classic/panic': trap(
    'A handler that panics: 500 with the text of the panic, which is quoted and not read as JSON.',
    ({ rack, signal }) => rack.apps.list(signal),
    {
      error: { code: 'RACK_REFUSED', says: 'Controlled Panic' },
      around: { 'GET /apps': [{ status: 500, headers: { 'content-type': 'text/plain' }, body: 'Controlled Panic\n' }] },
    },
  ),
};
