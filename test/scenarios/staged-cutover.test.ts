import { expect, test } from 'vitest';
import type { MigrationEvent } from '../../src/orchestrator/events.ts';
import { startMigration } from '../../src/orchestrator/migrate.ts';
import { orderStage } from '../../src/orchestrator/order-stage.ts';
import { wwwWeights } from '../support/record-weights.ts';
import { startShopMigration } from '../support/shop-migration.ts';
import { startShopTraffic } from '../support/shop-traffic.ts';

const signal = new AbortController().signal;
const SCALE = 120;
/** Long enough in real time (10 s) that an order reaches a stage that has just begun, on a busy machine too. */
const BAKE_MS = 20 * 60_000;

test('a staged cutover is paused, sent back and sent on from elsewhere, and loses no request', async () => {
  const shop = await startShopMigration({ scale: SCALE, rackVersion: '20260421192651' });
  const traffic = startShopTraffic(shop);
  const filter = { app: 'shop' };
  const seen: (readonly (number | undefined)[])[] = [];
  const stages: string[] = [];
  const others: Promise<unknown>[] = [];
  const listener = (event: MigrationEvent): void => {
    if (event.type !== 'said' || event.step !== 'switch-records') return;
    stages.push(event.message);
    seen.push(wwwWeights(shop.sandbox));
    others.push(steer(stages.length));
  };
  const steer = async (stage: number): Promise<void> => {
    if (stage === 1) await orderStage(shop.engine, filter, 25);
    if (stage === 2) {
      await shop.engine.pause(filter, true);
      await shop.sandbox.world.clock.sleep(1.5 * BAKE_MS, signal);
      whilePaused = wwwWeights(shop.sandbox);
      await shop.engine.pause(filter, false);
    }
    if (stage === 3) await orderStage(shop.engine, filter, 5);
    if (stage === 4) await orderStage(shop.engine, filter, 100);
  };
  let whilePaused: readonly (number | undefined)[] = [];
  const settings = { ...shop.settings, stagePercents: [5, 25, 50, 100], bakeMs: BAKE_MS };

  const { outcome } = await startMigration({ ...shop.request, listener, settings, until: 'cutover' }, signal);

  const report = await traffic.stop();
  await Promise.all(others);
  expect(outcome).toBeUndefined();
  expect(stages.map((message) => /(\d+) % of the answers/.exec(message)?.[1])).toEqual(['5', '25', '50', '5']);
  expect(seen).toEqual([
    [5, 95],
    [25, 75],
    [50, 50],
    [5, 95],
  ]);
  expect(whilePaused).toEqual([25, 75]);
  expect(wwwWeights(shop.sandbox)).toEqual([undefined]);
  expect(report.byCause).toEqual({});
  await expect(orderStage(shop.engine, filter, 50)).rejects.toMatchObject({ code: 'EXECUTION_STATE' });
  await shop.close();
}, 300_000);

test('a stage that the execution does not have is refused', async () => {
  const shop = await startShopMigration({ scale: SCALE });
  const filter = { app: 'shop' };
  await expect(orderStage(shop.engine, filter, 50)).rejects.toMatchObject({ code: 'EXECUTION_NOT_FOUND' });
  const staged = await shop.engine.begin(
    { rack: 'convox', app: 'shop', settings: { ...shop.settings, stagePercents: [10, 50] } },
    signal,
  );
  await expect(orderStage(shop.engine, filter, 25)).rejects.toMatchObject({ code: 'USAGE' });
  await staged.finish('aborted');
  await staged.release();
  const atOnce = await shop.engine.begin({ rack: 'convox', app: 'shop', settings: { ...shop.settings } }, signal);
  await expect(orderStage(shop.engine, filter, 50)).rejects.toMatchObject({ code: 'EXECUTION_STATE' });
  await atOnce.release();
  await shop.close();
}, 60_000);
