import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { expect, onTestFinished, test } from 'vitest';
import { chaosClockJumps } from '../../../src/sandbox/scenario/chaos.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { scaledClock } from '../../../src/time/clock.ts';

async function sandbox(options: SandboxOptions): Promise<Sandbox> {
  const started = await startSandbox({ scenario: 'empty', ...options });
  onTestFinished(() => started.close());
  return started;
}

/** Asks without trying again. */
function cloudFormation({ endpoints, world: { settings } }: Sandbox) {
  const { accessKeyId, secretAccessKey, region, rackName } = settings;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new CloudFormationClient({ endpoint: endpoints.awsUrl, region, maxAttempts: 1, credentials });
  onTestFinished(() => client.destroy());
  return async (name = rackName): Promise<string | undefined> =>
    (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0]?.StackStatus;
}

test('by a seed, faults of every kind strike clients that do nothing but ask', async () => {
  const started = await sandbox({ chaos: 5, scale: 600 });
  const status = cloudFormation(started);
  const kinds = ['throttle', 'error', 'reset', 'delay', 'stale', 'restart'];

  const missing = async (): Promise<readonly string[]> => {
    const asked = Array.from({ length: 10 }, () => [status(), fetch(`${started.rack.url}/system`)]);
    await Promise.allSettled(asked.flat());
    return kinds.filter((kind) => started.world.counters.total('chaos', kind) === 0);
  };

  await expect.poll(missing, { timeout: 60_000, interval: 20 }).toEqual([]);
}, 90_000);

test('a copy of the data that lags tells of a stack as it was, even that there is none', async () => {
  const started = await sandbox({});
  const { world } = started;
  const status = cloudFormation(started);
  world.faults.keepPastAnswers();
  const rackStatus = await status();
  await expect(status('convox-nothing')).rejects.toThrow('does not exist');
  const asOfMs = world.clock.now();
  const authorization = `Basic ${Buffer.from(`convox:${world.settings.rackPassword}`).toString('base64')}`;
  const body = new URLSearchParams({ name: 'nothing', generation: '2' });
  expect((await fetch(`${started.rack.url}/apps`, { method: 'POST', headers: { authorization }, body })).status).toBe(
    200,
  );
  const rack = world.cloudFormation.find(world.settings.rackName);
  if (rack !== undefined) rack.status = 'UPDATE_IN_PROGRESS';

  const end = world.faults.add(() => ({ type: 'stale', asOfMs }));
  await expect(status('convox-nothing')).rejects.toThrow('does not exist');
  expect(await status()).toBe(rackStatus);

  end();
  expect(await status('convox-nothing')).toMatch(/^CREATE_/);
  expect(await status()).toBe('UPDATE_IN_PROGRESS');
});

test.each(['rack', 'aws'] as const)('%s restarts: away for a while, then there with what it had', async (which) => {
  const started = await sandbox({ scale: 60 });
  const status = cloudFormation(started);
  const ask = which === 'rack' ? () => fetch(`${started.rack.url}/check`).then(({ status: code }) => code) : status;
  const before = await ask();

  (which === 'rack' ? started.rack : started.aws).restart(20_000);

  await expect(ask()).rejects.toThrow();
  await expect.poll(() => ask().catch(() => 'away'), { timeout: 20_000 }).toBe(before);
});

test('the clock of gen2 is set by the seed, the same in every process; the sandbox keeps its own time', async () => {
  const jumps = chaosClockJumps(3);
  const started = await sandbox({ chaos: 3, scale: 600 });

  expect(started.clock.jumps).toEqual(jumps);
  expect(JSON.parse(started.env['GEN2_SANDBOX'] ?? '{}')).toMatchObject({ jumps });
  const clock = scaledClock({ scale: 1, startMs: 0, realStartMs: Date.now() - 5 * 3_600_000, jumps });
  const off = clock.now() - 5 * 3_600_000;
  expect(Math.abs(off - jumps.reduce((sum, { byMs }) => sum + byMs, 0))).toBeLessThan(60_000);
  expect(started.world.clock.now() - started.clock.startMs).toBeLessThan(5 * 3_600_000);
});
