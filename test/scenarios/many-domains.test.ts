/** Apps with many names, and balancers with little room left: said in the plan, before anything is changed. */
import { expect, onTestFinished, test } from 'vitest';
import { planMigration, startMigration } from '../../src/orchestrator/migrate.ts';
import type { Plan } from '../../src/orchestrator/plan.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

const signal = new AbortController().signal;

function plan({ readOnly, settings }: ShopMigration): Promise<Plan> {
  return planMigration({ ports: readOnly.ports, settings }, signal);
}

/** Gives the shop's public service more names, beside the two it has. */
function addDomains({ sandbox }: ShopMigration, count: number): void {
  const { route53, balancing } = sandbox.world;
  const zone = [...route53.zones.values()].find(({ name }) => name === 'example.com.');
  const web = [...balancing.classic.values()].find(({ name }) => name.startsWith('shop-web'));
  const changes = Array.from({ length: count }, (_, index) => ({
    action: 'CREATE' as const,
    recordSet: { name: `t${index}.shop.example.com.`, type: 'CNAME', ttl: 60, values: [web?.dnsName ?? ''] },
  }));
  route53.change(zone?.id ?? '', changes);
}

/** Puts certificates of other apps on the public balancer until it holds this many. */
function holdCertificates({ sandbox }: ShopMigration, count: number): void {
  const { acm, balancing } = sandbox.world;
  const balancer = [...balancing.loadBalancers.values()].find(({ scheme }) => scheme === 'internet-facing');
  const secure = [...(balancer?.listeners.values() ?? [])].find(({ port }) => port === 443);
  const present = secure?.certificateArns.size ?? 0;
  for (let index = present; index < count; index += 1)
    balancing.addListenerCertificate(secure?.arn ?? '', acm.issueNow([`c${index}.example.net`]).arn);
}

test('an app with ten names on one service is migrated without a word of Node.js about listeners', async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.stack ?? warning.message);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const shop = await startShopMigration({ scale: 120 });
  addDomains(shop, 8);

  const { outcome } = await startMigration({ ...shop.request, settings: shop.settings }, signal);

  expect(outcome).toBe('succeeded');
  expect(warnings).toEqual([]);
  await shop.close();
}, 150_000);

test.each([
  ['20171213132441', 9, 11],
  ['20260421192651', 9, 11],
])('on rack %s a certificate for more than ten names is told of in the plan', async (rackVersion, more, names) => {
  const shop = await startShopMigration({ scale: 240, rackVersion });
  addDomains(shop, more);

  const { findings } = await plan(shop);

  expect(findings.filter(({ code }) => code === 'certificate-problem')).toEqual([
    expect.objectContaining({
      where: 'service web',
      message: `web has ${names} domains, and ACM puts at most 10 names into one certificate, or up to 100 once AWS has raised that quota for the account`,
    }),
  ]);
  await shop.close();
});

test('rules that do not fit on the balancer are told of once, as what they are', async () => {
  const shop = await startShopMigration({ scale: 240 });
  addDomains(shop, 30);
  const before = worldSnapshot(shop.sandbox);

  const { findings } = await plan(shop);

  expect(findings.filter(({ severity }) => severity === 'blocker')).toEqual([
    {
      code: 'balancer-full',
      severity: 'blocker',
      where: 'public balancer',
      message: 'the public balancer has 4 of 100 rules; temporary and final app together need 132 more',
      hint: expect.stringContaining('Service Quotas') as string,
    },
  ]);
  await expect(startMigration({ ...shop.request, settings: shop.settings }, signal)).rejects.toMatchObject({
    code: 'PLAN_BLOCKED',
  });
  expect(worldSnapshot(shop.sandbox)).toEqual(before);
  await shop.close();
});

test.each([
  ['20171213132441', 24, 2],
  ['20260421192651', 25, 1],
])(
  'on rack %s certificates of both apps must fit on the balancer, not only those of the first',
  async (rackVersion, present, needed) => {
    const shop = await startShopMigration({ scale: 240, rackVersion });
    holdCertificates(shop, present - 1);
    const fits = await plan(shop);
    holdCertificates(shop, present);

    const { findings } = await plan(shop);

    expect(fits.findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
    expect(findings.filter(({ severity }) => severity === 'blocker')).toEqual([
      expect.objectContaining({
        code: 'balancer-full',
        message: `the public balancer has ${present} of 25 certificates; temporary and final app together need ${needed} more`,
      }),
    ]);
    await shop.close();
  },
);
