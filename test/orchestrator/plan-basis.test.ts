import { describe, expect, test } from 'vitest';
import { assertAsPlanned, basisOf, driftOf } from '../../src/orchestrator/plan-basis.ts';
import { ASSESSMENT, PLAN } from '../cli/support/plans.ts';

const BASIS = basisOf(ASSESSMENT, PLAN.findings);

describe('what a plan rests on', () => {
  test('is told in words and has no drift against itself', () => {
    expect(BASIS).toMatchObject({
      'rack version': '20171213132441',
      'active release': 'RABC',
      'environment variable A': 'set',
      'certificate of web': 'mail to admin@example.com',
      'blocker app-locked': 'app shop is locked',
    });
    expect(driftOf(BASIS, basisOf(ASSESSMENT, PLAN.findings))).toEqual([]);
  });

  const record = {
    ...{ name: 'www.example.com', type: 'CNAME', zoneId: 'Z1', zoneName: 'example.com', view: 'public' as const },
    ...{ service: 'web', ttlSeconds: 300, isAlias: false, says: 'CNAME old.elb, TTL 300' },
  };
  const { old, rack, manifest } = ASSESSMENT;

  test.each([
    [{ rack: { ...rack, version: '20180901000000' } }, 'rack version was 20171213132441, is 20180901000000'],
    [{ old: { ...old, release: 'RXYZ' } }, 'active release was RABC, is RXYZ'],
    [{ old: { ...old, environmentNames: ['A', 'B'] } }, 'environment variable B is new'],
    [{ old: { ...old, environmentNames: [] } }, 'environment variable A is gone'],
    [{ old: { ...old, environmentFingerprint: 'f'.repeat(64) } }, 'values of the environment changed'],
    [{ manifest: { ...manifest, fingerprint: 'f'.repeat(64) } }, 'docker-compose.yml changed'],
    [{ manifest: { ...manifest, text: 'services: {web: {}}' } }, 'convox.yml that will be deployed changed'],
    [{ records: [record] }, 'record www.example.com CNAME in example.com (public) is new: CNAME old.elb, TTL 300'],
    [{ destroys: ['app shop'] }, 'destroyed by commit: classic ELB shop-web is gone'],
  ])('a change of %o is told as it is', (change, says) => {
    expect(driftOf(BASIS, basisOf({ ...ASSESSMENT, ...change }, PLAN.findings))).toEqual([says]);
  });

  test('a finding that was not there when the plan was agreed to is a drift', () => {
    const finding = { code: 'http-redirect', severity: 'warning', message: 'http:// redirects', hint: '' } as const;

    expect(driftOf(BASIS, basisOf(ASSESSMENT, [...PLAN.findings, finding]))).toEqual([
      'warning http-redirect is new: http:// redirects',
    ]);
  });

  test('all changes are refused at once', () => {
    const now = basisOf({ ...ASSESSMENT, rack: { ...rack, version: '20180901000000' }, destroys: [] }, PLAN.findings);

    expect(() => assertAsPlanned('shop', { basis: BASIS, fingerprint: '', madeAt: 0 }, now)).toThrow(
      expect.objectContaining({
        code: 'PLAN_DRIFTED',
        message: expect.stringMatching(
          /^shop is not what its plan saw: rack version .*; .*ELB shop-web is gone/,
        ) as string,
        details: { changes: expect.arrayContaining(['destroyed by commit: app shop is gone']) as unknown },
      }),
    );
  });
});
