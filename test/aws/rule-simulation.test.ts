import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findQuotaShortages } from '../../src/aws/balancer-quotas.ts';
import {
  findAmbiguousNames,
  findPriorityCollisions,
  hostMatches,
  simulateRules,
  winnerOfHost,
  type PlacedRule,
  type SimulateRulesOptions,
} from '../../src/aws/rule-simulation.ts';

const CLASSIC = '20171213132441';
const HEAD = '20260421192651';
const shop: SimulateRulesOptions = {
  version: HEAD,
  rackName: 'convox',
  app: 'shop',
  services: [{ name: 'web', domains: ['shop.example.com', 'www.example.com'], isInternal: false }],
  routerHost: 'router.us-east-1.convox.site',
  routerInternalHost: 'inner.us-east-1.convox.site',
};

function placed(priority: number, host: string, app?: string): PlacedRule {
  return {
    balancer: 'public',
    port: 443,
    arn: `rule-${priority}`,
    priority,
    hosts: [host],
    action: { type: 'forward', targetGroupArns: [] },
    ...(app === undefined ? {} : { owner: { app } }),
  };
}

describe('simulateRules', () => {
  it.each([
    [CLASSIC, {}, 2 + 2 * 2],
    ['20180106174952', {}, 4 + 2 * 2],
    ['20190103234204', {}, 2 + 2],
    ['20190103234204', { redirectsHttp: false }, 4 + 2 * 2],
    [HEAD, {}, 2 + 2],
    [HEAD, { hasInternalDomains: false }, 2],
  ])('counts the rules of a service with two domains on %s %o', (version, parameters, count) => {
    expect(simulateRules({ ...shop, version, ...parameters })).toHaveLength(count);
  });

  it('puts an internal service on the internal balancer, under its host', () => {
    const services = [{ name: 'api', domains: [], isInternal: true }];

    const rules = simulateRules({ ...shop, services });

    expect(rules.map(({ balancer, host }) => `${balancer} ${host}`)).toEqual([
      'internal shop-api.inner.us-east-1.convox.site',
      'internal api.shop.convox.convox',
    ]);
  });

  it('puts an internal-and-external service on both balancers', () => {
    const services = [{ name: 'api', domains: ['api.example.com'], isInternal: false, isInternalAndExternal: true }];

    const rules = simulateRules({ ...shop, services });

    expect(rules.filter(({ balancer }) => balancer === 'public').map(({ subject }) => subject.kind)).toEqual([
      'default-external',
      'domain-external',
    ]);
  });

  it('gives a service without a port no rules', () => {
    expect(
      simulateRules({ ...shop, services: [{ name: 'worker', domains: [], isInternal: false, hasPort: false }] }),
    ).toEqual([]);
  });
});

describe('findPriorityCollisions', () => {
  it('finds a number that another app has taken on the same listener', () => {
    const rules = simulateRules(shop);

    const collisions = findPriorityCollisions(rules, [placed(17524, 'other.example.com', 'blog')]);

    expect(collisions).toMatchObject([{ port: 443, priority: 17524, rule: { host: 'shop.example.com' } }]);
  });

  it('takes neither another port nor the app’s own rule for a clash', () => {
    const rules = simulateRules(shop);

    const existing = [{ ...placed(17524, 'x.example.com'), port: 80 }, placed(17524, 'Shop.example.com', 'shop')];

    expect(findPriorityCollisions(rules, existing)).toEqual([]);
  });

  it('finds two services of one app with one domain on old racks', () => {
    const domains = ['shop.example.com'];
    const services = ['web', 'api'].map((name) => ({ name, domains, isInternal: false }));

    const collisions = findPriorityCollisions(simulateRules({ ...shop, version: CLASSIC, services }), []);

    expect(collisions.map(({ port }) => port)).toEqual([80, 443]);
  });
});

describe('two apps with a rule for the same host', () => {
  const winner = (version: string): string | undefined => {
    const rules = ['shop', 'shop-g2'].flatMap((app) => simulateRules({ ...shop, version, app }));
    return winnerOfHost(
      rules.map((rule) => ({ ...rule, hosts: [rule.host] })),
      'shop.example.com',
    )?.app;
  };

  it('have an arbitrary but computable winner: the temporary app at 20171213132441, the final one at the newest', () => {
    expect(winner(CLASSIC)).toBe('shop-g2');
    expect(winner(HEAD)).toBe('shop');
  });
});

describe('hostMatches', () => {
  it.each([
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['shop?.example.com', 'shop1.example.com', true],
    ['Shop.Example.com', 'shop.example.COM', true],
    ['shop.example.com', 'shopXexample.com', false],
  ])('%s matches %s: %s', (pattern, host, expected) => {
    expect(hostMatches(pattern, host)).toBe(expected);
  });

  it('matches every host with itself', () => {
    fc.assert(fc.property(fc.domain(), (host) => hostMatches(host, host)));
  });
});

describe('findAmbiguousNames', () => {
  it('finds names that two apps would write the same way', () => {
    const app = { name: 'a', services: ['b-c', 'web'] };

    expect(findAmbiguousNames(app, { name: 'a-b', services: ['c', 'web'] })).toEqual(['a-b-c']);
    expect(findAmbiguousNames(app, { name: 'a-g2', services: ['b-c', 'web'] })).toEqual([]);
  });
});

describe('findQuotaShortages', () => {
  it('tells which quota of a balancer two apps together would pass', () => {
    const quotas = { rules: 100, certificates: 25, targetGroups: 100 };
    const current = { rules: 97, certificates: 24, targetGroups: 10 };

    const shortages = findQuotaShortages(quotas, current, { rules: 4, certificates: 1, targetGroups: 1 });

    expect(shortages).toEqual([{ quota: 'rules', limit: 100, current: 97, additional: 4 }]);
  });
});
