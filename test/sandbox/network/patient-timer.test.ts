import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { afterRunning } from '../../../src/sandbox/network/patient-timer.ts';

describe('a patient timer', () => {
  it('is not over because the process stood still', async () => {
    let calls = 0;
    const done = new Promise<void>((resolve) => {
      afterRunning(200, () => {
        calls += 1;
        resolve();
      });
    });

    const stallsUntil = performance.now() + 600;
    while (performance.now() < stallsUntil);
    await new Promise((resolve) => setImmediate(resolve));

    expect(calls).toBe(0);
    await done;
    expect(calls).toBe(1);
  });

  it('can be cancelled at any time', async () => {
    let calls = 0;
    const cancels = [20, 40].map((ms) => afterRunning(ms, () => (calls += 1)));
    cancels[0]?.();
    await sleep(12);
    cancels[1]?.();

    await sleep(80);

    expect(calls).toBe(0);
  });
});
