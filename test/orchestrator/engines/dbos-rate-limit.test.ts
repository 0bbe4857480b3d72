import { expect, onTestFinished, test } from 'vitest';
import { DbosEngine } from '../../../src/orchestrator/engines/dbos/dbos-engine.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { startPglite } from './dbos-database.ts';

const RATE = { name: 'route53', perSecond: 50, burst: 5 };
const never = new AbortController().signal;

async function machines(count: number): Promise<readonly DbosEngine[]> {
  const database = await startPglite();
  const engines = Array.from({ length: count }, () => {
    return new DbosEngine({ databaseUrl: database.url, clock: systemClock, pid: process.pid });
  });
  onTestFinished(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    await database.close();
  });
  for (const engine of engines) await engine.database();
  return engines;
}

test('the rate of AWS requests holds over all machines together, not for each', async () => {
  const limits = (await machines(2)).map((engine) => engine.rateLimit(RATE));
  await Promise.all(limits.map((limit) => limit.take(never))); // connects
  const startedAt = performance.now();

  await Promise.all(Array.from({ length: 50 }, (_, index) => limits[index % 2]!.take(never)));

  // 50 after a burst of 5 are 45 times 20 ms; each machine for itself would need 400 ms. Two are left for timers.
  expect(performance.now() - startedAt).toBeGreaterThan(43 * 20);
});

test('who waits for his turn can be stopped', async () => {
  const [engine] = await machines(1);
  const limit = engine!.rateLimit({ name: 'slow', perSecond: 0.001, burst: 1 });
  await limit.take(never);
  const stop = new AbortController();

  const second = limit.take(stop.signal);
  stop.abort(new Error('stopped'));

  await expect(second).rejects.toThrow('stopped');
});
