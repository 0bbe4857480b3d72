import { expect, test } from 'vitest';
import { startMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;

test('a rack that was restarted before it had cleaned up after the old app: its rows stay, the migration ends', async () => {
  const shop = await startShopMigration({ scale: 200, rackVersion: '20260421192651' });
  const { rack, world } = shop.sandbox;
  const old = rack.store.buildsOf('shop').map(({ id }) => id);
  expect(old.length).toBeGreaterThan(0);
  world.faults.add(({ operation }) => {
    // Within the time a rack takes to clean up; by then the deletion was accepted.
    if (operation === 'DELETE /apps/shop') world.clock.after(5_000, () => rack.restart(20_000));
    return undefined;
  });

  const { outcome } = await startMigration({ ...shop.request, settings: shop.settings }, signal);

  expect(outcome).toBe('succeeded');
  expect(shop.events.filter(({ type }) => type === 'warning')).toContainEqual(
    expect.objectContaining({ step: 'create-final-app', message: expect.stringContaining('stay listed') as string }),
  );
  const [view] = await shop.engine.list({ app: 'shop' });
  const imported = view?.results.get('import-build/build') as { build: string };
  expect(old).not.toContain(imported.build);
  const app = await shop.connection.rack.apps.get('shop', signal);
  expect(rack.store.releases.get(app.release)?.build).toBe(imported.build);
  await shop.close();
}, 180_000);
