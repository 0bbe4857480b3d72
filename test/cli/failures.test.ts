import { describe, expect, test } from 'vitest';
import { failuresByStep } from '../../src/cli/rehearsal/failures.ts';
import { TrafficLedger } from '../../src/sandbox/network/traffic/traffic-report.ts';
import { SHOP_TARGETS } from '../../src/cli/rehearsal/targets.ts';
import { START } from './support/events.ts';

const [target] = SHOP_TARGETS;

function ledger(failures: readonly { seconds: number; step?: string; cause: string; detail?: string }[]) {
  const kept = new TrafficLedger(60_000);
  for (const { seconds, step, cause, detail = 'balancer' } of failures) {
    if (target === undefined) throw new Error('the shop has no targets');
    const where = { host: target.host, scheme: target.scheme, client: 'keep-alive' };
    kept.failed(target, { atMs: START + seconds * 1000, step, cause, detail, ...where });
  }
  return kept.report({ inFlight: 0, repeated: 0, lagMs: 0 });
}

describe('failed requests', () => {
  test('are told by step and cause, with the first and the last moment, in the order in which they began', () => {
    const report = ledger([
      { seconds: 90, step: 'deploy', cause: 'status 502' },
      { seconds: 60, step: 'deploy', cause: 'status 503' },
      { seconds: 75, step: 'deploy', cause: 'status 503' },
      { seconds: 120, step: 'delete', cause: 'status 503' },
    ]);

    const told = failuresByStep(report, START);

    expect(told.map(({ step, cause, count, fromMs, toMs }) => [step, cause, count, fromMs, toMs])).toEqual([
      ['deploy', 'status 503', 2, 60_000, 75_000],
      ['deploy', 'status 502', 1, 90_000, 90_000],
      ['delete', 'status 503', 1, 120_000, 120_000],
    ]);
    expect(told[0]?.hosts).toEqual(['shop.example.com']);
  });

  test.each([
    ['status 503', 'balancer', 'target group without a target'],
    ['status 502', 'balancer', 'target that refused'],
    ['status 502', 'shop', 'service behind it'],
    ['status 500', 'shop', 'the app itself answered so: shop'],
    ['status 404', 'balancer', 'default action'],
    ['connect', 'ECONNREFUSED', 'nothing listens there'],
    ['tls', 'ERR_TLS_CERT_ALTNAME_INVALID', 'no certificate for the name'],
    ['wrong app', 'other', 'another app answered: other'],
    ['other', 'something new', 'something new'],
  ])('%s (%s) is explained: %s', (cause, detail, why) => {
    const [told] = failuresByStep(ledger([{ seconds: 1, cause, detail }]), START);

    expect(told?.why).toContain(why);
    expect(told?.step).toBe('before or after the migration');
  });
});
