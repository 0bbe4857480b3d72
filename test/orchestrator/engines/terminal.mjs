// A terminal in a process of its own, to start a migration at the same moment as another one does. Over its channel it is
// told `{ start: app }`, says `{ runs: id }` or `{ code, message }`, and lets go of what it has on `{ release: true }`.
import { DbosEngine } from '../../../dist/orchestrator/engines/dbos/dbos-engine.js';
import { LocalEngine } from '../../../dist/orchestrator/engines/local/local-engine.js';
import { systemClock } from '../../../dist/time/clock.js';

const { state, databaseUrl } = JSON.parse(process.env['GEN2_TERMINAL'] ?? '{}');
const signal = new AbortController().signal;
const exists = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const self = { clock: systemClock, pid: process.pid };
const dbos = databaseUrl === undefined ? undefined : new DbosEngine({ ...self, databaseUrl });
const local = new LocalEngine({ state, clock: systemClock, process: { pid: process.pid, exists } });
let held;

/** As `gen2 migrate` does: here, or left to the workers when the state is a database. */
async function start(app) {
  const request = { rack: 'convox', app, settings: { app } };
  if (dbos !== undefined) return (await dbos.submit({ ...request, job: { kind: 'start' } })).id;
  held = await local.begin(request, signal);
  return held.id;
}

process.on('message', ({ start: app, release }) => {
  if (release) {
    void Promise.resolve(held?.release()).then(() => process.send({ released: true }));
    held = undefined;
    return;
  }
  start(app).then(
    (runs) => process.send({ runs }),
    ({ code, message }) => process.send({ code, message }),
  );
});
process.on('disconnect', () => void dbos?.close());
await dbos?.list({}); // its connections are there before the race
process.send({ ready: true });
