// A worker in a process of its own, to be killed. Says `ready`, then each of its events as a line of JSON.
import { openSync } from 'node:fs';
import { exportFolder } from '../../dist/connect/folders.js';
import { DbosEngine } from '../../dist/orchestrator/engines/dbos/dbos-engine.js';
import { driveMigration } from '../../dist/orchestrator/engines/dbos/drive-migration.js';
import { runWorker } from '../../dist/orchestrator/engines/dbos/worker.js';
import { connectChild, countingClock, orders } from './connection.mjs';

const { rack, databaseUrl, state, killAtWrite, dead } = orders;
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const connection = await connectChild();
const { ports } = connection;
const clock = countingClock((writes) => {
  if (writes === killAtWrite && isFirst()) process.kill(process.pid, 'SIGKILL');
});
/** Of the two workers one dies: the first to come here. */
function isFirst() {
  try {
    openSync(dead, 'wx');
    return true;
  } catch {
    return false;
  }
}
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const engine = new DbosEngine({
  ...{ databaseUrl, clock, pid: process.pid },
  approver: () => Promise.resolve({ approved: true, by: 'kill test' }),
});
const exportTo = (execution) => exportFolder(`${state}/export-${execution}`);
process.stdout.write('ready\n');
await runWorker(
  {
    ...{ engine, racks: [rack], onEvent: say },
    drive: (item, signal) => driveMigration(item, { ports, exportTo }, signal),
  },
  stop.signal,
);
say({ writes: clock.writes() });
await engine.close();
connection.close();
