import { describe, expect, it } from 'vitest';
import { rulePriority, type RuleSubject } from '../../src/aws/rule-priority.ts';

const CLASSIC = '20171213132441';
const HEAD = '20260421192651';
const shop = (index: number): RuleSubject => ({ kind: 'domain', domain: 'shop.example.com', index });

describe('rulePriority', () => {
  it.each([
    ['default rule of shop/web', 'shop', { kind: 'default' }, 2369, 13481],
    ['first domain', 'shop', shop(0), 18392, 17524],
    ['wildcard domain, in the upper tier', 'shop', { kind: 'domain', domain: '*.example.com', index: 0 }, 28413, 31109],
    ['same domain of another app', 'shop-g2', shop(0), 9713, 18629],
  ] as const)('gives the number the rack gives: %s', (_, app, rule, classic, head) => {
    expect(rulePriority({ version: CLASSIC, app, service: 'web', rule })).toBe(classic);
    expect(rulePriority({ version: HEAD, app, service: 'web', rule })).toBe(head);
  });

  it('gives the .convox rule and a second domain the numbers of the newest racks', () => {
    const head = (rule: RuleSubject): number => rulePriority({ version: HEAD, app: 'shop', service: 'web', rule });

    expect(head({ kind: 'internal' })).toBe(12866);
    expect(head({ kind: 'domain', domain: 'www.example.com', index: 1 })).toBe(6996);
  });

  it('leaves the service out of a domain rule before 20180306214116, so two services of an app clash (convox/rack#2476)', () => {
    const at = (version: string, service: string): number =>
      rulePriority({ version, app: 'shop', service, rule: shop(0) });

    expect(at('20180305232446', 'web')).toBe(at('20180305232446', 'api'));
    expect(at('20180306214116', 'web')).not.toBe(at('20180306214116', 'api'));
  });

  it('changes the hashed text at each version that changed it', () => {
    const versions = ['20180305232446', '20180306214116', '20180415180827', '20180808194846'];

    const numbers = versions.map((version) => rulePriority({ version, app: 'shop', service: 'web', rule: shop(0) }));

    expect(new Set(numbers).size).toBe(4);
  });

  it('refuses a version that is not one', () => {
    expect(() => rulePriority({ version: 'latest', app: 'a', service: 'b', rule: { kind: 'default' } })).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    );
  });
});
