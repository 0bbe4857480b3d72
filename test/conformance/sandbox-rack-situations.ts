import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import type { Certificate } from '../../src/sandbox/model/certificates.ts';
import type { Api } from '../../src/sandbox/rack-api/api.ts';
import type { Release } from '../../src/sandbox/rack-api/rack-store.ts';
import { startOperator } from '../../src/sandbox/scenario/operator.ts';
import { installApp } from '../../src/sandbox/scenario/install-app.ts';
import { installResource } from '../../src/sandbox/rack-api/resources.ts';
import type { SandboxDurations } from '../../src/sandbox/settings.ts';
import {
  eventually,
  multipartSource,
  rackOf,
  tarball,
  untilRunning,
  type Rack,
} from '../sandbox/rack-api/rack-http.ts';
import type { Era } from './transcript.ts';

/** A sandbox in the state in which an exchange was recorded, and what the recorded names are called in it. */
export interface Situation {
  readonly sandbox: Sandbox;
  /** Recorded text → text in this sandbox: ids of builds, releases, processes. */
  readonly names: ReadonlyMap<string, string>;
}

export type SituationName =
  | 'base'
  | 'internal'
  | 'updating rack'
  | 'creating'
  | 'created'
  | 'genless created'
  | 'create failed'
  | 'built'
  | 'deployed'
  | 'unlinked'
  | 'promoted again'
  | 'building'
  | 'promoting'
  | 'rolling back'
  | 'rolled back'
  | 'updating myapp'
  | 'cancelled myapp'
  | 'deleting'
  | 'deleted'
  | 'myapp deleted';

const VERSIONS: Readonly<Record<Era, string>> = { classic: '20171213132441', standard: '20260421192651' };

export const RECORDED_MANIFEST =
  'services:\n  web:\n    build: .\n    port: 5000\n    health: /health/\n    domain: ${HOST}\n  worker:\n    build: .\n    command: sleep 3600\n';
const RECORDED_ENV = new Map([
  ['DATABASE_URL', 'postgres://u:p=w@db.example.org:5432/app'],
  ['EMPTY', ''],
  ['HOST', 'www.example.org'],
  ['SECRET_KEY', 'a=b=='],
]);
const COMPOSE =
  'version: "2"\nservices:\n  web:\n    image: httpd\n    labels:\n      - convox.port.443.protocol=https\n    ports:\n      - 80:80\n      - 443:80\n  worker:\n    image: httpd\n    command: sleep 3600\n';

/** Steps that take three weeks: what is under way stays under way. */
const STANDING_STILL: Partial<SandboxDurations> = { resourceMs: 2e9, loadBalancerMs: 2e9, imagePullMs: 2e9 };

interface Stage {
  readonly era: Era;
  readonly sandbox: Sandbox;
  readonly rack: Rack;
  readonly api: Api;
  readonly names: Map<string, string>;
}

/** A rollback is over soon, and an update that stands still is given up after three hours: slower paces for both. */
const OPTIONS: Partial<Record<SituationName, SandboxOptions>> = {
  internal: { rackParameters: { Internal: 'Yes' } },
  promoting: { scale: 60 },
  'updating myapp': { scale: 60 },
  'rolling back': { scale: 30 },
  'cancelled myapp': { scale: 30 },
};

export async function makeSituation(era: Era, name: SituationName): Promise<Situation> {
  const stage = await base(era, OPTIONS[name] ?? {});
  await SETUPS[name](stage);
  return stage;
}

const SETUPS: Readonly<Record<SituationName, (stage: Stage) => Promise<void> | void>> = {
  base: () => undefined,
  internal: () => undefined,
  'updating rack': async (stage) => {
    standStill(stage);
    await setRackParameter(stage, 'Internal', 'Yes');
  },
  creating: async (stage) => {
    standStill(stage);
    await stage.rack('POST', '/apps', { form: { name: 'tmpapp', generation: '2' } });
  },
  created: async ({ rack }) => {
    await rack('POST', '/apps', { form: { name: 'tmpapp', generation: '2' } });
    await untilRunning(rack, 'tmpapp');
  },
  'genless created': async ({ rack }) => {
    await rack('POST', '/apps', { form: { name: 'genless' } });
    await untilRunning(rack, 'genless');
  },
  'create failed': async ({ rack, sandbox }) => {
    sandbox.world.cloudFormation.failNext('convox-createfail', 'Settings', 'bucket limit reached');
    await rack('POST', '/apps', { form: { name: 'createfail', generation: '2' } });
    await untilStatus({ rack }, 'createfail', 'failed');
  },
  built,
  deployed,
  unlinked: async (stage) => {
    await deployed(stage);
    await unlink(stage);
  },
  'promoted again': async (stage) => {
    await deployed(stage);
    const { id } = await promoteNext(stage);
    await eventually({
      ask: () => stage.rack('GET', '/apps/tmpapp'),
      until: (reply) => reply.field('status') === 'running' && reply.field('release') === id,
    });
  },
  building: async (stage) => {
    await deployed(stage);
    setDurations(stage, { buildMs: 120_000 });
    const id = await startBuild(stage, { 'convox.yml': RECORDED_MANIFEST, Dockerfile: 'FROM httpd\n' });
    stage.names.set('BTTKOJYZFQN', id).set('BAWTXZXYMJO', id);
    await eventually({
      ask: () => stage.rack('GET', `/apps/tmpapp/builds/${id}`),
      until: (reply) => reply.field('status') === 'running' && reply.field('manifest') !== '',
    });
  },
  promoting: async (stage) => {
    await deployed(stage);
    standStill(stage);
    await promoteNext(stage);
  },
  'rolling back': async (stage) => {
    await failPromotion(stage, { isSlow: true });
    await untilStatus(stage, 'tmpapp', 'rollback');
  },
  'rolled back': async (stage) => {
    await failPromotion(stage, { isSlow: false });
    await untilRunning(stage.rack, 'tmpapp');
  },
  'updating myapp': async (stage) => {
    await deployed(stage);
    standStill(stage);
    await setFormation(stage);
  },
  'cancelled myapp': async (stage) => {
    await deployed(stage);
    standStill(stage);
    await setFormation(stage);
    await stage.rack('POST', '/apps/myapp/cancel');
    await untilStatus(stage, 'myapp', 'rollback');
  },
  deleting: async (stage) => {
    await deployed(stage);
    await unlink(stage);
    standStill(stage);
    await stage.rack('DELETE', '/apps/genless');
    await untilStatus(stage, 'genless', 'deleting');
  },
  deleted: async (stage) => {
    await deployed(stage);
    await unlink(stage);
    await stage.rack('DELETE', '/apps/genless');
    await untilStatus(stage, 'genless', 'gone');
  },
  'myapp deleted': async ({ rack }) => {
    await rack('DELETE', '/apps/myapp');
    await untilStatus({ rack }, 'myapp', 'gone');
  },
};

async function base(era: Era, options: SandboxOptions): Promise<Stage> {
  const sandbox = await startSandbox({
    scale: 600,
    scenario: 'empty',
    rackPassword: 'secret',
    region: 'us-west-2',
    rackVersion: VERSIONS[era],
    durations: { buildMs: 5_000, appCleanupMs: 1_000 },
    ...options,
  });
  const api = sandbox.rack.host.next()!;
  const arn = addServerCertificate(sandbox);
  addAcmCertificate(sandbox);
  installApp(api, {
    name: 'myapp',
    generation: '1',
    files: new Map([['docker-compose.yml', COMPOSE]]),
    environment: RECORDED_ENV,
    parameters: new Map([
      ['WebFormation', '1,0,256'],
      ['WorkerFormation', '1,0,256'],
      ['WebPort80Listener', '41234,'],
      ['WebPort443Listener', `41235,${arn}`],
    ]),
  });
  const rack = rackOf(sandbox);
  await untilRunning(rack, 'myapp');
  const names = new Map([['RUJLHHNSZWH', api.store.latestRelease('myapp')!.id]]);
  return { era, sandbox, rack, api, names };
}

/** An environment alone, a build that failed, one with an internal service, and one that can be promoted. */
async function built(stage: Stage): Promise<void> {
  const { api, era, names, rack } = stage;
  const { store } = api;
  await rack('POST', '/apps', { form: { name: 'tmpapp', generation: '2' } });
  await rack('POST', '/apps', { form: { name: 'genless' } });
  await untilRunning(rack, 'tmpapp');
  await untilRunning(rack, 'genless');
  const env = [...RECORDED_ENV].map(([key, value]) => `${key}=${value}`).join('\n');
  const set = (app: string, text: string): ReturnType<Rack> =>
    era === 'classic'
      ? rack('POST', `/apps/${app}/environment`, { body: text })
      : rack('POST', `/apps/${app}/releases`, { form: { env: text } });
  await set('tmpapp', env);
  const environmentOnly = store.latestRelease('tmpapp')!;
  await set('genless', 'KEY=-----BEGIN-----\nMIIabc=\nnoequals\n-----END-----\nB="quoted"\n C =spaces around');
  if (era === 'standard') await storeObjects(rack);
  const failedId = await finishBuild(stage, { 'docker-compose.yml': COMPOSE });
  const id = await finishBuild(stage, { 'convox.yml': RECORDED_MANIFEST, Dockerfile: 'FROM httpd\n' });
  const internalId = await finishBuild(stage, {
    'convox.yml': 'services:\n  web:\n    build: .\n    port: 5000\n    internal: true\n',
  });

  for (const recorded of ['BTTKOJYZFQN', 'BAWTXZXYMJO', 'BHLEXVHDCQH', 'BVHOIJPQBXW']) names.set(recorded, id);
  for (const recorded of ['BRJAFGJTLSF', 'BLHPIRZOIIA', 'BONNIQYVPDZ']) names.set(recorded, failedId);
  for (const recorded of ['RDLWIVSBNTB', 'RBLQPQUFQQW', 'RSVRFKOQLWU', 'RYCSOIMTHAP', 'RLKYFGPIKIU']) {
    names.set(recorded, store.builds.get(id)!.release);
  }
  for (const recorded of ['RZARLBTAZPQ', 'RQGDAJIXUUJ']) names.set(recorded, environmentOnly.id);
  for (const recorded of ['RMXNBRDBVNG', 'RFPLGRJIIBB']) names.set(recorded, store.builds.get(internalId)!.release);
  names.set('RKMUPGOSORL', store.latestRelease('genless')!.id);
}

/** The build is active and its processes log; `genless` is linked to the log drain. */
async function deployed(stage: Stage): Promise<void> {
  await built(stage);
  const { api, sandbox, names, rack } = stage;
  const release = names.get('RDLWIVSBNTB')!;
  await rack('POST', `/apps/tmpapp/releases/${release}/promote`);
  const stop = startOperator(sandbox.world, { approveAfterMs: 0 });
  await eventually({
    ask: () => rack('GET', '/apps/tmpapp'),
    until: (reply) => reply.field('status') === 'running' && reply.field('release') === release,
  });
  stop();
  installResource(api, {
    name: 'logs',
    type: 'syslog',
    parameters: new Map([['Url', 'tcp+tls://logs.example.org:514']]),
    apps: ['genless'],
    isInstant: true,
  });
  await eventually({
    ask: () => rack('GET', '/resources/logs'),
    until: ({ text }) => text.includes('"running"') && text.includes('"genless"'),
  });
  const tasks = sandbox.world.compute.tasks();
  const web = tasks.find(({ definition }) => definition.app === 'tmpapp' && definition.service === 'web')!;
  const process = web.id.split(/[/-]/).at(-1)!;
  names.set('0a1b2c3d4e5f', process);
}

async function storeObjects(rack: Rack): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream' };
  const source = await tarball({ 'convox.yml': RECORDED_MANIFEST, Dockerfile: 'FROM httpd\n' });
  const wrong = await tarball({ 'docker-compose.yml': COMPOSE });
  const put = (key: string, body: string | Buffer): ReturnType<Rack> =>
    rack('POST', `/apps/tmpapp/objects/${key}`, { body, headers });
  await put('tmp/3f8a1c0b7d9e2f4a6c8e0b1d3f5a79.tgz', source);
  await put('tmp/18ea8e5e711022c6.tgz', wrong);
  await put('tmp/lost.tgz', '');
}

async function startBuild({ era, rack }: Stage, files: Readonly<Record<string, string>>): Promise<string> {
  const source = await tarball(files);
  if (era === 'classic') return (await rack('POST', '/apps/tmpapp/builds', multipartSource(source))).field('id');
  const headers = { 'content-type': 'application/octet-stream' };
  await rack('POST', '/apps/tmpapp/objects/tmp/source.tgz', { body: source, headers });
  const form = { url: 'object://tmpapp/tmp/source.tgz' };
  return (await rack('POST', '/apps/tmpapp/builds', { form })).field('id');
}

async function finishBuild(stage: Stage, files: Readonly<Record<string, string>>): Promise<string> {
  const id = await startBuild(stage, files);
  await eventually({
    ask: () => stage.rack('GET', `/apps/tmpapp/builds/${id}`),
    until: ({ text }) => /"status": "(complete|failed)"/.test(text),
  });
  return id;
}

/** One more release of the active build, with another environment; promoted. */
async function promoteNext({ api, rack }: Stage): Promise<Release> {
  const active = api.store.releasesOf('tmpapp').find(({ manifest }) => manifest === RECORDED_MANIFEST)!;
  const next = api.store.addRelease({ ...active, env: `${active.env}\nZ=1` });
  await rack('POST', `/apps/tmpapp/releases/${next.id}/promote`);
  return next;
}

async function failPromotion(stage: Stage, { isSlow }: { readonly isSlow: boolean }): Promise<void> {
  await deployed(stage);
  const { sandbox } = stage;
  const service = stage.era === 'classic' ? 'ServiceWebService' : 'Service';
  if (isSlow) setDurations(stage, { resourceMs: 60_000 });
  sandbox.world.cloudFormation.failNext('convox-tmpapp', service, 'did not stabilize');
  await promoteNext(stage);
}

async function setFormation({ era, rack }: Stage): Promise<void> {
  if (era === 'classic') await rack('POST', '/apps/myapp/parameters', { form: { WebFormation: '2,0,256' } });
  else await rack('PUT', '/apps/myapp', { form: { parameters: 'WebFormation=2%2C0%2C256' } });
}

async function setRackParameter({ era, rack }: Stage, name: string, value: string): Promise<void> {
  if (era === 'classic') await rack('POST', '/apps/convox/parameters', { form: { [name]: value } });
  else await rack('PUT', '/system', { form: { parameters: `${name}=${value}` } });
}

/** Until both API processes see it, each with a cache of its own; `gone` = not found. */
async function untilStatus({ rack }: Pick<Stage, 'rack'>, app: string, status: string): Promise<void> {
  let inARow = 0;
  await eventually({
    ask: () => rack('GET', `/apps/${app}`),
    until: (reply) => {
      const seen = reply.status === 404 ? 'gone' : reply.field('status');
      inARow = seen === status ? inARow + 1 : 0;
      return inARow > 2;
    },
  });
}

async function unlink({ rack }: Stage): Promise<void> {
  await rack('DELETE', '/resources/logs/links/genless');
  await eventually({
    ask: () => rack('GET', '/resources/logs'),
    until: ({ text }) => text.includes('"running"') && !text.includes('genless'),
  });
}

function standStill(stage: Stage): void {
  setDurations(stage, STANDING_STILL);
}

function setDurations({ sandbox }: Stage, durations: Partial<SandboxDurations>): void {
  Object.assign(sandbox.world.settings.durations, durations);
}

function addServerCertificate(sandbox: Sandbox): string {
  const arn = 'arn:aws:iam::123456789012:server-certificate/cert-1512345678';
  sandbox.world.serverCertificates?.set(arn, certificateOf(sandbox, arn, '*.*.elb.amazonaws.com'));
  return arn;
}

function addAcmCertificate(sandbox: Sandbox): void {
  const arn = 'arn:aws:acm:us-west-2:123456789012:certificate/00000000-0000-0000-0000-4b2f0a9c81d7';
  sandbox.world.acm.certificates.set(arn, certificateOf(sandbox, arn, 'old.example.org'));
}

function certificateOf({ world }: Sandbox, arn: string, domainName: string): Certificate {
  return {
    arn,
    domainName,
    names: [domainName],
    keyAlgorithm: 'RSA_2048',
    type: 'AMAZON_ISSUED',
    status: 'ISSUED',
    failureReason: undefined,
    createdAt: world.clock.now(),
    issuedAt: world.clock.now(),
    notAfter: world.clock.now() + 31_536_000_000,
    validations: [],
    idempotencyToken: undefined,
    tags: new Map(),
    pem: undefined,
  };
}
