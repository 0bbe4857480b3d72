/** An app that few people use: what goes wrong for them is seen too, though a minute holds less than a share means. */
import { expect, test } from 'vitest';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import { resumeMigration, startMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration } from '../support/shop-migration.ts';
import { startShopTraffic } from '../support/shop-traffic.ts';

const signal = new AbortController().signal;
const SCALE = 240;
const USERS_PER_MINUTE = 6;

test('a final app that fails for its few users is not taken as sound; once it is mended, resume counts anew', async () => {
  const shop = await startShopMigration({ scale: SCALE });
  const page = { host: 'shop.example.com', scheme: 'https', view: 'public', app: 'shop' } as const;
  const traffic = startShopTraffic(shop, {
    ratePerSecond: (USERS_PER_MINUTE / 60) * SCALE,
    targets: [
      { ...page, path: '/' },
      { ...page, path: '/cart' },
    ],
  });
  const waited: string[] = [];
  let mend: (() => void) | undefined;
  const listener = (event: MigrationEvent): void => {
    if (event.type === 'step-started' && event.step === 'confirm-final-traffic')
      mend ??= shop.sandbox.world.faults.programs.add({ app: 'shop' }, { statusByPath: { '/cart': 500 } });
    if (event.type === 'waiting' && event.step === 'confirm-final-traffic') waited.push(event.saw);
  };

  const migrating = startMigration({ ...shop.request, settings: shop.settings, listener }, signal);

  await expect(migrating).rejects.toMatchObject({
    code: 'TRAFFIC_OUT_OF_BOUNDS',
    hint: expect.stringMatching(/The old app is gone.*logs of shop.*gen2 resume shop/) as string,
  });
  expect(waited).toContainEqual(expect.stringMatching(/too few to judge their errors by/));
  mend?.();
  const resumed = await resumeMigration({ ...shop.request, filter: { app: 'shop' } }, signal);
  expect(resumed.outcome).toBe('succeeded');
  await traffic.stop();
  await shop.close();
}, 180_000);
