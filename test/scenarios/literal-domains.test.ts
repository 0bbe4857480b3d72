import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planMigration, startMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';
import { startShopTraffic } from '../support/shop-traffic.ts';

const signal = new AbortController().signal;

/** What a careful owner wrote beforehand: the converted manifest with the names themselves. */
async function writeManifest(shop: ShopMigration, web: string): Promise<string> {
  const { assessment } = await planMigration({ ports: shop.readOnly.ports, settings: shop.settings }, signal);
  const text = (assessment?.manifest.text ?? '')
    .replace('domain: ${DOMAINS_WEB}', web)
    .replace('domain: ${DOMAINS_API}', 'domain: [api.corp.example.com]');
  await writeFile(join(shop.settings.sourceFolder, 'convox.yml'), text);
  return text;
}

test.each(['20171213132441', '20260421192651'])(
  'on rack %s domains written in convox.yml are served without a lost request, and the file stays as it is',
  async (rackVersion) => {
    const shop = await startShopMigration({ scale: 120, rackVersion });
    const written = await writeManifest(shop, 'domain: www.shop.example.com,shop.example.com');
    const traffic = startShopTraffic(shop);
    const plan = await planMigration({ ports: shop.readOnly.ports, settings: shop.settings }, signal);
    expect(plan.findings.filter(({ code }) => code === 'domains-in-variable')).toEqual([
      expect.objectContaining({ severity: 'warning', where: 'service web' }),
      expect.objectContaining({ severity: 'warning', where: 'service api' }),
    ]);

    const { outcome } = await startMigration({ ...shop.request, settings: shop.settings }, signal);

    const report = await traffic.stop();
    expect(outcome).toBe('succeeded');
    expect(report.byCause).toEqual({});
    expect(report.sent).toBeGreaterThan(100);
    expect(await readFile(join(shop.settings.sourceFolder, 'convox.yml'), 'utf8')).toBe(written);
    const environment = await shop.connection.rack.environment.get('shop', signal);
    // In the order that is written: another order would be another certificate at the next deployment.
    expect(environment.get('DOMAINS_WEB')).toBe('www.shop.example.com,shop.example.com');
    await shop.close();
  },
  300_000,
);

test('a name that DNS leads here but convox.yml does not have is a blocker', async () => {
  const shop = await startShopMigration({ scale: 240 });
  await writeManifest(shop, 'domain: shop.example.com');

  const { findings } = await planMigration({ ports: shop.readOnly.ports, settings: shop.settings }, signal);

  expect(findings.filter(({ severity }) => severity === 'blocker')).toEqual([
    expect.objectContaining({
      code: 'domains-not-written',
      message: expect.stringContaining('www.shop.example.com') as string,
    }),
  ]);
  await shop.close();
}, 60_000);
