import { describe, expect, test } from 'vitest';
import { startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration, type ShopMigration } from '../support/shop-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';
import { undeletable } from './rollback-matrix/troubles.ts';

const signal = new AbortController().signal;
const SCALE = 240;
const LIMIT_MS = 180_000;

function undo({ request }: ShopMigration, direction: 'rollback' | 'abort') {
  return undoMigration({ ...request, filter: { app: 'shop' }, direction }, signal);
}

describe('taking back', () => {
  test(
    'ends when its time is over although AWS never answers, says what is left, and is finished by the same command',
    async () => {
      const shop = await startShopMigration({ scale: SCALE });
      const before = worldSnapshot(shop.sandbox);
      await startMigration({ ...shop.request, settings: shop.settings, until: 'cutover' }, signal);
      let release = (): void => undefined;
      const until = new Promise<void>((resolve) => (release = resolve));
      const answerAgain = shop.sandbox.world.faults.add(({ operation }) =>
        operation === 'ChangeResourceRecordSets' ? { type: 'hold', until } : undefined,
      );

      await expect(undo(shop, 'rollback')).rejects.toMatchObject({
        code: 'UNDO_FAILED',
        message: expect.stringMatching(
          /"Switch the records" failed: \[TIMED_OUT\] not taken back within 45 min/,
        ) as string,
        hint: expect.stringMatching(
          /Not yet taken back: switch-records, lower-ttl\..*Run the same command again/,
        ) as string,
        details: { step: 'switch-records', left: ['switch-records', 'lower-ttl'] },
      });

      answerAgain();
      release();
      expect(await undo(shop, 'rollback')).toMatchObject({ outcome: 'rolled-back' });
      expect(worldSnapshot(shop.sandbox).zones).toEqual(before.zones);
      await shop.close();
    },
    LIMIT_MS,
  );

  test(
    'by itself, when that fails too, is told with both failures, step by step, and can be repeated',
    async () => {
      const shop = await startShopMigration({ scale: SCALE });
      const before = worldSnapshot(shop.sandbox);
      let allow = (): void => undefined;
      const listener: typeof shop.request.listener = (event) => {
        shop.events.push(event);
        if (event.type !== 'step-started' || event.step !== 'confirm-traffic') return;
        allow = shop.sandbox.world.faults.add(({ operation }) =>
          ['GetMetricData', 'ChangeResourceRecordSets'].includes(operation) ? { type: 'deny' } : undefined,
        );
      };

      await expect(
        startMigration({ ...shop.request, listener, settings: shop.settings }, signal),
      ).rejects.toMatchObject({
        code: 'UNDO_FAILED',
        message: expect.stringMatching(
          /\[AWS_DENIED\] .*ChangeResourceRecordSets.*because of this: .*GetMetricData/,
        ) as string,
        cause: { code: 'AWS_DENIED', message: expect.stringContaining('GetMetricData') as string },
      });
      // Again, by hand this time: what made it necessary is known from the record.
      await expect(undo(shop, 'rollback')).rejects.toMatchObject({
        message: expect.stringMatching(/ChangeResourceRecordSets.*because of this: .*GetMetricData/) as string,
      });
      allow();
      const { outcome } = await undo(shop, 'rollback');

      expect(outcome).toBe('rolled-back');
      expect(worldSnapshot(shop.sandbox).zones).toEqual(before.zones);
      const told = shop.events.flatMap((event) =>
        /^undo-/.test(event.type) && 'step' in event ? [`${event.type} ${event.step}`] : [],
      );
      expect(told).toEqual([
        ...['undo-started switch-records', 'undo-failed switch-records'],
        ...['undo-started switch-records', 'undo-failed switch-records'],
        ...['undo-started switch-records', 'undo-finished switch-records'],
        ...['undo-started lower-ttl', 'undo-finished lower-ttl'],
      ]);
      await shop.close();
    },
    LIMIT_MS,
  );

  test(
    'an app that cannot be deleted fails with the resource that holds it, and deletes it once that is mended',
    async () => {
      const shop = await startShopMigration({ scale: SCALE });
      const before = worldSnapshot(shop.sandbox);
      await startMigration({ ...shop.request, settings: shop.settings, until: 'prepare' }, signal);
      const mend = undeletable('convox-shop-gen2').start(shop);

      await expect(undo(shop, 'abort')).rejects.toMatchObject({
        code: 'UNDO_FAILED',
        message: expect.stringContaining('[APP_DELETE_FAILED]') as string,
        details: { step: 'create-temporary-app' },
      });

      await mend();
      expect(await undo(shop, 'abort')).toMatchObject({ outcome: 'aborted' });
      expect(worldSnapshot(shop.sandbox)).toEqual(before);
      await shop.close();
    },
    LIMIT_MS,
  );

  test(
    'everything, once begun, is not narrowed to the records',
    async () => {
      const shop = await startShopMigration({ scale: SCALE });
      const before = worldSnapshot(shop.sandbox);
      await startMigration({ ...shop.request, settings: shop.settings, until: 'prepare' }, signal);
      const allow = shop.sandbox.world.faults.add(({ operation }) =>
        operation === 'DELETE /apps/shop-gen2' ? { type: 'error', status: 403 } : undefined,
      );
      await expect(undo(shop, 'abort')).rejects.toMatchObject({ code: 'UNDO_FAILED' });
      allow();

      expect(await undo(shop, 'rollback')).toMatchObject({ outcome: 'aborted' });

      expect(worldSnapshot(shop.sandbox)).toEqual(before);
      await shop.close();
    },
    LIMIT_MS,
  );
});
