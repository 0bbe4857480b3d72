// A worker in a process of its own, to be killed or frozen. Takes its orders as JSON in GEN2_DBOS_WORKER; says `ready`.
import { DbosEngine } from '../../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { runWorker, type Drive } from '../../../src/orchestrator/engines/dbos/worker.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { query, type WorkerOrders } from './dbos-database.ts';

// Written by `startWorker`.
const orders = JSON.parse(process.env['GEN2_DBOS_WORKER'] ?? '{}') as WorkerOrders;
const { databaseUrl, leaseMs, perRack, name } = orders;
const engine = new DbosEngine({ databaseUrl, leaseMs, clock: systemClock, pid: process.pid });
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

/** Leaves a row for each time it happens; what is done twice is seen. */
async function effect(app: string, step: string): Promise<void> {
  await query(
    databaseUrl,
    `insert into effect (app, step, worker, is_end) values ('${app}', '${step}', '${name}', false)`,
  );
  await systemClock.sleep(orders.stepMs, new AbortController().signal);
  await query(
    databaseUrl,
    `insert into effect (app, step, worker, is_end) values ('${app}', '${step}', '${name}', true)`,
  );
}

const drive: Drive = async ({ engine: held, rack, app, settings, job }, signal) => {
  const execution = await held.begin({ rack, app, settings }, signal);
  if (job.kind === 'undo') {
    await execution.turn(job.direction, 'asked for');
    await execution.step('undo', () => effect(app, 'undo'));
    await execution.finish(job.direction === 'abort' ? 'aborted' : 'rolled-back');
    return;
  }
  await execution.step('assess', () => Promise.resolve({ seen: true }));
  for (let step = 1; step <= orders.steps; step += 1) {
    // Told beside the step, as the procedure does it.
    const told = execution.announce({ type: 'said', step: `step-${step}`, message: name, at: systemClock.now() });
    await Promise.all([execution.step(`step-${step}`, () => effect(app, `step-${step}`)), told]);
  }
  if (settings['gate'] === true) await execution.gate('go', { title: 'Go on', shows: ['everything'] });
  await execution.finish('succeeded');
};

process.stdout.write('ready\n');
await runWorker(
  {
    engine,
    drive,
    perRack,
    racks: ['convox', 'other'],
    onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  },
  stop.signal,
);
await engine.close();
