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

/** The app has a variable of its own, and its owner's convox.yml takes the domain of `web` from it. */
async function takeDomainFrom(
  shop: ShopMigration,
  variable: string,
  value: string,
): Promise<ReadonlyMap<string, string>> {
  await writeManifest(shop, `domain: \${${variable}}`);
  const { environment } = shop.connection.rack;
  const env = new Map([...(await environment.get('shop', signal)), [variable, value]]);
  await environment.set('shop', env, signal);
  return env;
}

test.each(['20171213132441', '20260421192651'])(
  'on rack %s a variable that the app has already keeps its value in every release of the new apps',
  async (rackVersion) => {
    const shop = await startShopMigration({ scale: 120, rackVersion });
    const names = 'www.shop.example.com,shop.example.com';
    const before = await takeDomainFrom(shop, 'HOST', names);

    const { outcome } = await startMigration({ ...shop.request, settings: shop.settings }, signal);

    expect(outcome).toBe('succeeded');
    const { environment, releases } = shop.connection.rack;
    const after = new Map(await environment.get('shop', signal));
    expect([after.get('HOST'), after.get('DOMAINS_WEB')]).toEqual([names, names]);
    const made = await releases.list('shop', {}, signal);
    const hosts = made.map(async ({ id }) => (await releases.get('shop', id, signal)).env.get('HOST'));
    expect(new Set(await Promise.all(hosts))).toEqual(new Set([names]));
    for (const name of ['DOMAINS_WEB', 'DOMAINS_API']) after.delete(name);
    expect(after).toEqual(before);
    await shop.close();
  },
  300_000,
);

test.each([
  ['shop.example.com', 'www.shop.example.com leads to web in DNS'],
  ['https://shop.example.com/', 'shop.example.com, www.shop.example.com leads to web in DNS'],
])(
  'a variable of the app whose value does not name all that DNS leads here is a blocker: %s',
  async (value, says) => {
    const shop = await startShopMigration({ scale: 240 });
    await takeDomainFrom(shop, 'HOST', value);

    const { findings } = await planMigration({ ports: shop.readOnly.ports, settings: shop.settings }, signal);

    expect(findings.filter(({ severity }) => severity === 'blocker')).toEqual([
      expect.objectContaining({
        code: 'domains-not-written',
        message: expect.stringContaining(says) as string,
        hint: expect.stringContaining('HOST') as string,
      }),
    ]);
    expect(JSON.stringify(findings)).not.toContain('https://');
    await shop.close();
  },
  60_000,
);

test('a variable that another one cannot take the place of is a blocker', async () => {
  const shop = await startShopMigration({ scale: 240 });
  await takeDomainFrom(shop, 'HOST', 'shop.example.com,www.shop.example.com');
  const file = join(shop.settings.sourceFolder, 'convox.yml');
  const text = (await readFile(file, 'utf8')).replace('domain: ${HOST}', '<<: { domain: "${HOST}" }');
  await writeFile(file, text);

  const { findings } = await planMigration({ ports: shop.readOnly.ports, settings: shop.settings }, signal);

  expect(findings).toContainEqual(
    expect.objectContaining({
      ...{ code: 'domains-not-variable', severity: 'blocker', where: 'service web' },
      hint: expect.stringContaining('domain: ${DOMAINS_WEB}') as string,
    }),
  );
  await shop.close();
}, 60_000);

test('names that the variable of the conversion has already are kept, in their order', async () => {
  const shop = await startShopMigration({ scale: 240 });
  await takeDomainFrom(shop, 'DOMAINS_WEB', 'www.shop.example.com,shop.example.com,shop.example.net');

  const { findings, assessment } = await planMigration({ ports: shop.readOnly.ports, settings: shop.settings }, signal);

  expect(findings.filter(({ severity }) => severity === 'blocker')).toEqual([]);
  const web = assessment?.services.find(({ name }) => name === 'web');
  expect(web).toMatchObject({
    domainVariable: 'DOMAINS_WEB',
    domains: ['www.shop.example.com', 'shop.example.com', 'shop.example.net'],
  });
  await shop.close();
}, 60_000);
