import type { Api } from './api.ts';
import { sorted } from './apps.ts';
import { readInteger } from './limits.ts';
import { rackStatus, updateRackParameters, updateRackVersion } from './rack-stack.ts';
import type { RackRequest } from './rack-request.ts';
import { PUBLISHED_VERSIONS } from './published-versions.ts';
import { SINCE } from './rack-versions.ts';
import { goTime, json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

export const systemRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/system',
    operation: 'system.get',
    handle: (_request, api) => json(systemJson(api)),
  },
  { method: 'PUT', path: '/system', operation: 'system.update', handle: updateSystem },
  {
    method: 'GET',
    path: '/system/releases',
    operation: 'system.releases',
    handle: (_request, api) => json(listReleases(api)),
  },
  {
    method: 'GET',
    path: '/system/processes',
    operation: 'system.processes',
    handle: (_request, api) => json(listProcesses(api)),
  },
];

function systemJson(api: Api): Record<string, unknown> {
  const stack = api.rackStack();
  const { parameters } = stack;
  const tags = [...stack.tags].map(([key, value]) => `${key}=${value}`).join(',');
  return {
    count: Number(parameters.get('InstanceCount') ?? '3'),
    domain: stack.outputs.get('Domain') ?? '',
    name: api.rack,
    outputs: sorted(stack.outputs),
    parameters: sorted(
      new Map([
        ...parameters,
        ...(parameters.has('Password') ? ([['Password', '****']] as const) : []),
        ...(api.has(SINCE.jwt) && tags !== '' ? ([['Tags', tags]] as const) : []),
      ]),
    ),
    ...(api.has(SINCE.appUpdate) ? { provider: 'aws' } : {}),
    ...(api.has(SINCE.jwt) ? { 'rack-domain': stack.outputs.get('RackDomain') ?? '' } : {}),
    region: api.world.settings.region,
    status: rackStatus(api, stack),
    type: parameters.get('InstanceType') ?? 't2.small',
    version: parameters.get('Version') ?? api.version,
  };
}

/** `PUT /system`: version, count, type; in the standard era parameters too, as a form inside the form. */
function updateSystem(request: RackRequest, api: Api): Reply {
  const changes = new Map<string, string>();
  const count = request.form.get('count');
  if (count !== null) {
    if (api.isClassic && readInteger(count, 403) <= 2) throw new RackRefusal(403, 'count must be greater than 2');
    changes.set('InstanceCount', String(readInteger(count)));
  }
  const type = request.form.get('type');
  if (type !== null) changes.set('InstanceType', type);
  if (!api.isClassic) {
    for (const [name, value] of new URLSearchParams(request.field('parameters'))) changes.set(name, value);
  }
  const before = systemJson(api);
  const version = request.form.get('version');
  if (version !== null) updateRackVersion(api, version, changes);
  else updateRackParameters(api, changes);
  if (!api.isClassic) return SUCCESS;
  return json(version === null ? before : { ...before, version });
}

/** The 20 latest versions, as releases. */
function listReleases(api: Api): unknown[] {
  const running = api.rackStack().parameters.get('Version') ?? api.version;
  const versions = PUBLISHED_VERSIONS.filter(({ version }) => version <= running).slice(-20);
  return versions.toReversed().map(({ version }) => ({
    id: version,
    app: api.rack,
    build: '',
    env: '',
    manifest: '',
    ...(api.has(SINCE.releaseDescription) ? { description: '' } : {}),
    created: goTime(publishedAt(version)),
  }));
}

function publishedAt(version: string): number {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = [
    [0, 4],
    [4, 6],
    [6, 8],
    [8, 10],
    [10, 12],
    [12, 14],
  ].map(([from, to]) => Number(version.slice(from, to)));
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The two API processes themselves. */
function listProcesses(api: Api): unknown[] {
  const instance = api.world.compute.tasks()[0]?.instanceId ?? 'i-0a1b2c3d4e5f60718';
  const { region, accountId, startMs } = api.world.settings;
  const started = goTime(startMs);
  return ['web', 'monitor'].map((name, index) => {
    const id = `3f2e1d0c9b8${index}`;
    const command = `bin/${name}`;
    const image = `convox/${api.isClassic ? 'api' : 'rack'}:${api.version}`;
    const [host, ports] = ['10.0.1.182', ['3002:4443']];
    const shared = { id, app: api.rack };
    if (api.isClassic) {
      const release = api.version;
      return { ...shared, name, release, command, host, image, instance, ports, cpu: 0, memory: 0, started };
    }
    return {
      ...shared,
      command,
      cpu: 0,
      host,
      image,
      instance,
      memory: 0,
      name,
      ports,
      release: api.version,
      started,
      status: 'running',
      task_definition: `arn:aws:ecs:${region}:${accountId}:task-definition/${api.rack}-${name}:7`,
    };
  });
}
