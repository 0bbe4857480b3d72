import type { Task } from '../model/compute.ts';
import type { Api } from './api.ts';
import { releaseOf } from './apps.ts';
import { environmentOf } from './app-services.ts';
import type { OneOff } from './rack-store.ts';
import type { RackRequest } from './rack-request.ts';
import { SINCE } from './rack-versions.ts';
import { goTime, json, RackRefusal, SUCCESS, type Reply } from './reply.ts';
import type { Route } from './routing.ts';

export const processRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/apps/:app/processes',
    operation: 'processes.list',
    handle: (request, api) => {
      const app = requireApp(api, request.param('app'));
      const service = api.isClassic ? null : request.query.get('service');
      const release = api.isClassic ? null : request.query.get('release');
      const shown = listProcesses(api, app).filter(
        (process) =>
          (service === null || process.name === service) && (release === null || process.release === release),
      );
      return json(shown.map((process) => processJson(api, process)));
    },
  },
  {
    method: 'GET',
    path: '/apps/:app/processes/:process',
    operation: 'processes.get',
    handle: (request, api) => {
      const app = requireApp(api, request.param('app'));
      return json(processJson(api, findProcess(api, app, request.param('process'))));
    },
  },
  { method: 'DELETE', path: '/apps/:app/processes/:process', operation: 'processes.stop', handle: stopProcess },
  {
    method: 'POST',
    path: '/apps/:app/processes/:service/run',
    operation: 'processes.run',
    before: SINCE.standard,
    handle: (request, api) => {
      const app = request.param('app');
      const run = { service: request.param('service'), command: request.field('command') };
      return json({ pid: startOneOff(api, app, { ...run, release: request.field('release') }).id, success: true });
    },
  },
  {
    method: 'POST',
    path: '/apps/:app/services/:service/processes',
    operation: 'processes.run',
    from: SINCE.standard,
    handle: (request, api) => {
      const oneOff = startOneOff(api, request.param('app'), {
        service: request.param('service'),
        command: request.header('command') ?? '',
        release: request.header('release') ?? '',
      });
      // Answered before the task has a place: nothing but what was asked is known.
      return json(
        processJson(api, {
          ...EMPTY,
          id: oneOff.id,
          app: oneOff.app,
          name: oneOff.service,
          command: oneOff.command,
          status: 'pending',
        }),
      );
    },
  },
];

export interface Process {
  readonly id: string;
  readonly app: string;
  readonly name: string;
  readonly release: string;
  readonly command: string;
  readonly host: string;
  readonly image: string;
  readonly instance: string;
  readonly ports: readonly string[];
  readonly startedAt: number | undefined;
  readonly status: string;
}

const EMPTY: Process = {
  id: '',
  app: '',
  name: '',
  release: '',
  command: '',
  host: '',
  image: '',
  instance: '',
  ports: [],
  startedAt: undefined,
  status: '',
};

/** Tasks of services, one-off tasks and builds under way. */
export function listProcesses(api: Api, app: string): readonly Process[] {
  const tasks = api.world.compute.tasks().filter((task) => task.definition.app === app && task.state !== 'stopped');
  const oneOffs = [...api.store.oneOffs.values()].filter((oneOff) => oneOff.app === app && oneOff.status !== 'stopped');
  const builds = api.store.buildsOf(app).filter((build) => build.status === 'running');
  return [
    ...tasks.map((task) => fromTask(api, task)),
    ...oneOffs.map((oneOff) => fromOneOff(api, oneOff)),
    ...builds.map((build) => ({
      ...EMPTY,
      id: build.id.toLowerCase(),
      app,
      name: 'build',
      command: 'build',
      image: `convox/build:${api.version}`,
      startedAt: build.startedAt,
      status: 'running',
    })),
  ];
}

function findProcess(api: Api, app: string, id: string): Process {
  const process = listProcesses(api, app).find((each) => each.id === id);
  if (process !== undefined) return process;
  throw new RackRefusal(404, api.isClassic ? `no such process: ${id}` : `process not found: ${id}`);
}

/** Process calls answer 404 in both eras. */
function requireApp(api: Api, app: string): string {
  if (api.findApp(app) !== undefined) return app;
  throw new RackRefusal(404, api.isClassic ? `no such app: ${app}` : `app not found: ${app}`);
}

function fromTask(api: Api, task: Task): Process {
  const { app, service, release, port } = task.definition;
  return {
    ...place(api, app, service),
    id: processId(task.id),
    release,
    command: '',
    instance: task.instanceId,
    ports: port === undefined ? [] : [`${task.hostPort}:${port}`],
    startedAt: task.startedAt,
    status: task.state === 'pending' ? 'pending' : 'running',
  };
}

function fromOneOff(api: Api, { id, app, service, release, command, requestedAt, status }: OneOff): Process {
  const instance = api.world.compute.tasks()[0]?.instanceId ?? '';
  return { ...place(api, app, service), id, release, command, instance, ports: [], startedAt: requestedAt, status };
}

function place(api: Api, app: string, name: string): Pick<Process, 'app' | 'name' | 'host' | 'image'> {
  const { accountId, region } = api.world.settings;
  return { app, name, host: '10.0.1.182', image: `${accountId}.dkr.ecr.${region}.amazonaws.com/${app}:${name}` };
}

/** The last part of a task's id. */
function processId(taskId: string): string {
  return taskId.split(/[/-]/).at(-1) ?? taskId;
}

function processJson(api: Api, process: Process): Record<string, unknown> {
  const { id, app, name, release, command, host, image, instance, ports, startedAt, status } = process;
  const started = goTime(startedAt);
  if (api.isClassic) {
    return { id, app, name, release, command, host, image, instance, ports, cpu: 0, memory: 0, started };
  }
  return {
    id,
    app,
    command,
    cpu: 0,
    host,
    image,
    instance,
    memory: 0,
    name,
    ports,
    release,
    started,
    status,
    task_definition: '',
  };
}

interface Run {
  readonly service: string;
  readonly command: string;
  /** Empty = the active one. */
  readonly release: string;
}

const START_MS = 5_000;

/** A task for one command; it runs (`sleep N` for N seconds, anything else until stopped or executed) and then is gone. */
export function startOneOff(api: Api, app: string, { service, command, release }: Run): OneOff {
  const stack = api.requireApp(app);
  const id = release === '' ? releaseOf(stack) : release;
  const row = api.store.releases.get(id);
  if (row === undefined) {
    throw api.isClassic
      ? new RackRefusal(500, `no such release: ${id}`)
      : new RackRefusal(404, `release not found: ${id}`);
  }
  const oneOff: OneOff = {
    id: api.world.random.hex(12),
    app,
    service,
    release: id,
    command,
    environment: environmentOf(api, stack, row, service),
    requestedAt: api.world.clock.now(),
    status: 'pending',
  };
  api.store.oneOffs.set(oneOff.id, oneOff);
  const seconds = Number(/^sleep (\d+)$/.exec(command)?.[1] ?? 0);
  api.world.clock.after(START_MS, () => {
    if (oneOff.status === 'pending') oneOff.status = 'running';
    api.world.clock.after(seconds * 1000, () => {
      endOneOff(api, oneOff);
    });
  });
  return oneOff;
}

export function endOneOff(api: Api, oneOff: OneOff): void {
  oneOff.status = 'stopped';
  api.store.oneOffs.delete(oneOff.id);
}

function stopProcess(request: RackRequest, api: Api): Reply {
  const app = requireApp(api, request.param('app'));
  const id = request.param('process');
  const process = findProcess(api, app, id);
  const oneOff = api.store.oneOffs.get(process.id);
  if (oneOff !== undefined) {
    endOneOff(api, oneOff);
    return SUCCESS;
  }
  const task = api.world.compute.tasks().find((each) => processId(each.id) === id);
  if (task === undefined) throw new RackRefusal(500, 'the sandbox does not stop builds');
  api.world.compute.stopTask?.(task.id);
  return SUCCESS;
}
