import { MigrationError } from '../errors.ts';
import { waitFor } from '../time/wait.ts';
import { ask, tell, type RackContext } from './context.ts';
import { pathOf } from './form.ts';
import { runCommand, type CommandIo, type CommandResult } from './process-command.ts';
import type { RackProcess } from './rack-types.ts';
import { ClassicRun, listOf, Process } from './schema.ts';

export interface ProcessQuery {
  /** Only of this service. */
  readonly service?: string;
  /** Only of this release. */
  readonly release?: string;
}

/** A command to run inside a container, by its shell. */
export interface Command extends CommandIo {
  readonly command: string;
}

export interface OneOffCommand extends Command {
  /** Default: the app's active release. */
  readonly release?: string;
}

/** The containers of an app, and commands in them. */
export interface ProcessOperations {
  /** All, builds and one-off tasks included. @throws {MigrationError} `RACK_NOT_FOUND` for an unknown app. */
  list(app: string, query: ProcessQuery, signal: AbortSignal): Promise<readonly RackProcess[]>;
  get(app: string, id: string, signal: AbortSignal): Promise<RackProcess>;
  /** Stops a container; its service starts another one. */
  stop(app: string, id: string, signal: AbortSignal): Promise<void>;
  /** Starts a one-off container with a command and does not wait for it. @returns its id. */
  start(
    app: string,
    service: string,
    command: Pick<OneOffCommand, 'command' | 'release'>,
    signal: AbortSignal,
  ): Promise<{ readonly id: string }>;
  /** Runs a command in a running container, to its end. */
  exec(app: string, id: string, command: Command, signal: AbortSignal): Promise<CommandResult>;
  /** Runs a command in a container of its own, to its end, and stops that. */
  run(app: string, service: string, command: OneOffCommand, signal: AbortSignal): Promise<CommandResult>;
}

/** How long a container for a command may live: it sleeps so long, and is stopped before. */
const ONE_OFF_SECONDS = 3600;
const START_LIMIT_MS = 5 * 60_000; // as the convox CLI waits (convox/rack@20260421192651 pkg/cli/run.go)

export function createProcessOperations(context: RackContext): ProcessOperations {
  const { session, clock } = context;

  const get: ProcessOperations['get'] = async (app, id, signal) => {
    const path = pathOf('apps', app, 'processes', id);
    return ask(context, Process, { operation: 'processes.get', subject: `${app} ${id}`, method: 'GET', path }, signal);
  };

  const stop: ProcessOperations['stop'] = async (app, id, signal) => {
    const path = pathOf('apps', app, 'processes', id);
    return tell(context, { operation: 'processes.stop', subject: `${app} ${id}`, method: 'DELETE', path }, signal);
  };

  const start: ProcessOperations['start'] = async (app, service, { command, release }, signal) =>
    session.speak(async ({ era }) => {
      const label = { operation: 'processes.start', subject: `${app} ${service}`, method: 'POST' } as const;
      if (era === 'classic') {
        const path = pathOf('apps', app, 'processes', service, 'run');
        const body = { type: 'form', fields: { command, release: release ?? '' } } as const;
        return { id: (await ask(context, ClassicRun, { ...label, path, body }, signal)).pid };
      }
      // The options travel as headers, not as a form (convox/rack@20260421192651 pkg/structs/process.go).
      const path = pathOf('apps', app, 'services', service, 'processes');
      const headers = { Command: headerText(command), Release: release };
      return { id: (await ask(context, Process, { ...label, path, headers }, signal)).id };
    }, signal);

  const exec: ProcessOperations['exec'] = async (app, id, { command, ...io }, signal) =>
    runCommand(
      context,
      {
        operation: 'processes.exec',
        subject: `${app} ${id}`,
        path: pathOf('apps', app, 'processes', id, 'exec'),
        headers: { Command: headerText(command) },
      },
      io,
      signal,
    );

  /** A standard rack has no attached run: a sleeping container is started, the command runs in it, it is stopped. */
  const runInside: ProcessOperations['run'] = async (app, service, { command, release, ...io }, signal) => {
    const sleeper = { command: `sleep ${ONE_OFF_SECONDS}`, ...(release === undefined ? {} : { release }) };
    const { id } = await start(app, service, sleeper, signal);
    try {
      await waitFor(
        async () => {
          const { status = 'unknown' } = await get(app, id, signal);
          if (status === 'running') return { state: 'ready', value: undefined };
          if (status !== 'stopped') return { state: 'pending', saw: status };
          return {
            state: 'failed',
            error: new MigrationError('RACK_REFUSED', `processes.run ${app} ${service}: the container has stopped`),
          };
        },
        { what: `container for a command of ${app} ${service}`, intervalMs: 1000, timeoutMs: START_LIMIT_MS, clock },
        signal,
      );
      return await exec(app, id, { command, ...io }, signal);
    } finally {
      // Also when stopped: the container would sleep on for an hour. Its own failure must not hide the first one.
      await stop(app, id, signal.aborted ? AbortSignal.timeout(5000) : signal).catch((error: unknown) => {
        context.logger?.warn({ app, process: id, error: String(error) }, 'container of a command not stopped');
      });
    }
  };

  return {
    get,
    stop,
    start,
    exec,

    list: async (app, { service, release }, signal) => {
      const path = pathOf('apps', app, 'processes');
      const request = { operation: 'processes.list', subject: app, method: 'GET', path } as const;
      return ask(context, listOf(Process), { ...request, query: { service, release } }, signal);
    },

    run: async (app, service, command, signal) =>
      session.speak(async ({ era }) => {
        if (era === 'standard') return await runInside(app, service, command, signal);
        const { command: text, release = '', ...io } = command;
        return await runCommand(
          context,
          {
            operation: 'processes.run',
            subject: `${app} ${service}`,
            path: pathOf('apps', app, 'processes', service, 'run'),
            headers: { Command: headerText(text), Release: release },
          },
          io,
          signal,
        );
      }, signal),
  };
}

function headerText(command: string): string {
  // eslint-disable-next-line no-control-regex -- what HTTP forbids in a header
  if (command !== '' && !/[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(command)) return command;
  throw new MigrationError('RACK_INVALID', 'processes: the command cannot travel in a header', {
    hint: 'Give one line of Latin-1 text; put anything longer into a script in the image.',
  });
}
