import axios from 'axios';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { parseSandboxAccess } from '../../src/cli/sandbox-access.ts';
import { RackClient } from '../../src/convox-api/rack-client.ts';
import { scaledClock } from '../../src/time/clock.ts';
import { temporaryFolder } from '../cli/support/folders.ts';
import { spawnGen2 } from '../cli/support/spawn-gen2.ts';
import { growthMb, usedMemoryMb } from '../support/used-memory.ts';

const TOTAL = 100_000;
const BATCH = 2_000;
const FILLING = 'x'.repeat(400);
const VERSIONS = ['20171213132441', '20260421192651'];

/** A sandbox in a process of its own, so that the memory of this one is the client's alone. */
async function startSandboxProcess(rackVersion: string) {
  // What the overlap of a reconnection needs is remembered, 15 s of simulated time: here but few of the lines at once.
  const argv = ['sandbox', '--json', '--scale', '100', '--rack-version', rackVersion];
  const sandbox = spawnGen2(argv, { env: {}, cwd: await temporaryFolder() });
  await sandbox.says(/"ready":true.*\n/);
  onTestFinished(async () => {
    sandbox.child.kill('SIGTERM');
    await sandbox.ended;
  });
  const { env } = z.object({ env: z.record(z.string(), z.string()) }).parse(JSON.parse(sandbox.said().stdout));
  const access = parseSandboxAccess(env['GEN2_SANDBOX'] ?? '');
  const control = axios.create({ baseURL: access.controlUrl ?? '' });
  const rack = new RackClient({
    url: env['CONVOX_HOST'] ?? '',
    password: env['CONVOX_PASSWORD'] ?? '',
    clock: scaledClock(access),
  });
  return { control, rack };
}

type Process = Awaited<ReturnType<typeof startSandboxProcess>>;

/** Writes all lines into the app's log, and cuts every stream a third and two thirds of the way. */
async function writeLines(sandbox: Process): Promise<void> {
  const { control } = sandbox;
  const cutsAt = new Set([1 / 3, 2 / 3].map((share) => Math.floor((TOTAL * share) / BATCH) * BATCH));
  for (let from = 0; from < TOTAL; from += BATCH) {
    const lines = Array.from({ length: BATCH }, (_, index) => `${FILLING} line ${from + index}`);
    await control.post('/sandbox/logs', { app: 'shop', lines });
    if (!cutsAt.has(from)) continue;
    while ((await openStreams(sandbox)) === 0);
    await control.post('/sandbox/drop-streams');
  }
}

async function openStreams({ control }: Process): Promise<number> {
  const { data } = await control.get<unknown>('/sandbox/streams');
  return z.object({ open: z.int() }).parse(data).open;
}

async function connectionsMade({ control }: Process): Promise<number> {
  const { data } = await control.get<unknown>('/sandbox/counters');
  return z.record(z.string(), z.int()).parse(data)['rack logs.app'] ?? 0;
}

test.each(VERSIONS)(
  '100,000 lines of a rack of %s pass through dropped connections with flat memory, none lost and none twice',
  async (version) => {
    const sandbox = await startSandboxProcess(version);
    const usedMb: number[] = [];
    const wrong: string[] = [];
    let next = 0;

    const written = writeLines(sandbox);
    for await (const line of sandbox.rack.logs.app('shop', {}, new AbortController().signal)) {
      if (!line.endsWith(` line ${next}`)) {
        wrong.push(`${line.slice(0, 60)}…${line.slice(-20)} where line ${next} should be`);
        break;
      }
      next += 1;
      if (next % (TOTAL / 25) === 0) usedMb.push(usedMemoryMb());
      if (next === TOTAL) break;
    }
    await written;

    expect(wrong).toEqual([]);
    expect(next).toBe(TOTAL);
    expect(await connectionsMade(sandbox)).toBeGreaterThanOrEqual(3);
    // 42 MB have passed; what is in use at the end is what was there in the first fifth.
    expect(growthMb(usedMb)).toBeLessThan(10);
  },
  120_000,
);

test.each(VERSIONS)('an abort closes the socket at a rack of %s within 100 ms', async (version) => {
  const sandbox = await startSandboxProcess(version);
  const tookMs: number[] = [];

  // The best of three, since the machine may be busy with other things.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const controller = new AbortController();
    const lines = sandbox.rack.logs.app('shop', { sinceMs: 3_600_000 }, controller.signal)[Symbol.asyncIterator]();
    await sandbox.control.post('/sandbox/logs', { app: 'shop', lines: ['one'] });
    await lines.next();
    expect(await openStreams(sandbox)).toBe(1);
    const abortedAt = performance.now();
    controller.abort();
    while ((await openStreams(sandbox)) > 0);
    tookMs.push(performance.now() - abortedAt);
    await expect(lines.next()).rejects.toMatchObject({ code: 'STOPPED' });
  }

  expect(Math.min(...tookMs)).toBeLessThan(100);
});
