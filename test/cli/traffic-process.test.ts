import { describe, expect, test } from 'vitest';
import { startTrafficProcess } from '../../src/cli/rehearsal/traffic-process.ts';
import { SHOP_TARGETS } from '../../src/cli/rehearsal/targets.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';

/** The sources are TypeScript. */
const runtime = { execArgv: ['--import', import.meta.resolve('tsx')] };

describe('the process that sends the traffic', () => {
  test('asks for every target, tells failures under the step it was told, and ends with its report', async () => {
    const sandbox = await startSandbox({ scale: 60 });
    const { scale, startMs, realStartMs } = sandbox.world.clock;
    const { publicDns, vpcDns, ports, caPem } = sandbox.endpoints;
    const nowhere = { host: 'nowhere.example.com', scheme: 'http', path: '/', view: 'public', app: 'shop' } as const;
    const traffic = startTrafficProcess(
      {
        endpoints: { publicDns, vpcDns, ports, caPem },
        clock: { scale, startMs, realStartMs },
        ratePerSecond: 100,
        targets: [...SHOP_TARGETS, nowhere],
      },
      runtime,
    );
    traffic.mark('some step');

    let seen = await traffic.snapshot();
    while (seen.sent < 100) seen = await traffic.snapshot();
    const report = await traffic.stop();
    await sandbox.close();

    expect(Object.keys(report.byHost).toSorted()).toEqual([
      'api.corp.example.com',
      'nowhere.example.com',
      'shop.example.com',
      'www.shop.example.com',
    ]);
    expect(report.failureGroups).toMatchObject([{ step: 'some step', cause: 'dns', hosts: ['nowhere.example.com'] }]);
    await expect(traffic.snapshot()).rejects.toThrow('has ended');
  });
});
