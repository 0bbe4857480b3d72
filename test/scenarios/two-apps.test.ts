/** What a plan says about two apps of one manifest that stand side by side. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planMigration } from '../../src/orchestrator/migrate.ts';
import type { Finding } from '../../src/orchestrator/plan.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;

async function findingsOf({ readOnly, settings }: ShopMigration): Promise<readonly Finding[]> {
  return (await planMigration({ ports: readOnly.ports, settings }, signal)).findings;
}

/** The converted manifest with more at its end, as its owner wrote it. */
async function writeManifest(shop: ShopMigration, more: string): Promise<void> {
  const { assessment } = await planMigration({ ports: shop.readOnly.ports, settings: shop.settings }, signal);
  await writeFile(join(shop.settings.sourceFolder, 'convox.yml'), `${assessment?.manifest.text ?? ''}${more}`);
}

test('a database that belongs to the app would be deleted with the temporary one: no migration; a cache is told of', async () => {
  const shop = await startShopMigration({ scale: 240, rackVersion: '20260421192651' });
  await writeManifest(shop, 'resources:\n  database:\n    type: postgres\n  cache:\n    type: redis\n');

  const findings = await findingsOf(shop);

  expect(findings.filter(({ code, severity }) => code === 'resource-in-manifest' || severity === 'blocker')).toEqual([
    expect.objectContaining({
      severity: 'blocker',
      where: expect.stringMatching(/^convox\.yml:\d+:3$/) as string,
      message: expect.stringMatching(/^database \(postgres\) belongs to the app .*deleted with it/) as string,
    }),
    expect.objectContaining({ severity: 'warning', message: expect.stringContaining('cache (redis)') as string }),
  ]);
  await shop.close();
});

test('timers and services that nobody asks run twice for a while', async () => {
  const shop = await startShopMigration({ scale: 240, rackVersion: '20260421192651' });
  await writeManifest(
    shop,
    'timers:\n  bill:\n    schedule: 0 3 * * ?\n    service: worker\n    command: bin/bill\n  clean:\n    schedule: 0 4 * * ?\n    service: worker\n    command: bin/clean\n',
  );

  const findings = await findingsOf(shop);

  expect(findings.filter(({ code }) => code.endsWith('-runs-twice'))).toEqual([
    expect.objectContaining({
      ...{ code: 'timer-runs-twice', severity: 'warning', where: 'timer bill, clean' },
      hint: expect.stringContaining('take a lock') as string,
    }),
    expect.objectContaining({ code: 'service-runs-twice', severity: 'warning', where: 'service worker' }),
  ]);
  expect(findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
  await shop.close();
});

test.each(['20171213132441', '20260421192651'])(
  'on rack %s values that were set and never promoted are told of, by name',
  async (rackVersion) => {
    const shop = await startShopMigration({ scale: 240, rackVersion });
    const { environment } = shop.connection.rack;
    const before = await findingsOf(shop);
    const env = new Map([...(await environment.get('shop', signal)), ['NEW_FLAG', 'of-no-concern-to-anybody']]);
    const { releaseId } = await environment.set('shop', env, signal);

    const findings = await findingsOf(shop);

    expect(before.map(({ code }) => code)).not.toContain('environment-not-promoted');
    expect(findings.filter(({ code }) => code === 'environment-not-promoted')).toEqual([
      expect.objectContaining({
        severity: 'warning',
        message: expect.stringContaining(`${releaseId}, has another NEW_FLAG,`) as string,
      }),
    ]);
    expect(JSON.stringify(findings)).not.toContain('of-no-concern');
    await shop.close();
  },
);
