import { EXIT_CODES } from '../errors.ts';
import type { ExecutionView } from '../orchestrator/engine.ts';
import type { DbosEngine } from '../orchestrator/engines/dbos/dbos-engine.ts';
import { openDbosEngine } from '../orchestrator/engines/dbos/open-dbos-engine.ts';
import { appArgument } from './arguments.ts';
import type { Invocation } from './command.ts';
import { readSettings } from './migration-settings.ts';
import { OPTIONS } from './options/options.ts';
import type { MigrationCall } from './run-migration.ts';
import { databaseOptions } from './state.ts';
import { openRack } from './open-rack.ts';

/** With the state in a database a migration runs in `gen2 worker`; here it is only asked for. */
export async function leaveToWorkers(
  invocation: Invocation,
  call: MigrationCall,
  databaseUrl: string,
): Promise<number> {
  const { shell, options } = invocation;
  const engine = await openDbosEngine(databaseOptions(invocation, databaseUrl));
  try {
    const { id, rack, app } = await ask(invocation, call, engine);
    if (options.has(OPTIONS.json))
      shell.stdout.write(`${JSON.stringify({ execution: id, rack, app, queued: true })}\n`);
    else {
      const follow = `follow it with \`gen2 status ${app} --watch\``;
      shell.stdout.write(`${app}: execution ${id} waits for a worker of rack ${rack}; ${follow}\n`);
    }
    return EXIT_CODES.ok;
  } finally {
    await engine.close();
  }
}

async function ask(invocation: Invocation, call: MigrationCall, engine: DbosEngine): Promise<ExecutionView> {
  const { shell, options } = invocation;
  const app = appArgument(invocation);
  const rack = options.get(OPTIONS.rack);
  const until = 'until' in call ? { until: call.until } : {};
  switch (call.kind) {
    case 'start': {
      const settings = { ...(await readSettings(invocation)) };
      const name = rack ?? (await askName(invocation));
      return engine.submit({ rack: name, app, settings, job: { kind: 'start', ...until } });
    }
    case 'resume':
      return engine.request({ rack, app }, { kind: 'resume', ...until }, shell.signal);
    case 'undo':
      return engine.request({ rack, app }, { kind: 'undo', direction: call.direction }, shell.signal);
  }
}

/** The rack's own name: executions are kept under it. */
async function askName(invocation: Invocation): Promise<string> {
  const rack = await openRack(invocation, { readOnly: true });
  try {
    return (await rack.system.get(invocation.shell.signal)).name;
  } finally {
    rack.close();
  }
}
