/** Tries to break the invariants of docs/architecture.md that no other test attacks; that list says which does. */
import { describe, expect, test } from 'vitest';
import { startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;
const LIMIT_MS = 120_000;

describe('an app is deleted only if', () => {
  test(
    'environments are equal: one changed at the last moment keeps the old app, and the way back stays open',
    async () => {
      const started: { shop?: ShopMigration } = {};
      const set = async (change: (env: Map<string, string>) => void): Promise<void> => {
        const environment = started.shop?.connection.rack.environment;
        const env = new Map(await environment?.get('shop', signal));
        change(env);
        await environment?.set('shop', env, signal);
      };
      const shop = await startShopMigration({
        scale: 240,
        approver: async (gate) => {
          if (gate === 'approve-commit') await set((env) => env.set('ADDED', 'meanwhile'));
          return { approved: true, by: 'test' };
        },
      });
      started.shop = shop;

      await expect(startMigration({ ...shop.request, settings: shop.settings }, signal)).rejects.toMatchObject({
        code: 'INVARIANT',
        message: expect.stringMatching(
          /nothing is deleted: the environments of shop and shop-.* differ in ADDED/,
        ) as string,
      });

      expect(await shop.connection.rack.apps.get('shop', signal)).toMatchObject({ generation: '1', status: 'running' });
      expect((await shop.connection.rack.resources.get('logs', signal)).linkedApps).toContain('shop');
      const { outcome } = await undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'abort' }, signal);
      expect(outcome).toBe('aborted');
      await shop.close();
    },
    LIMIT_MS,
  );
});
