// One run of a migration in a process of its own, to be killed: begins it, or goes on where an earlier run was killed.
// The exit code is 0 when the migration succeeded.
import { exportFolder } from '../../dist/connect/folders.js';
import { LocalEngine } from '../../dist/orchestrator/engines/local/local-engine.js';
import { resumeMigration, startMigration } from '../../dist/orchestrator/migrate.js';
import { connectChild, countingClock, orders } from './connection.mjs';

const { state, sourceFolder, killAtWrite } = orders;
const signal = new AbortController().signal;
const connection = await connectChild();
const clock = countingClock((writes) => {
  if (writes === killAtWrite) process.kill(process.pid, 'SIGKILL');
});
const exists = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const engine = new LocalEngine({
  ...{ state, clock, process: { pid: process.pid, exists } },
  approver: () => Promise.resolve({ approved: true, by: 'kill test' }),
});
const request = {
  ...{ ports: connection.ports, engine },
  exportTo: (execution) => exportFolder(`${state}/export-${execution}`),
};
try {
  const [newest] = await engine.list({ app: 'shop' });
  const result =
    newest === undefined
      ? await startMigration({ ...request, settings: { app: 'shop', sourceFolder } }, signal)
      : newest.outcome === undefined
        ? await resumeMigration({ ...request, filter: { app: 'shop' } }, signal)
        : newest;
  process.stdout.write(`${JSON.stringify({ outcome: result.outcome, writes: clock.writes() })}\n`);
  process.exitCode = result.outcome === 'succeeded' ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error.code ?? ''} ${error.stack}\n`);
  process.exitCode = 2;
} finally {
  connection.close();
}
