import { expect, test } from 'vitest';
import { resumeMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;

test('an execution whose process died before it had looked at anything looks, and goes on', async () => {
  const shop = await startShopMigration({ scale: 800 });
  const { rackName } = shop.sandbox.world.settings;
  const begun = await shop.engine.begin({ rack: rackName, app: 'shop', settings: { ...shop.settings } }, signal);
  await begun.release();

  const result = await resumeMigration({ ...shop.request, filter: { app: 'shop' }, until: 'prepare' }, signal);

  expect(result).toEqual({ execution: begun.id, outcome: undefined });
  const [view] = await shop.engine.list({ app: 'shop' });
  expect(view?.results.get('assess')).toMatchObject({ app: 'shop', temporaryApp: 'shop-gen2' });
  expect(shop.events).toContainEqual(expect.objectContaining({ type: 'step-finished', step: 'verify-temporary-app' }));
  await shop.close();
}, 120_000);
