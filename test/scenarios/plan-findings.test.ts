/** What a plan finds in the world besides blockers, and where it is shown. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planMarkdown } from '../../src/cli/output/plan-markdown.ts';
import { planText } from '../../src/cli/output/plan-text.ts';
import { styleFor } from '../../src/cli/output/style.ts';
import { planMigration } from '../../src/orchestrator/migrate.ts';
import type { Plan } from '../../src/orchestrator/plan.ts';
import { Written } from '../cli/support/test-shell.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;
const LIMIT_MS = 60_000;

function plan({ readOnly, settings }: ShopMigration): Promise<Plan> {
  return planMigration({ ports: readOnly.ports, settings }, signal);
}

/** The converted manifest as its owner wrote it, without the drain of any service. */
async function writeWithoutDrain(shop: ShopMigration): Promise<void> {
  const { assessment } = await plan(shop);
  const text = (assessment?.manifest.text ?? '').replaceAll(/^ +drain: .*\n/gm, '');
  await writeFile(join(shop.settings.sourceFolder, 'convox.yml'), text);
}

/** The label `convox.draining.timeout` of `web`, as it shows on its balancer. */
function drainFor(shop: ShopMigration, seconds: number): void {
  for (const balancer of shop.sandbox.world.balancing.classic.values())
    if (balancer.name.startsWith('shop-web')) balancer.drainingSeconds = seconds;
}

test.each([
  ['20260421192651', 'Write `drain: 300` at web in convox.yml.'],
  [
    '20171213132441',
    'Rack 20171213132441 always gives 30 s; one from 20181115134335 on takes `drain: 300` (--update-rack).',
  ],
])(
  'on rack %s a convox.yml written by hand is told which service gives requests less time than the old app',
  async (rackVersion, hint) => {
    const shop = await startShopMigration({ scale: 240, rackVersion });
    await writeWithoutDrain(shop);
    drainFor(shop, 300);

    const { findings } = await plan(shop);

    expect(findings.filter(({ code }) => code === 'drain-shorter')).toEqual([
      {
        ...{ code: 'drain-shorter', severity: 'warning', where: 'service web', hint },
        message: expect.stringMatching(
          /^requests of web had 300 s to finish .*; the new app gives them 30 s/,
        ) as string,
      },
      // What generation 1 gives to who asks for nothing.
      expect.objectContaining({ severity: 'info', where: 'service api' }),
    ]);
    await shop.close();
  },
  LIMIT_MS,
);

test(
  'a service that drains as long as before, or longer, is not mentioned',
  async () => {
    const shop = await startShopMigration({ scale: 240, rackVersion: '20260421192651' });
    const { assessment } = await plan(shop);
    await writeFile(join(shop.settings.sourceFolder, 'convox.yml'), assessment?.manifest.text ?? '');
    drainFor(shop, 20);

    const { findings } = await plan(shop);

    expect(assessment?.manifest.text).toContain('drain: 60');
    expect(findings.map(({ code }) => code)).not.toContain('drain-shorter');
    await shop.close();
  },
  LIMIT_MS,
);

test(
  'a record that another program keeps is a finding, in text, JSON and Markdown, and stands at the gate',
  async () => {
    const shop = await startShopMigration({ scale: 240 });
    const zone = [...shop.sandbox.world.route53.zones.values()].find(({ name }) => name === 'example.com.');
    const mark = '"heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/shop"';
    shop.sandbox.world.route53.change(zone?.id ?? '', [
      { action: 'CREATE', recordSet: { name: 'cname-shop.example.com.', type: 'TXT', ttl: 300, values: [mark] } },
    ]);
    const says =
      'shop.example.com is kept by external-dns (TXT record cname-shop.example.com): tell it about the change, or it will be undone';

    const found = await plan(shop);

    expect(found.findings).toContainEqual(
      expect.objectContaining({
        ...{ code: 'dns-record-owned', severity: 'warning', where: 'shop.example.com', message: says },
        hint: expect.stringContaining('before the records are switched') as string,
      }),
    );
    const text = planText(found, { style: styleFor(new Written(), {}), width: 200 });
    expect(text).toContain(`warning dns-record-owned shop.example.com\n    ${says}`);
    expect(planMarkdown(found)).toContain(`| warning | dns-record-owned | shop.example.com | ${says} |`);
    expect(JSON.parse(JSON.stringify(found))).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ code: 'dns-record-owned' })]) as unknown[],
      assessment: { dns: { notices: expect.arrayContaining([says]) as string[] } },
    });
    await shop.close();
  },
  LIMIT_MS,
);
