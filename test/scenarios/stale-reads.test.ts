import { expect, test } from 'vitest';
import { startMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration } from '../support/shop-migration.ts';

const signal = new AbortController().signal;
const LAGGING = ['rack', 'cloudformation', 'elasticloadbalancing', 'acm'];
const LAG_MS = 8_000;

test.concurrent.each(['20171213132441', '20260421192651'])(
  'on rack %s every read may tell old news: the migration takes none of it for a failure',
  async (rackVersion) => {
    const shop = await startShopMigration({ scale: 120, rackVersion });
    const { faults, clock } = shop.sandbox.world;
    faults.keepPastAnswers();
    let cutOff = 0;
    faults.add(({ service, operation, mutates }) => {
      // After an unclear write the client looks at once: what it saw then is what a lagging copy tells later.
      if (/^POST \/apps\/[a-z0-9-]+\/(environment|releases)$/.test(operation) && cutOff++ % 2 === 0)
        return { type: 'reset', applied: false };
      if (mutates || !LAGGING.includes(service)) return undefined;
      return { type: 'stale', asOfMs: clock.now() - LAG_MS };
    });

    const { outcome } = await startMigration({ ...shop.request, settings: shop.settings }, signal);

    expect(outcome).toBe('succeeded');
    expect(cutOff).toBeGreaterThan(3);
    expect(shop.events.filter(({ type }) => type === 'step-failed')).toEqual([]);
    await shop.close();
  },
  180_000,
);
