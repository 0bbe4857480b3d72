import { describe, expect, test } from 'vitest';
import { resumeMigration, startMigration, undoMigration } from '../../src/orchestrator/migrate.ts';
import { startShopMigration } from '../support/shop-migration.ts';
import { worldSnapshot } from '../support/world-snapshot.ts';

const signal = new AbortController().signal;
const SCALE = 240;

describe.each(['20171213132441', '20260421192651'])('on rack %s', (rackVersion) => {
  test('rollback after the cutover puts the records back byte for byte, and abort leaves nothing behind', async () => {
    const shop = await startShopMigration({ scale: SCALE, rackVersion });
    const before = worldSnapshot(shop.sandbox);
    await startMigration({ ...shop.request, settings: shop.settings, until: 'cutover' }, signal);
    expect(worldSnapshot(shop.sandbox).zones).not.toEqual(before.zones);

    const back = await undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'rollback' }, signal);

    expect(back.outcome).toBe('rolled-back');
    expect(before.zones['corp.example.com.']).toBeDefined();
    const { zones } = worldSnapshot(shop.sandbox);
    expect(JSON.stringify(zones['corp.example.com.'])).toBe(JSON.stringify(before.zones['corp.example.com.']));
    expect(withoutValidation(zones['example.com.'])).toEqual(withoutValidation(before.zones['example.com.']));

    const gone = await undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'abort' }, signal);

    expect(gone.outcome).toBe('aborted');
    expect(worldSnapshot(shop.sandbox)).toEqual(before);
    await shop.close();
  }, 120_000);

  test('abort after prepare leaves the old app as it was and nothing behind', async () => {
    const shop = await startShopMigration({ scale: SCALE, rackVersion });
    const before = worldSnapshot(shop.sandbox);
    const started = await startMigration({ ...shop.request, settings: shop.settings, until: 'prepare' }, signal);
    expect(started.outcome).toBeUndefined();

    await undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'abort' }, signal);

    expect(worldSnapshot(shop.sandbox)).toEqual(before);
    await expect(resumeMigration({ ...shop.request, filter: { app: 'shop' } }, signal)).rejects.toMatchObject({
      code: 'EXECUTION_FINISHED',
    });
    await shop.close();
  }, 120_000);
});

test('the rack is updated first when that is asked for, and the migration goes on with what the new version can do', async () => {
  const shop = await startShopMigration({ scale: SCALE });
  const settings = { ...shop.settings, updateRackTo: '20260421192651' };

  const { outcome } = await startMigration({ ...shop.request, settings, until: 'prepare' }, signal);

  expect(outcome).toBeUndefined();
  expect((await shop.connection.rack.system.get(signal)).version).toBe('20260421192651');
  const [view] = await shop.engine.list({ app: 'shop' });
  expect(view?.results.get('issue-certificates')).toMatchObject({ wasDone: false });
  expect(shop.events.filter(({ type }) => type === 'human-wait')).toEqual([]);
  await shop.close();
}, 120_000);

test('abort leaves alone what was there before the migration began', async () => {
  const shop = await startShopMigration({ scale: SCALE, rackParameters: { Internal: 'Yes' } });
  const before = worldSnapshot(shop.sandbox);
  expect(before.internal).toBe('Yes');
  await startMigration({ ...shop.request, settings: shop.settings, until: 'prepare' }, signal);

  await undoMigration({ ...shop.request, filter: { app: 'shop' }, direction: 'abort' }, signal);

  expect(worldSnapshot(shop.sandbox)).toEqual(before);
  await shop.close();
}, 120_000);

describe('a failure', () => {
  test('of the traffic after the cutover puts the records back by itself', async () => {
    const shop = await startShopMigration({ scale: SCALE });
    const before = worldSnapshot(shop.sandbox);
    const listener: typeof shop.request.listener = (event) => {
      if (event.type !== 'step-started' || event.step !== 'confirm-traffic') return;
      shop.sandbox.world.faults.add(({ operation }) => (operation === 'GetMetricData' ? { type: 'deny' } : undefined));
    };

    await expect(startMigration({ ...shop.request, listener, settings: shop.settings }, signal)).rejects.toMatchObject({
      code: 'ROLLED_BACK',
      message: expect.stringContaining('traffic is back on the old app') as string,
      hint: expect.stringContaining('gen2 abort shop') as string,
    });

    expect(worldSnapshot(shop.sandbox).zones).toEqual(before.zones);
    expect((await shop.engine.list({ app: 'shop' }))[0]).toMatchObject({ outcome: 'rolled-back' });
    await shop.close();
  }, 120_000);

  test('of a promote stops the execution where it is, says the first cause, and can be resumed', async () => {
    const shop = await startShopMigration({ scale: SCALE });
    let armed = true;
    const listener: typeof shop.request.listener = (event) => {
      if (event.type !== 'step-started' || event.step !== 'promote-temporary-app' || !armed) return;
      armed = false;
      shop.sandbox.world.cloudFormation.failNext('convox-shop-gen2', 'ServiceWebService', 'no container instances');
    };

    await expect(
      startMigration({ ...shop.request, listener, settings: shop.settings, until: 'prepare' }, signal),
    ).rejects.toMatchObject({
      code: 'PROMOTE_FAILED',
      message: expect.stringContaining('no container instances') as string,
    });

    const resumed = await resumeMigration({ ...shop.request, filter: { app: 'shop' }, until: 'prepare' }, signal);
    expect(resumed.outcome).toBeUndefined();
    expect((await shop.engine.list({ app: 'shop' }))[0]?.results.get('verify-temporary-app')).toBeDefined();
    await shop.close();
  }, 120_000);
});

/** The proof of a certificate's domains stays until the certificate goes. */
function withoutValidation(records: readonly { readonly name: string }[] | undefined) {
  return records?.filter(({ name }) => !name.startsWith('_'));
}
