import { expect, test } from 'vitest';
import { checkClock } from '../../src/aws/clock.ts';
import { createAwsClients } from '../../src/aws/clients.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { assertSameTime } from '../../src/time/same-time.ts';

const signal = new AbortController().signal;

test('the clock is compared with the date of an answer of AWS; ten minutes off is refused, with the direction', async () => {
  const sandbox = await startSandbox({ scenario: 'empty' });
  const { accessKeyId, secretAccessKey, region } = sandbox.world.settings;
  const clients = createAwsClients({
    region,
    endpoint: sandbox.endpoints.awsUrl,
    credentials: { accessKeyId, secretAccessKey },
    readOnly: true,
  });
  const off = (ms: number) => checkClock({ clients, clock: { now: () => Date.now() + ms } }, signal);

  expect(Math.abs(await off(0))).toBeLessThan(30_000);
  await expect(off(600_000)).rejects.toMatchObject({
    code: 'CLOCK_SKEW',
    message: expect.stringMatching(/ahead of that of AWS$/) as string,
  });
  await expect(off(-600_000)).rejects.toMatchObject({ message: expect.stringContaining('behind') as string });

  clients.destroy();
  await sandbox.close();
});

test('a difference that a slow request makes is none', () => {
  expect(assertSameTime('AWS', { serverMs: 1_000_000, ownMs: 1_029_000 })).toBe(29_000);
});
