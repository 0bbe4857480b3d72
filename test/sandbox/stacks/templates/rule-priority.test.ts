import { expect, test } from 'vitest';

import { rulePriority, type RuleKind } from '../../../../src/sandbox/stacks/templates/rule-priority.ts';

const domain = (name: string, index = 0): RuleKind => ({ type: 'domain', domain: name, index });

// Checked with two independent implementations of convox/rack provider/aws/template.go.
test.each([
  ['20171213132441', 'shop', { type: 'default' } as const, 2369],
  ['20171213132441', 'shop', domain('shop.example.com'), 18392],
  ['20171213132441', 'shop', domain('*.example.com'), 28413],
  ['20171213132441', 'shop-g2', domain('shop.example.com'), 9713],
  ['20260421192651', 'shop', { type: 'default' } as const, 13481],
  ['20260421192651', 'shop', { type: 'internal' } as const, 12866],
  ['20260421192651', 'shop', domain('shop.example.com'), 17524],
  ['20260421192651', 'shop', domain('www.example.com', 1), 6996],
  ['20260421192651', 'shop', domain('*.example.com'), 31109],
  ['20260421192651', 'shop-g2', domain('shop.example.com'), 18629],
])('rack %s gives app %s and %o the priority %i', (rackVersion, app, kind, priority) => {
  expect(rulePriority({ app, service: 'web', rackVersion }, kind)).toBe(priority);
});

test('before 2018-03 two services of an app claim the same number for one domain, afterwards not', () => {
  const kind = domain('shop.example.com');
  const of = (service: string, rackVersion: string): number =>
    rulePriority({ app: 'shop', service, rackVersion }, kind);

  expect(of('web', '20180305000000')).toBe(of('api', '20180305000000'));
  expect(of('web', '20180306214116')).not.toBe(of('api', '20180306214116'));
  expect(of('web', '20180306214116')).not.toBe(of('web', '20180415180827'));
});
