import { releaseOf } from './apps.ts';
import { environmentOf } from './app-services.ts';
import type { Api } from './api.ts';
import { endOneOff, listProcesses, startOneOff, type Process } from './processes.ts';
import { SINCE } from './rack-versions.ts';
import { RackRefusal } from './reply.ts';
import type { Channel, StreamRoute } from './routing.ts';

/** Before the exit code of a command, in the stream (convox/rack cmd/convox, `StatusCodePrefix`). */
const EXIT_CODE_MARK = 'F1E49A85-0AD7-4AEF-A618-C249C6E6568D:';

export const execRoutes: readonly StreamRoute[] = [
  {
    path: '/apps/:app/processes/:process/exec',
    operation: 'processes.exec',
    stream: async (request, api, channel) => {
      const app = request.param('app');
      const environment = findEnvironment(api, app, request.param('process'));
      await runCommand(channel, request.header('command') ?? '', environment);
    },
  },
  {
    path: '/apps/:app/processes/:service/run',
    operation: 'processes.runAttached',
    before: SINCE.standard,
    stream: async (request, api, channel) => {
      const command = request.header('command') ?? '';
      const oneOff = startOneOff(api, request.param('app'), {
        service: request.param('service'),
        command: 'sleep 3600',
        release: request.header('release') ?? '',
      });
      try {
        await runCommand(channel, command, oneOff.environment);
      } finally {
        endOneOff(api, oneOff);
      }
    },
  },
];

function findEnvironment(api: Api, app: string, id: string): ReadonlyMap<string, string> {
  const stack = api.findApp(app);
  if (stack === undefined) throw new RackRefusal(404, api.isClassic ? `no such app: ${app}` : `app not found: ${app}`);
  const process: Process | undefined = listProcesses(api, app).find((each) => each.id === id);
  if (process === undefined) {
    throw new RackRefusal(500, api.isClassic ? `process ID not found for ${app}` : `process not found: ${id}`);
  }
  const oneOff = api.store.oneOffs.get(id);
  if (oneOff !== undefined) return oneOff.environment;
  const release = api.store.releases.get(releaseOf(stack));
  return release === undefined ? new Map<string, string>() : environmentOf(api, stack, release, process.name);
}

/** The few commands a sandbox container knows; like a shell it answers 127 to others. */
async function runCommand(channel: Channel, command: string, environment: ReadonlyMap<string, string>): Promise<void> {
  const [program = '', ...rest] = command.trim().split(/\s+/);
  let code = 0;
  switch (program) {
    case 'true':
    case '':
      break;
    case 'false':
      code = 1;
      break;
    case 'exit':
      code = Number(rest[0] ?? '0');
      break;
    case 'echo':
      await channel.send(`${rest.join(' ')}\r\n`);
      break;
    case 'ls':
      await channel.send('Dockerfile\r\nprogram.json\r\n');
      break;
    case 'env':
    case 'printenv': {
      const [name] = rest;
      const value = name === undefined ? undefined : environment.get(name);
      if (name === undefined) for (const [key, text] of environment) await channel.send(`${key}=${text}\r\n`);
      else if (value === undefined) code = 1;
      else await channel.send(`${value}\r\n`);
      break;
    }
    case 'cat':
      for await (const text of channel.input) await channel.send(text);
      break;
    default:
      await channel.send(`sh: ${program}: not found\r\n`);
      code = 127;
  }
  await channel.send(`${EXIT_CODE_MARK}${code}\n`);
}
